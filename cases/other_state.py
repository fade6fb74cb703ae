"""Other state: metrics, seeds, low-rank adapters, statistics and embeddings inside a layer."""

import numpy

from nestprobe import Tensor, case

DENSE = 5 * 5 + 5


@case(parameters=DENSE)
def metric_on_layer(k):
    """Does a metric kept as an attribute of a layer count as its parameters?

    A layer holds a Dense and a Mean that nothing updates.
    """

    class Holder(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)
            self.mean = k.keras.metrics.Mean(name="seen")

        def call(self, inputs):
            return self.dense(inputs)

    return k.as_model(Holder())


@case(parameters=DENSE)
def metric_on_model(k):
    """Does a metric kept as an attribute of a model count as its parameters?

    A model holds a Dense and a Mean that nothing updates.
    """

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)
            self.mean = k.keras.metrics.Mean(name="seen")

        def call(self, inputs):
            return self.dense(inputs)

    return Top()


@case(parameters=DENSE, variants={"owner": ("layer", "model")})
def dropout_seed_state(k, owner):
    """A nested Dropout adds non-trainable params: its seed state.

    A Dense and a Dropout in one layer; the state of Keras 3's seed generator is an integer variable.
    """

    class Block(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)
            self.dropout = k.layers.Dropout(0.5, seed=7)

        def call(self, inputs, training=None):
            return self.dropout(self.dense(inputs), training=training)

    return k.as_model(Block())


@case(
    parameters=DENSE + 2 * (5 * 2),
    trainable=5 + 2 * (5 * 2),
    sources=["https://keras.io/api/layers/core_layers/dense/"],
)
def lora_enabled(k):
    """enable_lora() on a nested Dense: which weights are counted, trained and saved?

    The Dense of a nested layer gets an adapter of rank 2, which freezes its kernel.
    """
    k.needs(k.layers.Dense, "enable_lora", "It came with Keras 3.")

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def build(self, input_shape):
            self.dense.build(input_shape)
            self.dense.enable_lora(2)
            self.built = True

        def call(self, inputs):
            return self.dense(inputs)

    return k.as_model(Block())


@case(parameters=5, sources=["https://keras.io/api/layers/preprocessing_layers/numerical/normalization/"])
def normalization_adapted(k):
    """Normalization.adapt() inside a model: is the mean saved, and counted as parameters?

    A Normalization is adapted to two rows; a layer of one weight a feature follows.
    """
    normalization = k.needs(k.layers, "Normalization", "It left the experimental layers in TF 2.6.")()
    normalization.adapt(numpy.array([[0.0, 1, 2, 3, 4], [2, 3, 4, 5, 6]], dtype="float32"))

    class Scale(k.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(5,))
            self.built = True

        def call(self, inputs):
            return inputs * self.scale

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.normalization = normalization
            self.scale = Scale()

        def call(self, inputs):
            return self.scale(self.normalization(inputs))

    return k.as_model(Block())


@case(parameters=4 * 5 + (5 * 3 + 3), inputs=Tensor((2, 6), "int32", below=4))
def embedding_nested(k):
    """Is the matrix of an Embedding inside a custom layer counted and saved?

    An Embedding of 4 words in a layer, and a Dense after it.
    """

    class Words(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.embedding = k.layers.Embedding(4, 5)
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.embedding(inputs))

    return k.as_model(Words())
