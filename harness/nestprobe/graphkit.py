"""The kit of a Keras that has no eager call: the same words, in a graph where they have to be."""

import numpy

from nestprobe.kit import Kit


class GraphKit(Kit):
    """For the engine ``symbolic``; its other words work as they are."""

    def variable(self, shape, trainable=True, name=None, dtype="float32"):
        """A raw tf.Variable of ones. Its initial value is an array: a tensor of Keras's graph cannot be."""
        return self.tf.Variable(numpy.ones(shape, dtype), trainable=trainable, name=name)

    def ones(self, shape):
        """Ones that a layer can be called with: in Keras's graph, where it is called."""
        return self.engine.ones(shape)
