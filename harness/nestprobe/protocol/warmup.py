"""Builds and calls one model of the probe's own, so that the first build of a case is the case's.

TensorFlow and Keras load parts of themselves at the first build (autograph, op registries): up to two
hundred thousand Python calls that would be booked to whichever case comes first in its process.
"""

from nestprobe.protocol.messages import recorded


def run(kit):
    """Build and call a small nested model; its warnings are nobody's."""

    class Inner(kit.Layer):
        def build(self, shape):
            self.w = self.add_weight(name="w", shape=(3, 3), initializer="ones")
            super(Inner, self).build(shape)

        def call(self, inputs):
            return kit.matmul(inputs, self.w)

    class Outer(kit.Model):
        def __init__(self):
            super(Outer, self).__init__()
            self.inner = Inner()
            self.dense = kit.layers.Dense(3)

        def call(self, inputs):
            return self.dense(self.inner(inputs))

    with recorded([]):
        model = Outer()
        model.build((None, 3))
        model(kit.tf.ones((2, 3)))
