"""The protocol's Watch, which also takes in variables that were there before, and notes lines of source."""

import functools
import gc
import sys
from contextlib import ExitStack, contextmanager

from nestprobe.doctor import parameters
from nestprobe.doctor.origins import here, is_own
from nestprobe.protocol.oracle import Watch

BEFORE = "before"


class Sightings(Watch):
    """Variables seen, and for each, and for each layer, the lines of source by which it was made.

    ``read_while_made``: ids of the variables that were read while the model was constructed.
    ``set_trainable``: id of a layer -> what the reader's own code last set its ``trainable`` to.
    """

    def __init__(self, engine, layer_classes):
        super(Sightings, self).__init__(engine)
        self._classes = layer_classes
        self.lines = {}  # position of a variable -> Line objects
        self.layer_lines = {}  # id of a layer -> Line objects
        self.read_while_made = set()
        self.set_trainable = {}
        self._asked_for = []  # (Keras 3's own variable, Line objects)
        self._kept = []  # layers stay alive, so that an id is never used twice

    def admit(self, variables, phase=BEFORE):
        """Take in variables that were not seen as they were made."""
        for variable in variables:
            inner = self._engine.raw(variable)
            if id(inner) not in self._keys:
                self._keys[id(inner)] = len(self.variables)
                self.variables.append(inner)
                self.phases.append(phase)

    @contextmanager
    def creation(self, phase):
        """As the Watch has it; lines of source are noted too, and which layers are made and frozen."""

        def made(variable):
            position = self.index(variable)
            if position is not None:
                self.lines.setdefault(position, here())

        with ExitStack() as stack:
            stack.enter_context(_noted_layers(self._classes, self._layer_made))
            stack.enter_context(_noted_flags(self._classes, self._flag_set))
            stack.enter_context(_noted_keras_variables(self._keras_variable_made))
            stack.enter_context(super(Sightings, self).creation(phase))
            stack.enter_context(self._engine.creation(made))  # who is entered later hears later
            yield self
        for variable, lines in self._asked_for:
            position = self.index(variable)
            if position is not None:
                self.lines[position] = lines

    @contextmanager
    def reads(self):
        """As the Watch has it, and also what a torch module reads of its own parameters."""
        with super(Sightings, self).reads() as found, parameters.reads(
            self._engine, self.variables, found.add
        ):
            yield found

    @contextmanager
    def construction(self):
        """``creation("constructed")``, in which reads are noted as well."""

        def read(variable):
            self.read_while_made.add(id(self._engine.raw(variable)))

        with self.creation("constructed"), _plain_reads(self._engine, read):
            yield self

    def admit_what_is_read(self, call, phase=BEFORE):
        """Take in what ``call()`` reads, of all the variables that this process has."""
        alive = _alive(self._engine)
        met = []
        with self._engine.reads(alive, met.append):
            call()
        self.admit(met, phase)

    def _keras_variable_made(self, variable):
        """Keras 3 may make the backend's variable later, far from the line that asked for it."""
        self._asked_for.append((variable, here()))

    def _layer_made(self, layer):
        if id(layer) not in self.layer_lines:
            self.layer_lines[id(layer)] = here(making=layer)
            self._kept.append(layer)

    def _flag_set(self, layer, value):
        self.set_trainable[id(layer)] = bool(value)
        self._kept.append(layer)


def _alive(engine):
    """Every variable of the backend that the garbage collector knows."""
    if engine.tf is not None:
        from tensorflow.python.ops import resource_variable_ops

        base = resource_variable_ops.BaseResourceVariable
    else:
        from keras.src import backend

        base = backend.Variable
    return [one for one in gc.get_objects() if _is(one, base)]


def _is(one, base):
    try:
        return isinstance(one, base)
    except Exception:  # a proxy whose object is gone
        return False


@contextmanager
def _noted_layers(classes, note):
    """Call ``note(layer)`` as a layer begins to be made; its class keeps its signature."""
    changed = []
    for cls in classes:
        name = "__new__" if "__new__" in cls.__dict__ else "__init__"
        held = cls.__dict__[name]
        function = held.__func__ if isinstance(held, staticmethod) else held
        changed.append((cls, name, held))
        noted = _noting(function, note, makes=name == "__new__")
        setattr(cls, name, staticmethod(noted) if name == "__new__" else noted)
    try:
        yield
    finally:
        for cls, name, held in changed:
            setattr(cls, name, held)


def _noting(function, note, makes):
    @functools.wraps(function)
    def noted(first, *args, **kwargs):
        result = function(first, *args, **kwargs)
        note(result if makes else first)
        return result

    return noted


@contextmanager
def _noted_keras_variables(note):
    """Call ``note(variable)`` for each variable of Keras 3 that is made, where there is a Keras 3."""
    backend = sys.modules.get("keras.src.backend")
    variable_class = getattr(backend, "Variable", None)
    bases = [cls for cls in getattr(variable_class, "__mro__", ()) if "__init__" in cls.__dict__]
    if len(bases) < 2:  # noqa: PLR2004 - object is always one of them
        yield
        return
    base = bases[-2]
    original = base.__init__
    base.__init__ = _noting(original, note, makes=False)
    try:
        yield
    finally:
        base.__init__ = original


@contextmanager
def _noted_flags(classes, note):
    """Call ``note(layer, value)`` where the reader's own code sets ``layer.trainable``."""
    changed = []
    for cls in classes:
        held = cls.__dict__.get("trainable")
        if isinstance(held, property) and held.fset is not None:
            changed.append((cls, held))

            def setter(layer, value, held=held):
                if _set_by_reader(sys._getframe(1)):  # noqa: SLF001 - as in origins
                    note(layer, value)
                held.fset(layer, value)

            cls.trainable = property(held.fget, setter, held.fdel, held.__doc__)
    try:
        yield
    finally:
        for cls, held in changed:
            cls.trainable = held


def _set_by_reader(frame):
    """Whether the assignment stands in the reader's code: Keras's own __setattr__ may be between."""
    while frame is not None and frame.f_code.co_name == "__setattr__":
        frame = frame.f_back
    return frame is not None and is_own(frame.f_code.co_filename)


@contextmanager
def _plain_reads(engine, note):
    """Reads without a gradient tape, which would keep what a factory computes."""
    if engine.tf is None:
        with engine.reads([], note):
            yield
        return
    from tensorflow.python.ops import resource_variable_ops as module

    original = module.variable_accessed

    def accessed(variable):
        note(variable)
        return original(variable)

    module.variable_accessed = accessed
    try:
        yield
    finally:
        module.variable_accessed = original
