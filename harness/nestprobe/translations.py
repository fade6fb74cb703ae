"""Autograph's translations of Keras itself, made once before the first fork.

TensorFlow before 2.17 does not know that tf_keras is Keras: it translates a hundred of its functions at
the first ``fit()`` of a process, which takes 11 s, and would do so again in each child. A scout finds out
which they are; this process, which must not run an op, then has the same functions translated, and every
child starts with autograph's own cache filled. What a child computes is the same, only sooner. What
cannot be found again by its name is left to the children.

The cache goes by code object. That of a function made within another is a constant of the other's, so it
is translated from there, with cells that hold None: a translation does not call what is in them.
"""

import importlib
import inspect
import json
import os
import signal
import sys
import traceback
import types

_LOCAL = "<locals>"

_SCOUT_SECONDS = 120


def prepare(kit, scratch):
    """Fill the cache where this Keras is translated at all; returns how many functions it was filled with.

    ``scratch``: an existing folder. Never raises: without it the children are slow, not wrong.
    """
    try:
        if kit.engine.tf is None or not _translated(kit):
            return 0
        return sum(_translate(entry) for entry in _scouted(kit, scratch))
    except Exception:
        traceback.print_exc()  # on stderr, which is the log
        return 0


def _translated(kit):
    """Whether autograph would translate this Keras's own functions."""
    if kit.Layer.__module__.split(".")[0] != "tf_keras":
        return False
    from tensorflow.python.autograph.impl import conversion

    return not conversion.is_allowlisted(kit.Layer.__call__)


def _scouted(kit, scratch):
    """What a child's ``fit()`` had translated, as JSON-ready entries in that order."""
    path = os.path.join(scratch, "translations.json")
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(_SCOUT_SECONDS)
            _scout(kit, path)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.waitpid(pid, 0)
    if not os.path.exists(path):
        return []
    with open(path) as stream:
        return json.load(stream)


def _scout(kit, path):
    import numpy
    from tensorflow.python.autograph.impl import api

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    found = []
    original = api._TRANSPILER.transform_function  # noqa: SLF001 - nothing public tells

    def noting(function, context):
        entry = _entry(function, context.options)
        if entry not in found:
            found.append(entry)
        return original(function, context)

    api._TRANSPILER.transform_function = noting  # noqa: SLF001 - as above

    for shape, model in _models(kit):
        data = numpy.ones((2,) + shape, "float32")
        model.build((None,) + shape)  # in a graph, where layers within layers are translated too
        model.compile(optimizer=kit.keras.optimizers.SGD(0.5), loss="mse")
        model.fit(data, numpy.zeros_like(model(data)), verbose=0)
    with open(path + ".part", "w") as stream:
        json.dump([entry for entry in found if _is_installed(entry)], stream)
    os.replace(path + ".part", path)


def _models(kit):
    """(shape without batch, model) that between them come to what most cases come to."""
    layers = kit.layers

    def call(self, inputs):
        return self.inner(inputs)

    def attend(self, inputs):
        return self.inner(inputs, inputs)

    def holder(base, inner, call=call):
        made = type("Holder", (base,), {"call": call})()
        made.inner = inner
        return made

    def within(layer, call=call):
        return kit.Sequential([holder(kit.Layer, layer, call)])

    yield (3,), holder(kit.Model, layers.Dense(2))
    yield (3,), kit.Sequential([layers.Dense(2, kernel_regularizer="l2"), layers.Dropout(0.5)])
    yield (3,), within(kit.Sequential([layers.Dense(2)]))  # becomes a graph network within a graph
    for layer in (layers.Dense(2), layers.BatchNormalization(), layers.Embedding(4, 2)):
        yield (3,), within(layer)
    yield (4, 3), within(layers.MultiHeadAttention(2, 2), attend)
    for layer in (
        layers.LSTM(2),
        layers.RNN([layers.SimpleRNNCell(2), layers.GRUCell(2)]),
        layers.Bidirectional(layers.SimpleRNN(2)),
        layers.TimeDistributed(layers.Dense(2)),
        layers.Conv1D(2, 1),
    ):
        yield (4, 3), within(layer)


def _entry(function, options):
    code = function.__code__
    recursive, user_requested, internal, features = options.as_tuple()
    return {
        "module": function.__module__,
        "name": function.__qualname__,
        "file": code.co_filename,
        "line": code.co_firstlineno,
        "options": [recursive, user_requested, internal, sorted(one.name for one in features)],
    }


def _is_installed(entry):
    """Whether children find the function too: Keras's or the standard library's, not a scout's own."""
    return entry["module"].split(".")[0] != __name__.split(".")[0]


def _translate(entry):
    """Have one function translated; False where it cannot be found by its name."""
    from tensorflow.python.autograph.core import converter
    from tensorflow.python.autograph.impl import api

    function = _find(entry)
    if function is None:
        return False
    recursive, user_requested, internal, names = entry["options"]
    options = converter.ConversionOptions(
        recursive=recursive,
        user_requested=user_requested,
        internal_convert_user_code=internal,
        optional_features=tuple(converter.Feature[name] for name in names),
    )
    api._TRANSPILER.transform_function(function, converter.ProgramContext(options=options))  # noqa: SLF001
    return True


def _find(entry):
    """The function of an entry, below any decorators; None where another, or none, stands there."""
    at = (entry["file"], entry["line"])
    if _LOCAL in entry["name"]:
        return _made_within(at)
    found = importlib.import_module(entry["module"])
    for part in entry["name"].split("."):
        found = inspect.getattr_static(found, part, None)
    return next((function for function in _below(found) if _place(function.__code__) == at), None)


def _made_within(at):
    """The function that a function or method of a module makes ``at`` a place; None where none does."""
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) != at[0]:
            continue
        owners = [module] + [one for one in vars(module).values() if isinstance(one, type)]
        for member in [one for owner in owners for one in list(vars(owner).values())]:
            for function in _below(member):
                for code in _within(function.__code__):
                    if _place(code) == at:
                        cells = tuple(_cell() for _ in code.co_freevars)
                        return types.FunctionType(code, function.__globals__, closure=cells)
    return None


def _below(decorated):
    """The functions of Python in ``decorated``: itself, and those that decorators keep."""
    open_, seen = [decorated], []
    while open_:
        one = getattr(open_[0], "__func__", None) or getattr(open_[0], "fget", None) or open_[0]
        del open_[0]
        if getattr(one, "__code__", None) is None or any(one is other for other in seen):
            continue
        yield one
        seen.append(one)
        open_.extend(cell.cell_contents for cell in one.__closure__ or () if _filled(cell))
        open_.append(getattr(one, "__wrapped__", None))


def _within(code):
    """The code objects made within ``code``, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            for inner in _within(constant):
                yield inner


def _cell(held=None):
    return (lambda: held).__closure__[0]  # types.CellType is of Python 3.8


def _place(code):
    return code.co_filename, code.co_firstlineno


def _filled(cell):
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True
