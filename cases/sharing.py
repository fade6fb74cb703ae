"""Sharing and counting: one layer, one weight or one part of a model that is reached by several ways.

Whatever the ways, a variable is one variable: it should be listed, counted, trained and saved once.
"""

from nestprobe import case, keras_issue, tensorflow_issue

OWNERS = {"owner": ("layer", "model")}


@case(parameters=5 * 5 + 5, variants=OWNERS, sources=[])
def layer_shared_three_times(k, owner):
    """Does count_params() count a layer three times when it is called three times?

    One Dense of 5 units, called three times in a row.
    """

    class Repeated(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(self.dense(self.dense(inputs)))

    return k.as_model(Repeated())


@case(parameters=5 * 5 + 5, variants=OWNERS, sources=[tensorflow_issue(28003), tensorflow_issue(30712)])
def layer_shared_between_siblings(k, owner):
    """A layer that two sublayers share is counted or saved twice.

    Two sublayers are given the same Dense, and keep it as an attribute each.
    """

    class Branch(k.Layer):
        def __init__(self, dense, **kwargs):
            super().__init__(**kwargs)
            self.dense = dense

        def call(self, inputs):
            return self.dense(inputs)

    class Fork(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            dense = k.layers.Dense(5)
            self.left = Branch(dense)
            self.right = Branch(dense)

        def call(self, inputs):
            return self.left(inputs) + self.right(inputs)

    return k.as_model(Fork())


@case(parameters=5 * 5 + 5, variants={"kept": ("layer", "kernel")})
def tied_kernel_by_reference(k, kept):
    """Tied weights: a layer that reuses another layer's kernel counts it twice.

    A second layer multiplies by the transposed kernel of a Dense. It keeps the Dense itself, or, once
    that is built, its kernel as an attribute of its own.
    """

    class Tied(k.Layer):
        def __init__(self, dense, **kwargs):
            super().__init__(**kwargs)
            self.dense = dense

        def call(self, inputs):
            return k.matmul(inputs, k.transpose(self.dense.kernel))

    class TiedKernel(k.Layer):
        def __init__(self, kernel, **kwargs):
            super().__init__(**kwargs)
            self.kernel = kernel

        def call(self, inputs):
            return k.matmul(inputs, k.transpose(self.kernel))

    class Autoencoder(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.encoder = k.layers.Dense(5)
            if kept == "layer":
                self.decoder = Tied(self.encoder)
            else:
                self.encoder.build((None, 5))
                self.decoder = TiedKernel(self.encoder.kernel)

        def call(self, inputs):
            return self.decoder(self.encoder(inputs))

    return Autoencoder()


@case(parameters=2 * (5 * 5 + 5))
def functional_embeds_part_of_itself(k):
    """A functional model that calls another model made of its own layers counts them twice.

    The inner model ends after the first of two Dense layers; the outer one calls the inner and then
    adds what the same two layers give without it.
    """
    inputs = k.keras.Input(shape=(5,))
    first, second = k.layers.Dense(5), k.layers.Dense(5)
    half = first(inputs)
    inner = k.Model(inputs, half)
    return k.Model(inputs, k.layers.add([second(inner(inputs)), second(half)]))


@case(parameters=(5 * 4 + 4) + (4 * 3 + 3))
def submodel_output_inlined(k):
    """A model built on base.output shows the base's layers instead of the base as one nested model.

    A head is put on the output tensor of a functional base, so that the base's own layers become
    layers of the new model.
    """
    inputs = k.keras.Input(shape=(5,))
    base = k.Model(inputs, k.layers.Dense(4)(inputs))
    return k.Model(base.input, k.layers.Dense(3)(base.output))


@case(
    parameters=5 * 5 + 5,
    variants=dict(OWNERS, held=("once", "twice")),
    sources=[tensorflow_issue(33147)],
)
def nested_regularisers(k, owner, held):
    """A regularisation loss stands twice in model.losses where two layers hold the regularised one.

    A Dense with an L2 penalty, two layers down, and, where it is held twice, an attribute of the outer
    layer as well; its loss should stand once in ``model.losses``.
    """
    dense = k.layers.Dense(5, kernel_regularizer=k.keras.regularizers.l2(0.5))

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = dense

        def call(self, inputs):
            return self.dense(inputs)

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = Inner()
            if held == "twice":
                self.dense = dense

        def call(self, inputs):
            return self.inner(inputs)

    return k.as_model(Outer())


@case(parameters=5 * 5 + 5, variants=OWNERS, sources=[keras_issue(18828)])
def nested_losses(k, owner):
    """Does add_loss() in a nested layer reach model.losses?

    The inner layer, two down, adds the sum of its output as a loss in ``call``. What is cited looked one
    level deep only, and was mended before the first release of Keras 3.
    """

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            outputs = self.dense(inputs)
            self.add_loss(k.sum(outputs))
            return outputs

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = Inner()

        def call(self, inputs):
            return self.inner(inputs)

    return k.as_model(Outer())
