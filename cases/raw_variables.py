"""Raw variables: weights that are made, stored or replaced beside Keras's own way.

What is common to them: the forward pass reads a variable, and whether Keras counts, trains and
saves it depends on where the variable was put.
"""

from nestprobe import case, keras_issue, tensorflow_issue, tf_keras_issue

MIGRATION_GUIDE = "https://keras.io/guides/migrating_to_keras_3/"
BASE_LAYER_TEST = "https://github.com/keras-team/tf-keras/blob/v2.15.0/tf_keras/engine/base_layer_test.py"

OWNERS = ("layer", "model")


@case(
    parameters=5 * 10 + (10 * 3 + 3),
    sources=[MIGRATION_GUIDE, keras_issue(18467)],
    needs=["tensorflow"],
)
def raw_variable_attribute(k):
    """A tf.Variable set as an attribute of a nested layer is missing from model.weights.

    A model holds a layer that holds a layer whose build() sets ``self.w = tf.Variable(...)``, and
    then a Dense. The model trains, on the Dense alone where the variable is not tracked.
    """

    class Inner(k.Layer):
        def build(self, input_shape):
            self.w = k.variable((input_shape[-1], 10))

        def call(self, inputs):
            return k.matmul(inputs, self.w)

    class Outer(k.Layer):
        def __init__(self, **kwargs):
            super(Outer, self).__init__(**kwargs)
            self.inner = Inner()

        def call(self, inputs):
            return self.inner(inputs)

    class Top(k.Model):
        def __init__(self, **kwargs):
            super(Top, self).__init__(**kwargs)
            self.outer = Outer()
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.outer(inputs))

    return Top()


@case(
    parameters=5 * 10 + 10,
    variants={"owner": OWNERS},
    sources=[BASE_LAYER_TEST + "#L439-L454", tf_keras_issue(513)],
    needs=["tensorflow"],
)
def raw_variable_in_list(k, owner):
    """tf.Variable in a Python list or dict attribute is missing from trainable_variables.

    A kernel in a list and a bias in a dict within that list; the list is assigned as a whole.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.ws = [k.variable((5, 10)), {"bias": k.variable((10,))}]

        def call(self, inputs):
            return k.matmul(inputs, self.ws[0]) + self.ws[1]["bias"]

    return k.as_model(Holder())


@case(
    parameters=5 * 10 + 10 * 3,
    variants={"owner": OWNERS},
    sources=[keras_issue(16797), tensorflow_issue(38211), tensorflow_issue(56768)],
    needs=["tensorflow"],
)
def raw_variable_appended(k, owner):
    """tf.Variable appended to self.list is missing from trainable_variables of a layer.

    ``self.ws = []`` first, then one append for each variable; users saw a Layer and a Model differ.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.ws = []
            for shape in ((5, 10), (10, 3)):
                self.ws.append(k.variable(shape))

        def call(self, inputs):
            for w in self.ws:
                inputs = k.matmul(inputs, w)
            return inputs

    return k.as_model(Holder())


@case(
    parameters=4 * 5,
    trainable=2 * 5,
    variants={"owner": OWNERS},
    sources=[tensorflow_issue(46325)],
    needs=["tensorflow"],
)
def raw_variable_in_init(k, owner):
    """Non-trainable tf.Variable made in __init__ is missing from model.variables.

    A hand-written normalisation: scale and offset are to be trained, mean and variance are not.
    """

    class Normalise(k.base(owner)):
        def __init__(self, **kwargs):
            super(Normalise, self).__init__(**kwargs)
            self.gamma = k.variable((5,))
            self.beta = k.variable((5,))
            self.mean = k.variable((5,), trainable=False)
            self.variance = k.variable((5,), trainable=False)

        def call(self, inputs):
            return (inputs - self.mean) / self.variance * self.gamma + self.beta

    return k.as_model(Normalise())


@case(
    parameters=10 * 3 + 3,
    sources=[tensorflow_issue(37726), tensorflow_issue(40632)],
    needs=["tensorflow"],
)
def concat_of_variables(k):
    """Gradients do not exist for variables after tf.concat() in __init__.

    Two variables of 5 x 4 and 5 x 6 are concatenated once, when the layer is made; call() reads the
    resulting tensor. The forward pass therefore reads no variable but those of the Dense after it.
    """

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super(Inner, self).__init__(**kwargs)
            self.left = k.variable((5, 4))
            self.right = k.variable((5, 6))
            self.kernel = k.tf.concat([self.left, self.right], axis=1)

        def call(self, inputs):
            return k.matmul(inputs, self.kernel)

    return k.Sequential([Inner(), k.layers.Dense(3)])


@case(
    parameters=5 * 10 + 10,
    variants={"layer": ("own", "dense")},
    sources=[tensorflow_issue(32210), "https://github.com/airbus/decomon/pull/141"],
)
def kernel_swapped_in_call(k, layer):
    """self.kernel is replaced by a tensor inside call(): the weight vanishes or can't be set.

    call() puts twice the kernel in the kernel's place, runs the layer, and puts the kernel back, as
    quantised layers do; in a layer of one's own and in one derived from Dense.
    """

    class Linear(k.Layer):
        def build(self, input_shape):
            shape = (input_shape[-1], 10)
            self.kernel = self.add_weight(name="kernel", shape=shape, initializer="ones")
            self.bias = self.add_weight(name="bias", shape=(10,), initializer="ones")

        def call(self, inputs):
            return k.matmul(inputs, self.kernel) + self.bias

    class Dense(k.layers.Dense):
        def __init__(self, units=10, **kwargs):
            super(Dense, self).__init__(units, **kwargs)

    class Swapping({"own": Linear, "dense": Dense}[layer]):
        def call(self, inputs):
            kernel = self.kernel
            self.kernel = 2.0 * kernel
            outputs = super(Swapping, self).call(inputs)
            self.kernel = kernel
            return outputs

    return k.Sequential([Swapping()])


@case(
    parameters=5 * 10 + 10,
    variants={"made_in": ("init", "build")},
    sources=[BASE_LAYER_TEST + "#L320-L335"],
    needs=["tensorflow"],
)
def variable_overwritten_order(k, made_in):
    """A weight attribute is replaced by a tf.Variable: does the order of weights change?

    Kernel and bias are made by add_weight, then raw variables are set in their place, the bias
    first; all in ``__init__`` or all in ``build()``. Only the replacements are used.
    """

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super(Inner, self).__init__(**kwargs)
            if made_in == "init":
                self.make_weights()

        def build(self, input_shape):
            if made_in == "build":
                self.make_weights()

        def make_weights(self):
            self.kernel = self.add_weight(name="kernel", shape=(5, 10), initializer="ones")
            self.bias = self.add_weight(name="bias", shape=(10,), initializer="ones")
            self.bias = k.variable((10,), name="bias")
            self.kernel = k.variable((5, 10), name="kernel")

        def call(self, inputs):
            return k.matmul(inputs, self.kernel) + self.bias

    class Outer(k.Model):
        def __init__(self, **kwargs):
            super(Outer, self).__init__(**kwargs)
            self.inner = Inner()

        def call(self, inputs):
            return self.inner(inputs)

    return Outer()


@case(
    parameters=5 * 10,
    variants={"appended_to": ("private", "public")},
    sources=[tensorflow_issue(26791)],
    needs=["tensorflow"],
)
def private_list_append(k, appended_to):
    """self._trainable_weights.append(variable) does not add a trainable weight.

    The way of the old Keras: a variable becomes an attribute and is also appended to the layer's
    private list, or to what the public ``trainable_weights`` returns.
    """

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super(Inner, self).__init__(**kwargs)
            self.w = k.variable((5, 10))
            if appended_to == "private":
                self._trainable_weights.append(self.w)
            else:
                self.trainable_weights.append(self.w)

        def call(self, inputs):
            return k.matmul(inputs, self.w)

    return k.Sequential([Inner()])


@case(
    parameters=5 * 10 + 10,
    variants={"kind": ("tensor", "array")},
    needs=["tensorflow"],
)
def constant_attribute(k, kind):
    """A tf.constant or NumPy array as a layer attribute: is it a weight, and can it be saved?

    A layer multiplies its input by a constant before its Dense; only the Dense has parameters.
    """

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super(Inner, self).__init__(**kwargs)
            scale = k.tf.constant([0.5, 1.0, 1.5, 2.0, 2.5])
            self.scale = scale if kind == "tensor" else scale.numpy()
            self.dense = k.layers.Dense(10)

        def call(self, inputs):
            return self.dense(inputs * self.scale)

    return k.Sequential([Inner()])
