"""Raw variables made by ``add_weight``: kept in a list, dropped, without a name, by position."""

from nestprobe import case, keras_issue, tensorflow_issue, tf_keras_issue

LAYER_TEST = "https://github.com/keras-team/keras/blob/v3.15.1/keras/src/layers/layer_test.py"

OWNERS = ("layer", "model")


@case(
    parameters=5 * 10 + 10 * 3,
    variants={"owner": OWNERS},
    sources=[tf_keras_issue(513), keras_issue(15339)],
)
def add_weight_appended(k, owner):
    """Weights made by add_weight and appended to a list: are they tracked twice or not at all?

    ``self.ws = []`` first, then ``self.ws.append(self.add_weight(...))`` for each weight.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.ws = []
            for number, shape in enumerate(((5, 10), (10, 3))):
                self.ws.append(self.add_weight(name="w%d" % number, shape=shape, initializer="ones"))

        def call(self, inputs):
            for w in self.ws:
                inputs = k.matmul(inputs, w)
            return inputs

    return k.as_model(Holder())


@case(parameters=5 * 10, variants={"owner": OWNERS})
def add_weight_dropped(k, owner):
    """The result of add_weight is not stored in any attribute: is it still a weight?

    build() drops what add_weight returns; call() reads it as ``self.weights[0]``.
    """

    class Holder(k.base(owner)):
        def build(self, input_shape):
            self.add_weight(name="w", shape=(input_shape[-1], 10), initializer="ones")
            self.built = True

        def call(self, inputs):
            return k.matmul(inputs, self.weights[0])

    return k.as_model(Holder())


@case(
    parameters=5 * 10,
    variants={"shape": ("positional", "keyword")},
    sources=[keras_issue(22253), LAYER_TEST + "#L1290-L1320"],
)
def add_weight_positional_name(k, shape):
    """add_weight("w", shape): Layer.add_weight() got multiple values for argument 'shape'.

    The name is the first positional argument, as Keras 2 had it; the shape is the second, or is
    given by keyword.
    """

    class Inner(k.Layer):
        def build(self, input_shape):
            size = (input_shape[-1], 10)
            if shape == "positional":
                self.w = self.add_weight("w", size, initializer="ones")
            else:
                self.w = self.add_weight("w", shape=size, initializer="ones")

        def call(self, inputs):
            return k.matmul(inputs, self.w)

    return k.Sequential([Inner()])


@case(parameters=5, sources=[LAYER_TEST + "#L1334-L1343"])
def add_weight_positional_shape(k):
    """add_weight((5,)): the shape is the first positional argument.

    As Keras 3 documents it; a vector of one weight a feature, multiplied into the input.
    """

    class Scale(k.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), initializer="ones")

        def call(self, inputs):
            return inputs * self.scale

    return k.Sequential([Scale()])


@case(
    parameters=5 * 10 + 10 + 10 * 3,
    variants={"owner": OWNERS},
    sources=[tensorflow_issue(59954), tensorflow_issue(51835)],
)
def add_weight_unnamed(k, owner):
    """self.add_weight without a name breaks saving: 'NoneType' object has no attribute 'replace'.

    Three weights of one layer, none of them named.
    """

    class Holder(k.base(owner)):
        def build(self, input_shape):
            self.first = self.add_weight(shape=(input_shape[-1], 10), initializer="ones")
            self.bias = self.add_weight(shape=(10,), initializer="ones")
            self.second = self.add_weight(shape=(10, 3), initializer="ones")
            self.built = True

        def call(self, inputs):
            return k.matmul(k.matmul(inputs, self.first) + self.bias, self.second)

    return k.as_model(Holder())
