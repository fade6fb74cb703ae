"""Composition: subclassed, functional and Sequential models within one another.

The parameters are those of the Dense layers, however they are wrapped.
"""

from nestprobe import Tensor, case, keras_issue

EIGHT = (5 * 5 + 5) + (5 * 3 + 3)


@case(parameters=EIGHT)
def functional_in_subclass(k):
    """Are the weights of a functional model inside a subclassed model counted and saved?

    A functional model of one Dense is an attribute of a subclassed Model, before a Dense of its own.
    """

    class Outer(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            inputs = k.keras.Input(shape=(5,))
            self.block = k.Model(inputs, k.layers.Dense(5)(inputs))
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.block(inputs))

    return Outer()


@case(parameters=EIGHT)
def subclass_in_functional(k):
    """Are the weights of a subclassed layer or model inside a functional model counted and saved?

    A subclassed Model of one Dense is called on a symbolic input, before a Dense.
    """

    class Block(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    inputs = k.keras.Input(shape=(5,))
    return k.Model(inputs, k.layers.Dense(3)(Block()(inputs)))


@case(parameters=EIGHT, variants={"inner": ("sequential", "functional", "subclass")})
def model_in_layer(k, inner):
    """A model kept as an attribute of a custom layer: is it built, counted and saved?

    A Sequential, functional or subclassed model is the attribute of a layer; a Dense follows.
    """

    class Block(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    def made():
        if inner == "sequential":
            return k.Sequential([k.layers.Dense(5)])
        if inner == "subclass":
            return Block()
        inputs = k.keras.Input(shape=(5,))
        return k.Model(inputs, k.layers.Dense(5)(inputs))

    class Holder(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.model = made()
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.model(inputs))

    return k.as_model(Holder())


@case(parameters=EIGHT)
def sequential_in_layer(k):
    """A Sequential made in build() of a custom layer has no weights after model.build().

    The layer makes a Sequential of two Dense layers in its own ``build`` and does not build it.
    """

    class Holder(k.Layer):
        def build(self, input_shape):
            self.stack = k.Sequential([k.layers.Dense(5), k.layers.Dense(3)])
            super().build(input_shape)

        def call(self, inputs):
            return self.stack(inputs)

    return k.as_model(Holder())


@case(parameters=EIGHT, variants={"depth": ("one", "two")})
def layer_in_model(k, depth):
    """A custom layer in a subclassed model: the plainest nesting there is.

    The layer holds a Dense, directly or by way of one more layer; the model adds a Dense.
    """

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    class Middle(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = Inner()

        def call(self, inputs):
            return self.inner(inputs)

    class Outer(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = Inner() if depth == "one" else Middle()
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.block(inputs))

    return Outer()


@case(parameters=EIGHT)
def functional_in_functional(k):
    """Nested functional models: are the inner model's weights in the outer summary and file?

    A functional model of one Dense is called as a layer of another.
    """
    inner_inputs = k.keras.Input(shape=(5,))
    inner = k.Model(inner_inputs, k.layers.Dense(5)(inner_inputs))
    inputs = k.keras.Input(shape=(5,))
    return k.Model(inputs, k.layers.Dense(3)(inner(inputs)))


@case(parameters=4 * 5, inputs=Tensor((2, 3), "int32", below=4), sources=[keras_issue(10485)])
def tied_embedding(k):
    """Tied embeddings: the output projection uses the embedding's own matrix; is it counted once?

    An Embedding of 4 words in 5 dimensions; the logits are the product with its transposed matrix.
    """

    class LanguageModel(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.embedding = k.layers.Embedding(4, 5)

        def call(self, inputs):
            return k.matmul(self.embedding(inputs), k.transpose(self.embedding.embeddings))

    return LanguageModel()
