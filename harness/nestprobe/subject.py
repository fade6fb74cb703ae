"""A model of the user's own as data: which factory makes it, with which arguments, on which inputs.

The one format that ``doctor`` and ``audit`` are asked in, on the command line and in a file::

    {
        "model": {"factory": "package.module:name", "arguments": {"units": 3}, "path": ["src"]},
        "input": [{"shape": [2, 5], "dtype": "float32", "name": "left"}],
    }

As TOML that is a table ``[model]`` and an array of tables ``[[input]]``; whoever reads TOML hands the
parsed data to ``read``. ``factory`` may also be ``path/to/file.py:name``. Inputs without names are given
to the model as they are (one) or as a list (several), with names as a dict. Where there are none, the
factory returns ``(model, inputs)``: arrays, tensors, specs with a shape and a dtype, or a ``tf.data``
dataset, of which the first batch is taken.
"""

import ast
import difflib
import importlib
import importlib.util
import inspect
import json
import os
import sys
import traceback
from dataclasses import dataclass, field, replace
from typing import Any, Dict, Optional, Sequence, Tuple

_MODEL_KEYS = ("factory", "arguments", "path")
_INPUT_KEYS = ("shape", "dtype", "name", "below")


class SubjectError(Exception):
    """The request cannot be followed; ``what``, ``why`` and ``do`` are sentences, or empty.

    ``kind``: ``request`` (badly put), ``missing`` (no such module, file or name, or a package that it
    needs), ``arguments``, ``raised`` (by the factory or at import; ``__cause__`` is the exception),
    ``no-model`` or ``no-inputs``.
    """

    def __init__(self, kind, what, why="", do=""):
        super(SubjectError, self).__init__(what)
        self.kind, self.what, self.why, self.do = kind, what, why, do

    def __str__(self):
        lines = [self.what]
        if self.why:
            lines.append("  likely why: %s" % self.why)
        if self.do:
            lines.append("  what to do: %s" % self.do)
        return "\n".join(lines)


@dataclass(frozen=True)
class InputSpec:
    """One input: ``shape`` with the batch axis, None for ``batch.EXAMPLES``; ``dtype`` as NumPy has it.

    Whole numbers stay below ``below``.
    """

    shape: Tuple[Optional[int], ...]
    dtype: str = "float32"
    name: Optional[str] = None
    below: int = 2


@dataclass(frozen=True)
class Request:
    """What is asked for. ``path``: folders that are put before ``sys.path``."""

    factory: str
    arguments: Dict[str, Any] = field(default_factory=dict)
    inputs: Tuple[InputSpec, ...] = ()
    path: Tuple[str, ...] = ()


def read(data: Any) -> Request:
    """The Request of parsed data. Raises SubjectError of kind ``request``."""
    if not isinstance(data, dict):
        raise _badly("The request is a %s, not a table." % type(data).__name__)
    _known("the file", data, ("model", "input"))
    model = data.get("model")
    if not isinstance(model, dict) or not isinstance(model.get("factory"), str):
        raise _badly("The request names no factory.", 'Write [model] with factory = "package.module:name".')
    _known("[model]", model, _MODEL_KEYS)
    arguments = model.get("arguments", {})
    if not isinstance(arguments, dict):
        raise _badly("arguments of [model] is a %s, not a table." % type(arguments).__name__)
    folders = model.get("path", [])
    if isinstance(folders, str):
        folders = [folders]
    inputs = data.get("input", [])
    if isinstance(inputs, dict):
        inputs = [inputs]
    specs = tuple(_spec(number, one) for number, one in enumerate(inputs, 1))
    named = [spec.name for spec in specs if spec.name is not None]
    if named and (len(named) != len(specs) or len(set(named)) != len(named)):
        raise _badly("The inputs have names in part, or one name twice.", "Name each of them, or none.")
    return Request(model["factory"], dict(arguments), specs, tuple(str(one) for one in folders))


def to_data(request: Request) -> Dict[str, Any]:
    """The data that ``read`` makes the same request of, ready for JSON."""
    model = {"factory": request.factory}
    if request.arguments:
        model["arguments"] = dict(request.arguments)
    if request.path:
        model["path"] = list(request.path)
    inputs = []
    for spec in request.inputs:
        entry = {"shape": [-1 if size is None else size for size in spec.shape], "dtype": spec.dtype}
        if spec.name is not None:
            entry["name"] = spec.name
        if spec.below != InputSpec.below:
            entry["below"] = spec.below
        inputs.append(entry)
    return {"model": model, "input": inputs}


def parse_shape(text: str) -> InputSpec:
    """The InputSpec of ``2,5``, ``2,5:int32`` or ``left=2,5:float32``; ``?`` leaves a size open.

    Raises SubjectError of kind ``request``.
    """
    rest, name = text, None
    if "=" in rest:
        name, rest = rest.split("=", 1)
    rest, _, dtype = rest.partition(":")
    try:
        shape = [None if part.strip() in ("?", "None") else int(part) for part in rest.split(",") if part]
        return _spec(
            1, {"shape": [-1 if one is None else one for one in shape], "dtype": dtype or "float32"}, name
        )
    except ValueError:
        raise _badly(
            "%r is no shape of an input." % text, "Write it as 2,5 or 2,5:int32 or left=2,5:float32."
        ) from None


def is_code(what: str) -> str:
    """The sentence that whatever runs a person's own code says first, in every command."""
    return "%s is code and runs with your rights: run it only if you trust who wrote it." % what


def with_shapes(request: Request, texts: Sequence[str]) -> Request:
    """The request with the inputs that ``parse_shape`` reads of ``texts``. Raises SubjectError."""
    made = replace(request, inputs=tuple(parse_shape(one) for one in texts))
    return read(to_data(made))  # names in part, or one name twice, are refused there


def parse_argument(text: str) -> Tuple[str, Any]:
    """(name, value) of ``units=3``. Raises SubjectError.

    A value is a literal of Python or of JSON (``false``); what is neither is a text.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise _badly("%r is no argument of a function." % text, "Write NAME=VALUE.")
    for literal in (ast.literal_eval, json.loads):
        try:
            return name, literal(value)
        except (ValueError, SyntaxError):
            continue
    return name, value


def find(name, path=()):
    """The object that ``module:name`` or ``file.py:name`` names. Raises SubjectError."""
    where, colon, attribute = name.rpartition(":")
    if not colon or not where or not attribute:
        raise _badly("%r names no factory." % name, "Write package.module:name, or path/to/file.py:name.")
    for folder in reversed(tuple(path)):
        if os.path.abspath(folder) not in sys.path:
            sys.path.insert(0, os.path.abspath(folder))
    module = _from_file(where) if where.endswith(".py") or os.sep in where else _imported(where)
    found = module
    for part in attribute.split("."):
        known = [one for one in dir(found) if not one.startswith("_")]
        if not hasattr(found, part):
            near = difflib.get_close_matches(part, known, n=3)
            raise SubjectError(
                "missing",
                "There is no %s in %s." % (attribute, where),
                do="Did you mean %s?" % " or ".join(near) if near else "It has: %s." % ", ".join(known[:10]),
            )
        found = getattr(found, part)
    return found


def make(factory, arguments, model_class, name="the factory"):
    """(model, inputs or None) of one call of ``factory``. Raises SubjectError.

    ``model_class``: the Model class of the Keras in use, or a tuple of such classes.
    """
    if isinstance(factory, model_class):
        raise SubjectError(
            "no-model",
            "%s is a model, not a function that makes one." % name,
            do="Write a function of no arguments that makes the model and returns it.",
        )
    if not callable(factory):
        raise SubjectError("no-model", "%s is a %s and cannot be called." % (name, type(factory).__name__))
    _check_arguments(factory, arguments, name)
    try:
        made = factory(**arguments)
    except ImportError as error:
        raise _lacking(name, error) from error
    except (Exception, SystemExit) as error:
        raise SubjectError(
            "raised",
            "%s raised %s: %s" % (name, type(error).__name__, _first_line(error)),
            why=_where(error),
            do="Call it by itself with the same Python and mend that first.",
        ) from error
    model, inputs = made if isinstance(made, tuple) and len(made) == 2 else (made, None)  # noqa: PLR2004 - a pair
    if not isinstance(model, model_class):
        raise SubjectError(
            "no-model",
            "%s returned a %s, not a Keras model." % (name, type(model).__name__),
            why=_why_no_model(model),
            do="Return the model, or (model, inputs); wrap a layer as keras.Sequential([layer]).",
        )
    return model, inputs


def _spec(number, one, name=None):
    if not isinstance(one, dict):
        raise _badly("Input %d is a %s, not a table." % (number, type(one).__name__))
    _known("[[input]] %d" % number, one, _INPUT_KEYS)
    shape = one.get("shape")
    whole = isinstance(shape, (list, tuple)) and all(
        isinstance(size, int) and not isinstance(size, bool) and (size > 0 or size == -1) for size in shape
    )
    if not shape or not whole:
        raise _badly("The shape of input %d is %r." % (number, shape), "Write whole numbers: shape = [2, 5].")
    sizes = tuple(None if size == -1 else size for size in shape)
    return InputSpec(
        sizes, str(one.get("dtype", "float32")), one.get("name", name), int(one.get("below", InputSpec.below))
    )


def _known(where, table, keys):
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise _badly("%s has %s." % (where, ", ".join(unknown)), "Known there: %s." % ", ".join(keys))


def _badly(what, do=""):
    return SubjectError("request", what, do=do)


def _from_file(where):
    path = os.path.abspath(where)
    if not os.path.isfile(path):
        raise SubjectError("missing", "There is no file %s." % where, do="Correct the path.")
    folder, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
    if folder not in sys.path:
        sys.path.insert(0, folder)  # as `python file.py` has it
    spec = importlib.util.spec_from_file_location(stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(stem, module)
    return _run(lambda: spec.loader.exec_module(module) or module, where)


def _imported(where):
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return _run(lambda: importlib.import_module(where), where)


def _run(load, where):
    try:
        return load()
    except ImportError as error:
        missing = getattr(error, "name", None) or ""
        if isinstance(error, ModuleNotFoundError) and (where + ".").startswith(missing + "."):
            raise SubjectError(
                "missing",
                "There is no module %s." % where,
                why="the folder that holds it is not on the path",
                do="Call from that folder, name it with --path DIR, or write the file: path/to/file.py:name.",
            ) from error
        raise _lacking(where, error) from error
    except (Exception, SystemExit) as error:
        raise SubjectError(
            "raised",
            "%s raised %s when it was imported: %s" % (where, type(error).__name__, _first_line(error)),
            why=_where(error),
            do="Import it by itself with the same Python and mend that first.",
        ) from error


def _lacking(name, error):
    return SubjectError(
        "missing",
        "%s needs what is not installed here: %s" % (name, _first_line(error)),
        do="Install it beside Keras with %s -m pip install, or name it with -r where an environment is made."
        % os.path.basename(sys.executable),
    )


def _check_arguments(factory, arguments, name):
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(**arguments)
    except TypeError as error:
        given = ", ".join("%s=%r" % pair for pair in sorted(arguments.items())) or "no arguments"
        raise SubjectError(
            "arguments",
            "%s%s cannot be called with %s: %s." % (name, signature, given, error),
            do="Give what it takes with --argument NAME=VALUE, or in the file: arguments = { name = value }.",
        ) from error


def _why_no_model(made):
    module = type(made).__module__.split(".")[0]
    names = {base.__name__ for base in type(made).__mro__}
    if made is None:
        return "the function has no return statement"
    if module in ("keras", "tf_keras", "tensorflow") or names & {"Model", "Layer"}:
        return "it is of another Keras, or a layer; the Keras that is used is chosen by NESTPROBE_KERAS"
    return ""


def _first_line(error):
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[0] if lines else "(no text)"


def _where(error):
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if "site-packages" not in one.filename and "nestprobe" not in one.filename]
    return "raised from %s, line %d" % (own[-1].filename, own[-1].lineno) if own else ""
