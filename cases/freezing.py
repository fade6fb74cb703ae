"""Freezing, continued: around ``compile``, in containers, batch normalisation and mixed precision."""

from nestprobe import case

BLOCK = 5 * 5 + 5
HEAD = 5 * 3 + 3


def normalised(k, frozen):
    """A layer that holds a BatchNormalization, frozen or not, and a Dense of 3 units after it."""

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.norm = k.layers.BatchNormalization()
            self.norm.trainable = not frozen

        def call(self, inputs, training=None):
            return self.norm(inputs, training=training)

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = Block()
            self.head = k.layers.Dense(3)

        def call(self, inputs, training=None):
            return self.head(self.block(inputs, training=training))

    return Top()


@case(parameters=4 * 5 + HEAD, trainable=2 * 5 + HEAD)
def batch_norm_moving_stats_nested(k):
    """Are the moving mean and variance of a nested BatchNormalization counted, saved and updated?

    Gamma and beta are trained; the two moving statistics are state that inference reads.
    """
    return normalised(k, frozen=False)


@case(parameters=4 * 5 + HEAD, trainable=HEAD)
def batch_norm_frozen_nested(k):
    """BatchNormalization frozen inside a custom layer: does fit() still move gamma and beta?

    The nested BatchNormalization has ``trainable = False`` from the start.
    """
    return normalised(k, frozen=True)


def compiled(k, before, after):
    """A Model whose block has ``trainable = before``, and ``after`` once it is compiled."""

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = k.layers.Dense(5)
            self.block.trainable = before
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.block(inputs))

        def compile(self, *args, **kwargs):
            super().compile(*args, **kwargs)
            self.block.trainable = after

    return Top()


@case(
    parameters=BLOCK + HEAD,
    trainable=HEAD,
    sources=["https://keras.io/guides/transfer_learning/"],
)
def frozen_after_compile(k):
    """Does trainable = False have an effect when it is set after compile()?

    The guide to transfer learning says that ``compile`` freezes the state of ``trainable`` and must be
    called again. Here it is not; the author means the block to stay as it is.
    """
    return compiled(k, before=True, after=False)


@case(
    parameters=BLOCK + HEAD,
    trainable=BLOCK + HEAD,
    sources=["https://keras.io/guides/transfer_learning/"],
)
def unfrozen_after_compile(k):
    """A layer is unfrozen after compile() and is still not trained.

    As fine-tuning is often written: the block is frozen, the model compiled, the block unfrozen.
    """
    return compiled(k, before=False, after=True)


@case(parameters=3 * BLOCK + HEAD, trainable=HEAD)
def frozen_list_of_layers(k):
    """Freezing each layer of a list: are the layers in self.blocks really frozen?

    Three Dense layers in a list are frozen one by one after the model was called.
    """

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = [k.layers.Dense(5) for _ in range(3)]
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            for block in self.blocks:
                inputs = block(inputs)
            return self.head(inputs)

    model = Top()
    model(k.ones((2, 5)))
    for block in model.blocks:
        block.trainable = False
    return model


@case(parameters=BLOCK + HEAD, trainable=BLOCK + HEAD)
def mixed_precision_nested(k):
    """mixed_float16 in a nested layer: are its float32 variables counted, trained and saved?

    A layer that holds a Dense computes in half precision; the head after it in single precision.
    """
    module = k.needs(k.keras, "mixed_precision", "Multi-backend Keras never had it.")
    policy = k.needs(module, "Policy", "It came with TF 2.4.")("mixed_float16")

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5, dtype=policy)

        def call(self, inputs):
            return self.dense(inputs)

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = Block()
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.block(inputs))

    return Top()
