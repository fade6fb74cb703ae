"""Article: the examples of the text that nestbench answers, with the shapes they have there.

Source: "Why are the total parameters zero in a TensorFlow 2 Keras nested model subclass?",
2025-01-30.
"""

from nestprobe import case

ARTICLE = (
    "https://github.com/Alejogb1/job-board/blob/79975aa2db0354ab7266c0d3063adbd87b21f484/"
    "gpu-blog-data/why-are-the-total-parameters-zero-in-a.md"
)


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


@case(parameters=5 * 10, sources=[ARTICLE])
def article_example_2(k):
    """Does add_weight in a nested layer's build() count in model.summary()?

    The nesting of example 1 with the inner weight of 5 x 10 made by add_weight.
    """

    class InnerLayer(k.Layer):
        def __init__(self, units):
            super(InnerLayer, self).__init__()
            self.units = units

        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones", trainable=True)
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


@case(parameters=5 * 5, sources=[ARTICLE])
def article_example_3(k):
    """A derived layer's build() without super().build(): are its parameters reported wrongly?

    The base layer's build(), which would make 5 x 10, never runs; the derived one makes 5 x 5 and
    uses it.
    """

    class BaseLayer(k.Layer):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1], 10), initializer="ones", trainable=True)
            super(BaseLayer, self).build(input_shape)

        def call(self, inputs):
            return k.matmul(inputs, self.w)

    class DerivedLayer(BaseLayer):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1], 5), initializer="ones", trainable=True)

        def call(self, inputs):
            return k.matmul(inputs, self.w)

    return k.Sequential([DerivedLayer()])


@case(parameters=5 * 5, sources=[ARTICLE])
def article_example_3_with_super(k):
    """A derived layer's build() calls super().build() and overwrites the base layer's weight.

    Example 3 with the call that the article misses, where the article misses it: the base layer
    makes ``self.w`` of 5 x 10, then the derived one sets ``self.w`` to 5 x 5. Only the second is
    used.
    """

    class BaseLayer(k.Layer):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1], 10), initializer="ones", trainable=True)
            super(BaseLayer, self).build(input_shape)

        def call(self, inputs):
            return k.matmul(inputs, self.w)

    class DerivedLayer(BaseLayer):
        def build(self, input_shape):
            super(DerivedLayer, self).build(input_shape)
            self.w = self.add_weight(shape=(input_shape[-1], 5), initializer="ones", trainable=True)

        def call(self, inputs):
            return k.matmul(inputs, self.w)

    return k.Sequential([DerivedLayer()])
