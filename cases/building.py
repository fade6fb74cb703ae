"""Building: what build() does, leaves out, or is never asked to do in nested layers and models."""

from nestprobe import Tensor, case, keras_issue, tensorflow_issue

OWNERS = {"owner": ("layer", "model")}


def inner(k):
    """A layer of 5 * 5 + 5 parameters with no build() of its own."""

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    return Inner()


@case(
    parameters=2 * (5 * 5 + 5),
    sources=[keras_issue(19229), tensorflow_issue(22963)],
)
def default_build_on_model(k):
    """model.build(input_shape) of a subclassed Model leaves its sublayers unbuilt.

    A Model with no build() holds a Dense layer and a layer that holds another.
    """

    class Outer(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = k.layers.Dense(5)
            self.second = inner(k)

        def call(self, inputs):
            return self.second(self.first(inputs))

    return Outer()


@case(parameters=2 * (5 * 5 + 5), sources=[keras_issue(19229)])
def default_build_on_layer(k):
    """A custom layer with no build() shows 0 params for the layers inside it.

    The same layers as in default-build-on-model, held by a Layer in a Sequential.
    """

    class Outer(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = k.layers.Dense(5)
            self.second = inner(k)

        def call(self, inputs):
            return self.second(self.first(inputs))

    return k.Sequential([Outer()])


@case(parameters=5 + (5 * 5 + 5), about=("model-file",), variants=OWNERS, sources=[keras_issue(18823)])
def build_skips_child(k, owner):
    """Layer was never built although the weights file lists variables for it.

    build() makes a weight of 5 of its own and leaves the child to its first call.
    """

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.child = k.layers.Dense(5)

        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(5,), initializer="ones")
            self.built = True

        def call(self, inputs):
            return self.child(inputs * self.scale)

    return k.as_model(Outer())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(18875)])
def child_made_in_build(k, owner):
    """A layer that makes its sublayers in build() loses their weights when it is loaded.

    build() makes a list of two Dense layers and does not build them.
    """

    class Outer(k.base(owner)):
        def build(self, input_shape):
            self.blocks = [k.layers.Dense(5), k.layers.Dense(5)]
            self.built = True

        def call(self, inputs):
            return self.blocks[1](self.blocks[0](inputs))

    return k.as_model(Outer())


@case(parameters=5 * 5 + 5, variants=OWNERS, sources=[keras_issue(21147)])
def child_built_in_build(k, owner):
    """A layer whose build() builds its sublayer, as the warnings of Keras 3 ask for.

    The child is made in __init__ and built by ``self.child.build(input_shape)``.
    """

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.child = k.layers.Dense(5)

        def build(self, input_shape):
            self.child.build(input_shape)
            self.built = True

        def call(self, inputs):
            return self.child(inputs)

    return k.as_model(Outer())


@case(parameters=5 + (5 * 5 + 5))
def super_build_first(k):
    """super().build(input_shape) is called before the weights are made.

    The layer makes a weight of 5 after super().build() and holds a Dense layer.
    """

    class Outer(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.child = k.layers.Dense(5)

        def build(self, input_shape):
            super().build(input_shape)
            self.scale = self.add_weight(name="scale", shape=(5,), initializer="ones")

        def call(self, inputs):
            return self.child(inputs * self.scale)

    return k.Sequential([Outer()])


@case(parameters=5 + (5 * 5 + 5))
def super_build_last(k):
    """super().build(input_shape) is called after the weights are made.

    The layer makes a weight of 5 before super().build() and holds a Dense layer.
    """

    class Outer(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.child = k.layers.Dense(5)

        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(5,), initializer="ones")
            super().build(input_shape)

        def call(self, inputs):
            return self.child(inputs * self.scale)

    return k.Sequential([Outer()])


@case(parameters=5 + (5 * 5 + 5))
def super_build_missing(k):
    """build() without super().build(input_shape) and without ``self.built = True``.

    The layer makes a weight of 5 and holds a Dense layer.
    """

    class Outer(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.child = k.layers.Dense(5)

        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(5,), initializer="ones")

        def call(self, inputs):
            return self.child(inputs * self.scale)

    return k.Sequential([Outer()])


@case(parameters=5, inputs=Tensor((2, 4, 5)), sources=[keras_issue(20871)])
def stateless_parent_stateful_subclass(k):
    """build() of a subclass of a pooling layer is never called: the layer is built from the start.

    A subclass of MaxPooling1D makes a weight of 5 in build() and scales its output by it.
    """

    class ScaledPooling(k.layers.MaxPooling1D):
        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(5,), initializer="ones")
            super().build(input_shape)

        def call(self, inputs):
            return super(ScaledPooling, self).call(inputs) * self.scale

    return k.Sequential([ScaledPooling(pool_size=2)])


@case(
    parameters=(5 * 20 + 20) + (20 * 5 + 5),
    sources=[keras_issue(20004), keras_issue(20010)],
)
def composition_over_inheritance(k):
    """A custom layer composed of Dense layers hides their weights in a functional model.

    build() makes two Dense layers and leaves them unbuilt; compute_output_shape() is given, so
    that call() need not be traced to know the shape.
    """

    class Composed(k.Layer):
        def build(self, input_shape):
            self.wide = k.layers.Dense(20)
            self.narrow = k.layers.Dense(5)
            super().build(input_shape)

        def call(self, inputs):
            return self.narrow(self.wide(inputs))

        def compute_output_shape(self, input_shape):
            return input_shape

    inputs = k.keras.Input(shape=(5,))
    return k.Model(inputs, Composed()(inputs))


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS)
def lazy_sequential_nested(k, owner):
    """A Sequential without an input shape inside a layer or model has no weights until a call.

    The outer one has no build(); the Sequential holds two Dense layers.
    """

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.body = k.Sequential([k.layers.Dense(5), k.layers.Dense(5)])

        def call(self, inputs):
            return self.body(inputs)

    return k.as_model(Outer())


@case(parameters=2 * (5 * 5 + 5))
def sequential_build_versus_call(k):
    """Sequential.build(input_shape) and a first call do not build the same nested layers.

    A Sequential without an input shape holds a layer that holds a Dense, then a Dense.
    """
    return k.Sequential([inner(k), k.layers.Dense(5)])
