"""Rules: behind what it stands."""

from nestprobe.doctor.rule import LOST, Rule

RULES = (
    Rule(
        id="plain-object",
        title="held by an object that is no layer",
        cause="Keras looks at attributes that are layers and at containers of them. An ordinary object "
        "or a dataclass is opaque to it, and so is all that it holds.",
        mend="# as an attribute of the layer itself, once all is there; the holder may stay:\n"
        "self.{attribute} = holder.{attribute}",
        kinds=LOST,
        cases=("plain-object-holds-layer", "dataclass-of-layers"),
    ),
    Rule(
        id="tf-module",
        title="held by a tf.Module",
        cause="A tf.Module lists its own variables; Keras does not ask it in every release, and the "
        "weights file by paths does not look into it.",
        mend="class {cls}(keras.layers.Layer):  # a layer in the place of the tf.Module\n    ...",
        kinds=LOST,
        cases=("tf-module-in-layer", "layer-in-tf-module"),
    ),
    Rule(
        id="closure",
        title="captured by a function",
        cause="A function is no container: what it closes over, or carries as a default, Keras cannot see.",
        mend="self.{attribute} = {attribute}  # what the function uses, kept beside the function itself",
        kinds=LOST,
        cases=("closure-captured-layer",),
    ),
    Rule(
        id="lambda-layer",
        title="captured by the function of a Lambda layer",
        cause="A Lambda layer has no state: what its function uses is not tracked.",
        mend="class {cls}(keras.layers.Layer):  # a layer of its own in the place of the Lambda\n"
        "    def __init__(self, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        "        self.{attribute} = ...\n"
        "\n"
        "    def call(self, inputs):\n"
        "        return self.{attribute}(inputs)",
        kinds=LOST + ("raises",),
        cases=("lambda-captures-layer", "lambda-captures-variable"),
    ),
    Rule(
        id="global-object",
        title="reached through a global variable",
        cause="call() finds it by a name of the module. No attribute of the model leads to it.",
        mend="def __init__(self, {attribute}, **kwargs):\n"
        "    super().__init__(**kwargs)\n"
        "    self.{attribute} = {attribute}  # handed in, and kept as an attribute",
        kinds=LOST,
        cases=("global-layer",),
    ),
    Rule(
        id="mixed-keras",
        title="a layer of another Keras",
        cause="keras, tf_keras and tensorflow.python.keras are different libraries. A layer of one is a "
        "foreign object to a model of the other.",
        mend="# import every layer from one Keras\nfrom tensorflow import keras",
        kinds=LOST + ("raises",),
        cases=("keras-and-tf-keras-mixed",),
    ),
)
