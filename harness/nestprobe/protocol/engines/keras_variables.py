"""What JAX and torch have in common: Keras 3's own variable is watched where it is made and read."""

from contextlib import contextmanager

import keras
import numpy
from keras.src import backend

from nestprobe.protocol import engines


class KerasVariables(object):
    """Base of the engines whose raw variable is ``keras.Variable``."""

    tf = None
    preloaded = ()
    checkpoints = False  # tf.train.Checkpoint is TensorFlow's

    def __init__(self):
        if keras.backend.backend() != self.name:
            raise ImportError(
                "Keras computes with %s, not with %s: KERAS_BACKEND was changed"
                % (keras.backend.backend(), self.name)
            )

    def tensor(self, values):
        """A tensor of a NumPy array."""
        return keras.ops.convert_to_tensor(values)

    def call(self, model, data, **training):
        """``model(data)``, as users write it."""
        return model(data, **training)

    def array(self, tensor):
        """A NumPy array of a tensor or variable."""
        return numpy.asarray(keras.ops.convert_to_numpy(tensor))

    def flatten(self, structure):
        """The tensors of a nested structure as a flat list; mappings in order of their keys."""
        if isinstance(structure, dict):
            structure = [structure[key] for key in sorted(structure)]
        if isinstance(structure, (list, tuple)):
            return [part for item in structure for part in self.flatten(item)]
        return [structure]

    def zeros_like(self, structure):
        """The same structure, of zeros: what ``fit`` is given as targets."""
        if isinstance(structure, dict):
            return {key: self.zeros_like(item) for key, item in structure.items()}
        if isinstance(structure, (list, tuple)):
            return type(structure)(self.zeros_like(item) for item in structure)
        return numpy.zeros_like(self.array(structure))

    def raw(self, variable):
        """Keras's variable is the lowest there is."""
        return variable

    def creation(self, note):
        """Call ``note(variable)`` for each variable that the body creates."""
        return engines.initialised(_base(), note)

    @contextmanager
    def reads(self, variables, note):  # noqa: ARG002 - as the other engines have it
        """Call ``note(variable)`` for each variable whose value the body asks for."""
        changed = []
        for cls in backend.Variable.__mro__:
            held = cls.__dict__.get("value")
            if isinstance(held, property):
                changed.append((cls, held))
                cls.value = _noting(held, note)
        if not changed:
            raise engines.Unobservable("this Keras has no property Variable.value")
        try:
            yield
        finally:
            for cls, held in changed:
                cls.value = held

    def probes(self):
        """(make, read) pairs by which the oracle checks itself; each read is to be noticed."""
        one = self.tensor(numpy.ones(1, "float32"))
        for read in (lambda variable: variable + one, lambda variable: one - variable):
            yield lambda trainable: backend.Variable(numpy.ones(1, "float32"), trainable=trainable), read


def floating(variable):
    """Whether a variable holds floating-point numbers."""
    return "float" in str(variable.dtype)


def _noting(held, note):
    def value(variable):
        note(variable)
        return held.fget(variable)

    return property(value, held.fset, held.fdel, held.__doc__)


def _base():
    """The class that every variable of this Keras is initialised by."""
    return [cls for cls in backend.Variable.__mro__ if "__init__" in cls.__dict__ and cls is not object][-1]
