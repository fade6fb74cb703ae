"""Trainability: what is frozen, when, and whether the parts within follow.

``trainable`` of a case is the number of scalars that its author means one step to change; a step that
changes fewer is ``untrained``, one that changes more ``overtrained``.
"""

from nestprobe import case, keras_issue, tensorflow_issue, tf_keras_issue

BLOCK = 5 * 5 + 5
HEAD = 5 * 3 + 3


def block_and_head(k, make_block):
    """A Model of the layer that ``make_block()`` gives, and a Dense of 3 units after it."""

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = make_block()
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.block(inputs))

    return Top()


def holder_of(k):
    """A layer class that holds one Dense of 5 units."""

    class Holder(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    return Holder


@case(
    parameters=BLOCK + HEAD,
    trainable=HEAD,
    variants={"frozen": ("inner", "holder")},
    sources=[keras_issue(9157), keras_issue(19398), tf_keras_issue(453)],
)
def constructor_trainable_false(k, frozen):
    """Layer(trainable=False) in the constructor: are the weights of its sublayers trained all the same?

    A Dense, or the layer that holds it, is made with ``trainable=False``; a trainable head follows.
    """

    class Holder(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5, trainable=frozen != "inner")

        def call(self, inputs):
            return self.dense(inputs)

    return block_and_head(k, lambda: Holder(trainable=frozen != "holder"))


@case(parameters=BLOCK + HEAD, trainable=HEAD)
def parent_frozen_before_child(k):
    """trainable = False set on a layer before its sublayers are assigned does not freeze them.

    The layer freezes itself first thing in ``__init__``, and makes its Dense after that.
    """

    class Holder(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.trainable = False
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    return block_and_head(k, Holder)


@case(parameters=BLOCK + HEAD, trainable=HEAD)
def parent_frozen_after_build(k):
    """Freezing a nested layer after the model is built: does fit() still change its weights?

    The whole model is called once; then the layer that holds a Dense is frozen.
    """
    model = block_and_head(k, holder_of(k))
    model(k.ones((2, 5)))
    model.block.trainable = False
    return model


@case(parameters=BLOCK + HEAD, trainable=BLOCK)
def child_reenabled(k):
    """A sublayer is set to trainable = True inside a frozen model, and is not trained.

    Everything is frozen from the top; then the Dense of the nested layer alone is enabled again.
    """
    model = block_and_head(k, holder_of(k))
    model(k.ones((2, 5)))
    model.trainable = False
    model.block.dense.trainable = True
    return model


@case(
    parameters=(5 * 4 + 4) + (4 * 3 + 3),
    trainable=4 * 3 + 3,
    variants={"owner": ("layer", "model")},
    sources=[tensorflow_issue(37541)],
)
def frozen_sublayer_order(k, owner):
    """set_weights() fails with a shape mismatch after a sublayer was frozen: the order of weights changed.

    The weights are read before the first of two Dense layers is frozen, and set again after it: what a
    loaded model does, whose file was written before. The report is of a layer that holds both.
    """

    class Pair(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = k.layers.Dense(4)
            self.second = k.layers.Dense(3)

        def call(self, inputs):
            return self.second(self.first(inputs))

    pair = Pair()
    model = k.as_model(pair)
    model(k.ones((2, 5)))
    weights = model.get_weights()
    pair.first.trainable = False
    model.set_weights(weights)
    return model


@case(
    parameters=(5 * 4 + 4) + (4 * 3 + 3),
    trainable=4 * 3 + 3,
    variants={"model": ("base", "on-output")},
    sources=[keras_issue(18092)],
)
def unfrozen_within_frozen_base(k, model):
    """Layers of a frozen base are set to trainable = True, and model.trainable_weights stays empty.

    A functional base of two Dense layers is frozen and the second one enabled again: seen through the
    frozen base itself, or through a model that is built on the output of the base.
    """
    inputs = k.keras.Input(shape=(5,))
    base = k.Model(inputs, k.layers.Dense(3)(k.layers.Dense(4)(inputs)))
    base.trainable = False
    made = base if model == "base" else k.Model(base.input, base.output)
    made.layers[-1].trainable = True
    return made


@case(parameters=5 * 4 + (4 * 3 + 3), variants={"owner": ("layer", "model")})
def own_weights_order_layer_and_model(k, owner):
    """Which comes first in model.weights: a layer's own weights or those of its sublayers?

    The sublayer is made before the weight. ``set_weights`` is given the own weight first, and raises
    where Keras lists it last.
    """

    class Mixed(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(3)

        def build(self, input_shape):
            self.kernel = self.add_weight(name="kernel", shape=(5, 4))
            super().build(input_shape)

        def call(self, inputs):
            return self.dense(k.matmul(inputs, self.kernel))

    mixed = Mixed()
    mixed(k.ones((2, 5)))
    by_shape = {len(one): one for one in mixed.get_weights()}  # 5 rows: own; 4 rows and 3: the Dense
    mixed.set_weights([by_shape[5], by_shape[4], by_shape[3]])
    return k.as_model(mixed)


@case(parameters=BLOCK + HEAD, trainable=HEAD, sources=[tensorflow_issue(36349)])
def variable_flag_disagrees(k):
    """A frozen layer's variables still say trainable=True.

    The Dense is frozen before it is built. In Keras 2 its variables keep a flag of their own, so that
    a gradient tape watches them; Keras 3 sets the flag of each variable.
    """

    class Holder(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)
            self.dense.trainable = False

        def call(self, inputs):
            return self.dense(inputs)

    return block_and_head(k, Holder)


@case(
    parameters=BLOCK + HEAD,
    trainable=HEAD,
    variants={"value": ("zero", "numpy-false")},
    sources=[keras_issue(22740)],
)
def trainable_set_to_non_bool(k, value):
    """layer.trainable = 0 or numpy.False_ is accepted, rejected or ignored.

    What is set on the nested layer is falsy and no bool. The change that is cited refuses such a value in
    the constructor alone.
    """
    import numpy

    model = block_and_head(k, holder_of(k))
    model(k.ones((2, 5)))
    model.block.trainable = 0 if value == "zero" else numpy.bool_(0)
    return model
