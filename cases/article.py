"""Article: the examples of the text that nestbench answers, with the shapes they have there.

Source: "Why are the total parameters zero in a TensorFlow 2 Keras nested model subclass?" (2025-01-30).
"""

from nestprobe import case

ARTICLE = "why-are-the-total-parameters-zero-in-a (2025-01-30)"


@case(parameters=5 * 10, sources=[ARTICLE], needs=["tensorflow"])
def article_example_1(k):
    """model.summary() shows Total params: 0 for a layer that makes a tf.Variable in build().

    The inner layer holds a raw variable of 5 x 10, the outer layer holds the inner one.
    """

    class InnerLayer(k.Layer):
        def __init__(self, units):
            super(InnerLayer, self).__init__()
            self.units = units

        def build(self, input_shape):
            self.w = k.variable((input_shape[-1], self.units))
            super(InnerLayer, self).build(input_shape)

        def call(self, inputs):
            return k.matmul(inputs, self.w)

    class OuterLayer(k.Layer):
        def __init__(self, units):
            super(OuterLayer, self).__init__()
            self.inner = InnerLayer(units)

        def call(self, inputs):
            return self.inner(inputs)

    return k.Sequential([OuterLayer(10)])
