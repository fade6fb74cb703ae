"""Models without a fault: small transformers, recurrent and convolutional models."""

from nestprobe import Tensor, case

WORDS = Tensor((2, 6), "int32", below=7)
SERIES = Tensor((2, 6, 5))
IMAGE = Tensor((2, 8, 8, 3))


def attention_block(k, size=8):
    """Self-attention and a feed-forward part, each with a residual and a normalisation."""

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.query = k.layers.Dense(size)
            self.key = k.layers.Dense(size, use_bias=False)
            self.value = k.layers.Dense(size)
            self.attend = k.layers.Attention()
            self.first_norm = k.layers.LayerNormalization()
            self.feed = k.Sequential([k.layers.Dense(2 * size, activation="relu"), k.layers.Dense(size)])
            self.second_norm = k.layers.LayerNormalization()

        def call(self, inputs):
            mixed = self.attend([self.query(inputs), self.value(inputs), self.key(inputs)])
            inputs = self.first_norm(inputs + mixed)
            return self.second_norm(inputs + self.feed(inputs))

    return Block()


@case(parameters=0, inputs=WORDS, variants={"blocks": ("1", "2")})
def healthy_transformer_of_its_own_attention(k, blocks):
    """An embedding, blocks of attention by Dense layers, a head."""

    class Transformer(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.embedding = k.layers.Embedding(7, 8)
            self.blocks = [attention_block(k) for _ in range(int(blocks))]
            self.head = k.layers.Dense(7)

        def call(self, inputs):
            hidden = self.embedding(inputs)
            for block in self.blocks:
                hidden = block(hidden)
            return self.head(hidden)

    return Transformer()


@case(parameters=0, inputs=SERIES)
def healthy_transformer_of_multi_head_attention(k):
    """Keras's own MultiHeadAttention in a layer in a model."""
    attention = k.needs(k.layers, "MultiHeadAttention", "It came with TF 2.4.")

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.attention = attention(num_heads=2, key_dim=3)
            self.norm = k.layers.LayerNormalization()

        def call(self, inputs):
            return self.norm(inputs + self.attention(inputs, inputs))

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = Block()
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.block(inputs))

    return Top()


@case(parameters=0, inputs=SERIES, variants={"cell": ("SimpleRNN", "LSTM", "GRU")})
def healthy_recurrent(k, cell):
    """A recurrent layer in a functional model."""
    inputs = k.keras.Input(shape=(6, 5))
    return k.Model(inputs, k.layers.Dense(3)(getattr(k.layers, cell)(4)(inputs)))


@case(parameters=0, inputs=SERIES)
def healthy_bidirectional(k):
    """A Bidirectional in a subclassed model."""

    class Tagger(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.reader = k.layers.Bidirectional(k.layers.LSTM(4, return_sequences=True))
            self.head = k.layers.TimeDistributed(k.layers.Dense(3))

        def call(self, inputs):
            return self.head(self.reader(inputs))

    return Tagger()


@case(parameters=0, inputs=SERIES)
def healthy_rnn_of_a_cell(k):
    """RNN with a cell of Keras."""

    class Reader(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.rnn = k.layers.RNN(k.layers.GRUCell(4))
            self.head = k.layers.Dense(2)

        def call(self, inputs):
            return self.head(self.rnn(inputs))

    return Reader()


@case(parameters=0, inputs=WORDS)
def healthy_bag_of_words(k):
    """An embedding, averaged."""
    return k.Sequential([k.layers.Embedding(7, 4), k.layers.GlobalAveragePooling1D(), k.layers.Dense(2)])


@case(parameters=0, inputs=IMAGE)
def healthy_convolutional(k):
    """Convolutions and pooling in a Sequential."""
    layers = k.layers
    return k.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(3),
        ]
    )  # fmt: skip


@case(parameters=0, inputs=IMAGE)
def healthy_residual(k):
    """Residual blocks with batch normalisation."""

    class Residual(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.convolutions = [k.layers.Conv2D(3, 3, padding="same") for _ in range(2)]
            self.norms = [k.layers.BatchNormalization() for _ in range(2)]
            self.activation = k.layers.ReLU()

        def call(self, inputs, training=None):
            hidden = inputs
            for convolution, norm in zip(self.convolutions, self.norms):
                hidden = self.activation(norm(convolution(hidden), training=training))
            return inputs + hidden

    class Net(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first, self.second = Residual(), Residual()
            self.pool = k.layers.GlobalAveragePooling2D()
            self.head = k.layers.Dense(2)

        def call(self, inputs, training=None):
            hidden = self.second(self.first(inputs, training=training), training=training)
            return self.head(self.pool(hidden))

    return Net()


@case(parameters=0, inputs=IMAGE)
def healthy_u_net(k):
    """A functional model that goes down and up again, with a skip connection."""
    inputs = k.keras.Input(shape=(8, 8, 3))
    down = k.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    deep = k.layers.Conv2D(8, 3, padding="same", activation="relu")(k.layers.MaxPooling2D(2)(down))
    up = k.layers.Conv2DTranspose(4, 2, strides=2)(deep)
    return k.Model(inputs, k.layers.Conv2D(2, 1)(k.layers.concatenate([down, up])))


@case(parameters=0, inputs=IMAGE)
def healthy_squeeze_and_excite(k):
    """Channels weighed by what a small network makes of their means."""

    class Squeeze(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.pool = k.layers.GlobalAveragePooling2D()
            self.narrow = k.layers.Dense(2, activation="relu")
            self.wide = k.layers.Dense(3, activation="sigmoid")

        def call(self, inputs):
            weights = self.wide(self.narrow(self.pool(inputs)))
            return inputs * weights[:, None, None, :]

    return k.Sequential([Squeeze(), k.layers.Conv2D(2, 1)])


@case(parameters=0, inputs=IMAGE)
def healthy_separable_convolutions(k):
    """Depthwise and separable convolutions."""
    return k.Sequential(
        [k.layers.SeparableConv2D(4, 3), k.layers.DepthwiseConv2D(3), k.layers.GlobalMaxPooling2D()]
    )
