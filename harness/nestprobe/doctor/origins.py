"""Where in the reader's own source something was made: a few frames of the stack, the innermost first."""

import linecache
import os
import sys
from dataclasses import dataclass

#: Frames kept: where it was made, and by whom that was called.
MOST = 3

_OTHERS = (
    "absl",
    "autograph",
    "h5py",
    "jax",
    "jaxlib",
    "keras",
    "keras_core",
    "nestprobe",
    "numpy",
    "tensorflow",
    "tensorflow_core",
    "tensorflow_estimator",
    "tf_keras",
    "torch",
    "wrapt",
)
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_INSTALLED = ("site-packages", "dist-packages")
_PROBE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@dataclass(frozen=True)
class Line:
    """One line of source: ``text`` is empty where the file is gone."""

    file: str
    line: int
    function: str
    text: str = ""

    def __str__(self):
        said = "%s:%d in %s" % (self.file, self.line, self.function)
        return "%s: %s" % (said, self.text) if self.text else said


def here(making=None):
    """The reader's own frames of the stack as it is, as Line objects; empty where there are none.

    Methods of ``making``, the object that is being made, are passed over: who made it is asked.
    """
    found, frame = [], sys._getframe(1)  # noqa: SLF001 - what inspect.currentframe() is made of
    while frame is not None and len(found) < MOST:
        code = frame.f_code
        if is_own(code.co_filename) and (making is None or frame.f_locals.get("self") is not making):
            found.append(line_at(code, frame.f_lineno, frame.f_globals))
        frame = frame.f_back
    return tuple(found)


def line_at(code, number, names=None):
    """The Line of a code object with that number."""
    text = linecache.getline(code.co_filename, number, names).strip()
    return Line(_short(code.co_filename), number, code.co_name, text)


def is_own(path):
    """Whether a file is the reader's: not of a backend, of Keras, the standard library or the probe."""
    if path.startswith(("<frozen", "<string>", "<__array_function__", _PROBE)):
        return False
    if "__autograph_generated_file" in path:
        return False
    parts = path.replace("\\", "/").split("/")
    for folder in _INSTALLED:
        if folder in parts:
            place = parts.index(folder) + 1
            return place < len(parts) and parts[place].split(".")[0] not in _OTHERS
    return not path.startswith(_LIBRARY)


def is_own_module(name):
    """Whether a module of that name is the reader's own."""
    top = (name or "").split(".")[0]
    return bool(top) and top not in _OTHERS and top not in _standard()


def _standard():
    names = getattr(sys, "stdlib_module_names", None)  # of Python 3.10
    return names if names is not None else _COMMON


#: What objects of a model are likely to be of, on a Python that has no list of its own.
_COMMON = frozenset(
    (
        "abc",
        "builtins",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "datetime",
        "enum",
        "functools",
        "inspect",
        "io",
        "itertools",
        "json",
        "logging",
        "math",
        "operator",
        "os",
        "pathlib",
        "random",
        "re",
        "string",
        "sys",
        "threading",
        "types",
        "typing",
        "warnings",
        "weakref",
    )
)


def _short(path):
    """The path from the folder that is worked in, where it lies below."""
    folder = os.getcwd() + os.sep
    return path[len(folder) :] if path.startswith(folder) else path
