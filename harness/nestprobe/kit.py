"""What a case is handed: the backend and Keras of the stack it runs on, and a few neutral words."""

import sys

from nestprobe.vocabulary import NotApplicable


class Kit(object):
    """The first argument of every case.

    Attributes:
        keras: the stack's Keras (``tf.keras``, ``keras`` or ``tf_keras``). layers: its ``layers``.
        Layer, Model, Sequential: the classes to derive from or use. engine: the protocol's own.
    """

    def __init__(self, engine, keras):
        self.engine = engine
        self.keras = keras
        self.layers = keras.layers
        self.Layer = keras.layers.Layer
        self.Model = keras.Model
        self.Sequential = keras.Sequential

    @property
    def tf(self):
        """The ``tensorflow`` module; raises NotApplicable where Keras computes with another backend."""
        if self.engine.tf is None:
            raise NotApplicable("needs TensorFlow; Keras computes with %s on this stack" % self.engine.name)
        return self.engine.tf

    @property
    def _ops(self):
        return self.keras.ops if self.engine.tf is None else self.engine.tf

    def base(self, owner):
        """The class to derive from for ``owner`` in ``("layer", "model")``."""
        return {"layer": self.Layer, "model": self.Model}[owner]

    def as_model(self, outer):
        """``outer`` itself where it is a Model; a layer becomes the one layer of a Sequential."""
        return outer if isinstance(outer, self.Model) else self.Sequential([outer])

    def variable(self, shape, trainable=True, name=None, dtype="float32"):
        """A raw tf.Variable of ones, made without asking Keras (no ``add_weight``)."""
        return self.tf.Variable(self.tf.ones(shape, dtype=dtype), trainable=trainable, name=name)

    def ones(self, shape):
        """A literal float32 tensor of ones, e.g. to call a layer with before it is returned."""
        return self._ops.ones(shape)

    def matmul(self, left, right):
        """Matrix product of two tensors or variables."""
        return self._ops.matmul(left, right)

    def transpose(self, tensor):
        """Rows and columns of a tensor or variable of two axes exchanged."""
        return self._ops.transpose(tensor)

    def concat(self, tensors, axis):
        """The tensors end to end along an axis."""
        if self.engine.tf is None:
            return self.keras.ops.concatenate(tensors, axis=axis)
        return self.engine.tf.concat(tensors, axis)

    def sum(self, tensor):
        """The sum of all elements, a scalar tensor."""
        if self.engine.tf is None:
            return self.keras.ops.sum(tensor)
        return self.engine.tf.reduce_sum(tensor)

    def needs(self, owner, attribute, why=""):
        """``owner.attribute``; raises NotApplicable where this stack does not have it."""
        if not hasattr(owner, attribute):
            raise NotApplicable("no %s on this stack. %s" % (attribute, why))
        return getattr(owner, attribute)


def keras_version(keras):
    """The version of a Keras module; TF 2.13 to 2.15 say it only in the package behind ``tf.keras``."""
    version = getattr(keras, "__version__", None)
    if version is None:
        version = sys.modules[keras.layers.Layer.__module__.split(".")[0]].__version__
    return version
