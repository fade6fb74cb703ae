"""Foreign objects: layers and variables behind something that Keras did not make.

A tf.Module, a plain object, a closure, a Lambda or the other Keras stands between the model and the
weights that its forward pass reads.
"""

import importlib

from nestprobe import NotApplicable, case, tensorflow_issue

DENSE = 5 * 5 + 5

#: What global_layer puts its layer into, as a script would have it at its top.
GLOBAL = {}


@case(parameters=5 * 5, needs=["tensorflow"], sources=[tensorflow_issue(47264)])
def tf_module_in_layer(k):
    """The variables of a tf.Module inside a Keras layer are missing from trainable_variables.

    A layer keeps a tf.Module that made a tf.Variable.
    """

    class Projection(k.tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = k.variable((5, 5))

        def __call__(self, inputs):
            return k.matmul(inputs, self.kernel)

    class Holder(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.projection = Projection()

        def call(self, inputs):
            return self.projection(inputs)

    return k.as_model(Holder())


@case(parameters=DENSE, needs=["tensorflow"], sources=[tensorflow_issue(74297)])
def layer_in_tf_module(k):
    """A Keras layer inside a tf.Module inside a model: its weights are not found.

    The model keeps a tf.Module, and the module keeps a Dense. The report is of the other direction, that
    ``module.variables`` is empty since TF 2.16; here it is the model that looks.
    """

    class Wrapping(k.tf.Module):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(5)

        def __call__(self, inputs):
            return self.dense(inputs)

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.wrapping = Wrapping()

        def call(self, inputs):
            return self.wrapping(inputs)

    return Top()


@case(
    parameters=DENSE,
    variants={"owner": ("layer", "model")},
)
def plain_object_holds_layer(k, owner):
    """Layers kept in an ordinary Python object are invisible to the model.

    The attribute is an instance of a plain class, which holds a Dense.
    """

    class Toolbox(object):
        def __init__(self):
            self.dense = k.layers.Dense(5)

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.toolbox = Toolbox()

        def call(self, inputs):
            return self.toolbox.dense(inputs)

    return k.as_model(Holder())


@case(parameters=DENSE, variants={"owner": ("layer", "model")})
def global_layer(k, owner):
    """A layer in a global variable is used in call() but is not trained or saved.

    The Dense stands at module level; no attribute of the model leads to it.
    """
    GLOBAL["dense"] = k.layers.Dense(5)

    class User(k.base(owner)):
        def call(self, inputs):
            return GLOBAL["dense"](inputs)

    return k.as_model(User())


@case(parameters=DENSE, variants={"owner": ("layer", "model")})
def closure_captured_layer(k, owner):
    """A layer captured by a closure is used in call() but is not tracked.

    An attribute holds a function, and the function has a Dense in its closure.
    """

    def projection():
        dense = k.layers.Dense(5)
        return lambda inputs: dense(inputs)  # noqa: PLW0108 - a closure is the point

    class User(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.project = projection()

        def call(self, inputs):
            return self.project(inputs)

    return k.as_model(User())


@case(parameters=DENSE, sources=["https://keras.io/api/layers/core_layers/lambda/"])
def lambda_captures_layer(k):
    """Weights of a layer used inside a Lambda layer are not trained.

    A Lambda calls a Dense that was made outside.
    """
    dense = k.layers.Dense(5)
    return k.Sequential([k.layers.Lambda(lambda inputs: dense(inputs))])  # noqa: PLW0108 - as above


@case(
    parameters=5 * 5,
    needs=["tensorflow"],
    sources=["https://www.tensorflow.org/api_docs/python/tf/keras/layers/Lambda"],
)
def lambda_captures_variable(k):
    """A tf.Variable used inside a Lambda layer is not tracked.

    The documentation of Lambda warns of it: the variable was made outside.
    """
    kernel = k.variable((5, 5))
    return k.Sequential([k.layers.Lambda(lambda inputs: k.matmul(inputs, kernel))])


@case(parameters=DENSE + (5 * 3 + 3), needs=["tensorflow"], sources=[tensorflow_issue(50249)])
def keras_and_tf_keras_mixed(k):
    """Mixing keras and tf.keras: a layer of one in a model of the other.

    A Dense of the Keras that stands beside the stack's own (``keras``, ``tf_keras``, or the copy in
    ``tensorflow.python.keras``) is the first layer of a model of the stack's own. The report is of a
    functional model, in which some releases read the foreign weights once and keep them as constants.
    """
    own = k.layers.Dense
    for name in ("tf_keras.layers", "keras.layers", "tensorflow.python.keras.layers"):
        try:
            other = importlib.import_module(name).Dense
        except (ImportError, AttributeError):
            continue
        if other is not own and other.__module__.split(".")[0] != own.__module__.split(".")[0]:
            break
    else:
        raise NotApplicable("there is one Keras only on this stack")

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.foreign = other(5)
            self.head = own(3)

        def call(self, inputs):
            return self.head(self.foreign(inputs))

    return Top()
