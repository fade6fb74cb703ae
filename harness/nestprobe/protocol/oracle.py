"""The variables of an instance as the backend sees them, without asking Keras.

A variable is *seen* when it is created (``tf.variable_creator_scope``) and *used* when the forward pass
reads it. Two ways of noticing a read are united: the function of TensorFlow that Python code reads
through, and a gradient tape, which also hears of reads made in C (``tensor - variable``), but of trainable
variables only; so each variable calls itself trainable for as long as the tape listens.
"""

from contextlib import contextmanager


class Unobservable(RuntimeError):
    """TensorFlow's reads cannot be watched on this release: nothing may be concluded from it."""


def raw(variable):
    """The backend variable behind Keras's own: a KerasVariable, or an AutoCastVariable."""
    for attribute in ("_value", "_variable"):
        inner = getattr(variable, attribute, None)
        if inner is not None and hasattr(inner, "assign"):
            return inner
    return variable


class Watch(object):
    """The variables created while it is open, in order, with the phase that made them."""

    def __init__(self, tf):
        self._tf = tf
        self.variables = []
        self.phases = []
        self._keys = {}

    def index(self, variable):
        """Position of a variable (raw or Keras's own) in creation order; None if not seen."""
        return self._keys.get(id(raw(variable)))

    def _note(self, variable, phase):
        inner = raw(variable)
        if id(inner) not in self._keys:
            self._keys[id(inner)] = len(self.variables)
            self.variables.append(inner)  # kept alive, so that an id is never used twice
            self.phases.append(phase)

    @contextmanager
    def creation(self, phase):
        """Note each variable created in the body as made in ``phase``."""

        def creator(next_creator, **kwargs):
            variable = next_creator(**kwargs)
            self._note(variable, phase)
            return variable

        with self._tf.variable_creator_scope(creator):
            yield self

    @contextmanager
    def reads(self):
        """Yield a set that fills with the positions of the seen variables which the body reads."""
        found = set()

        def note(variable):
            position = self.index(variable)
            if position is not None:
                found.add(position)

        with _accesses(note), _audible(self.variables), self._tf.GradientTape() as tape:
            yield found
        for variable in tape.watched_variables():
            note(variable)


@contextmanager
def _audible(variables):
    silent = [variable for variable in variables if getattr(variable, "_trainable", True) is False]
    for variable in silent:
        variable._trainable = True  # noqa: SLF001 - there is no other way to hear it
    try:
        yield
    finally:
        for variable in silent:
            variable._trainable = False  # noqa: SLF001 - as above


@contextmanager
def _accesses(note):
    # Private by name only: the same function, with the same one argument, from TF 2.0 to 2.21.
    from tensorflow.python.ops import resource_variable_ops as module

    original = getattr(module, "variable_accessed", None)
    if original is None:
        raise Unobservable("this TensorFlow has no resource_variable_ops.variable_accessed")

    def accessed(variable):
        note(variable)
        return original(variable)

    module.variable_accessed = accessed
    try:
        yield
    finally:
        module.variable_accessed = original


def verify(tf):
    """Raise Unobservable unless a read of a non-trainable variable is noticed, and only that."""
    one = tf.constant([1.0])
    for read in (lambda variable: variable + one, lambda variable: one - variable):
        watch = Watch(tf)
        with watch.creation("check"):
            variable = tf.Variable([1.0], trainable=False)
            tf.Variable([1.0], trainable=True)
        with watch.reads() as found:
            read(variable)
        if found != {0} or len(watch.variables) != 2 or variable.trainable:  # noqa: PLR2004 - made above
            raise Unobservable("reads are not seen as they happen: %r" % sorted(found))
