"""Models without a fault: subclassed, functional and Sequential models within one another."""

from nestprobe import Tensor, case


def dense_block(k, units=5, activation="relu"):
    """A layer of a Dense with its activation."""

    class DenseBlock(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(units)
            self.activation = k.layers.Activation(activation)

        def build(self, input_shape):
            self.dense.build(input_shape)
            self.built = True

        def call(self, inputs):
            return self.activation(self.dense(inputs))

        def compute_output_shape(self, input_shape):
            return tuple(input_shape[:-1]) + (units,)

    return DenseBlock()


@case(parameters=0)
def healthy_sequential(k):
    """A Sequential of Dense, dropout and Dense."""
    return k.Sequential([k.layers.Dense(8, activation="relu"), k.layers.Dropout(0.2), k.layers.Dense(3)])


@case(parameters=0)
def healthy_functional(k):
    """A functional model with a skip connection."""
    inputs = k.keras.Input(shape=(5,))
    hidden = k.layers.Dense(5, activation="relu")(inputs)
    return k.Model(inputs, k.layers.Dense(3)(k.layers.add([inputs, hidden])))


@case(parameters=0)
def healthy_subclass(k):
    """A Model of three attributes."""

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = k.layers.Dense(8, activation="relu")
            self.norm = k.layers.BatchNormalization()
            self.head = k.layers.Dense(3)

        def call(self, inputs, training=None):
            return self.head(self.norm(self.first(inputs), training=training))

    return Top()


@case(parameters=0, variants={"owner": ("layer", "model")})
def healthy_list_of_blocks(k, owner):
    """A flat list of blocks, called in turn."""

    class Stack(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = [dense_block(k) for _ in range(3)]

        def call(self, inputs):
            for block in self.blocks:
                inputs = block(inputs)
            return inputs

    return k.as_model(Stack())


@case(parameters=0)
def healthy_list_appended(k):
    """A list attribute that is appended to in __init__."""

    class Stack(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = []
            for _ in range(3):
                self.blocks.append(k.layers.Dense(5))

        def call(self, inputs):
            for block in self.blocks:
                inputs = block(inputs)
            return inputs

    return Stack()


@case(parameters=0)
def healthy_dict_of_heads(k):
    """A dict of heads, the outputs concatenated."""

    class Heads(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.heads = {"left": k.layers.Dense(2), "right": k.layers.Dense(3)}

        def call(self, inputs):
            return k.concat([self.heads["left"](inputs), self.heads["right"](inputs)], axis=-1)

    return Heads()


@case(parameters=0)
def healthy_model_in_model_in_model(k):
    """Three levels of subclassed models."""

    def level(inner):
        class Level(k.Model):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.inner = inner
                self.dense = k.layers.Dense(5)

            def call(self, inputs):
                return self.dense(self.inner(inputs))

        return Level()

    return level(level(dense_block(k)))


@case(parameters=0)
def healthy_functional_of_custom_layers(k):
    """Custom layers in a functional model."""
    inputs = k.keras.Input(shape=(5,))
    return k.Model(inputs, k.layers.Dense(3)(dense_block(k)(dense_block(k)(inputs))))


@case(parameters=0)
def healthy_functional_in_functional(k):
    """A functional model as a layer of another."""
    inner_inputs = k.keras.Input(shape=(5,))
    inner = k.Model(inner_inputs, k.layers.Dense(4)(k.layers.Dense(8)(inner_inputs)))
    inputs = k.keras.Input(shape=(5,))
    return k.Model(inputs, k.layers.Dense(3)(inner(inputs)))


@case(parameters=0)
def healthy_sequential_of_sequentials(k):
    """Sequential models within a Sequential."""
    return k.Sequential([k.Sequential([k.layers.Dense(5), k.layers.Dense(5)]), k.layers.Dense(3)])


@case(parameters=0)
def healthy_own_weights(k):
    """A layer with add_weight() and a sublayer."""

    class Scaled(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")
            self.dense.build(input_shape)
            self.built = True

        def call(self, inputs):
            return self.dense(inputs * self.scale)

    return k.Sequential([Scaled(), k.layers.Dense(3)])


@case(parameters=0)
def healthy_shared_layer(k):
    """A siamese model: one encoder, called on two halves."""

    class Siamese(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.encoder = k.Sequential([k.layers.Dense(4, activation="relu"), k.layers.Dense(3)])

        def call(self, inputs):
            return self.encoder(inputs[:, :3]) + self.encoder(inputs[:, 2:])

    return Siamese()


@case(parameters=0, inputs=[Tensor((2, 5)), Tensor((2, 3))])
def healthy_two_inputs(k):
    """A functional model of two inputs and two branches."""
    left, right = k.keras.Input(shape=(5,)), k.keras.Input(shape=(3,))
    merged = k.layers.concatenate([k.layers.Dense(4)(left), k.layers.Dense(4)(right)])
    return k.Model([left, right], k.layers.Dense(2)(merged))


@case(parameters=0)
def healthy_two_outputs(k):
    """A functional model of two outputs."""
    inputs = k.keras.Input(shape=(5,))
    hidden = k.layers.Dense(6, activation="relu")(inputs)
    return k.Model(inputs, [k.layers.Dense(2)(hidden), k.layers.Dense(3)(hidden)])


@case(parameters=0)
def healthy_frozen_base(k):
    """A pretrained base that is frozen as a whole, and a head that is trained."""
    inputs = k.keras.Input(shape=(5,))
    base = k.Model(inputs, k.layers.Dense(4)(inputs))
    base.trainable = False
    outer = k.keras.Input(shape=(5,))
    return k.Model(outer, k.layers.Dense(3)(base(outer)))


@case(parameters=0)
def healthy_frozen_sublayer(k):
    """A subclassed model whose first layer is frozen after it was called."""

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = k.layers.Dense(5)
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.first(inputs))

    model = Top()
    model(k.ones((2, 5)))
    model.first.trainable = False
    return model


@case(parameters=0)
def healthy_autoencoder(k):
    """Encoder and decoder as models of their own in a third."""

    class Autoencoder(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.encoder = k.Sequential([k.layers.Dense(4, activation="relu"), k.layers.Dense(2)])
            self.decoder = k.Sequential([k.layers.Dense(4, activation="relu"), k.layers.Dense(5)])

        def call(self, inputs):
            return self.decoder(self.encoder(inputs))

    return Autoencoder()


@case(parameters=0)
def healthy_mixture_of_experts(k):
    """Experts in a list, weighed by a gate."""

    class Mixture(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.experts = [k.layers.Dense(3) for _ in range(3)]
            self.gate = k.layers.Dense(3, activation="softmax")

        def call(self, inputs):
            weights = self.gate(inputs)
            return sum(expert(inputs) * weights[:, i : i + 1] for i, expert in enumerate(self.experts))

    return Mixture()


@case(parameters=0)
def healthy_regularised(k):
    """Regularisers and constraints, which have no weights."""
    l2 = k.keras.regularizers.l2(0.01)
    return k.Sequential([k.layers.Dense(4, kernel_regularizer=l2), k.layers.Dense(3, bias_regularizer=l2)])
