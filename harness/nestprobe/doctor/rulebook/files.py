"""Rules: the weights file."""

from nestprobe.doctor.rule import Rule

RULES = (
    Rule(
        id="model-own-weights",
        title="weights of the Model itself, beside those of its layers",
        cause="The HDF5 weights file goes by model.layers: it holds the weights of the layers, and in "
        "some releases not those that the Model itself made.",
        mend="class Own(keras.layers.Layer):  # put them into a layer\n"
        "    def build(self, input_shape):\n"
        '        self.{name} = self.add_weight(name="{name}", shape=...)',
        kinds=("unsaved", "unrestored"),
        cases=(
            "add-weight-appended",
            "add-weight-dropped",
            "add-weight-unnamed",
            "build-skips-child",
            "weight-overwritten",
            "weight-deleted",
            "raw-variable-in-list",
            "raw-variable-appended",
            "raw-variable-in-init",
        ),
        decisive=("add-weight-dropped",),
    ),
    Rule(
        id="same-names",
        title="two weights of one layer have the same name",
        cause="The HDF5 weights file keeps the weights of a top-level layer under their names. Two of "
        "one name (`kernel` of two sublayers built by their parent, or `Variable` of two raw "
        "variables) cannot both be written.",
        mend='self.{attribute} = self.add_weight(name="{name}_2", shape=...)  # a name of its own each\n'
        "# sublayers: leave building to their first call, or build each within its own name scope",
        kinds=("raises",),
        cases=(
            "add-weight-unnamed",
            "weights-file-duplicate-names",
            "conditional-sublayer",
            "raw-variable-in-list",
            "raw-variable-in-init",
            "raw-variable-appended",
            "concat-of-variables",
            "stacked-rnn-cells",
        ),
        decisive=("weights-file-duplicate-names",),
    ),
    Rule(
        id="weights-order",
        title="the order of the weights is not what was taken for granted",
        cause="Keras 2 lists trainable weights before frozen ones, of a model and of each layer that holds "
        "others, and a layer's own weights before or after those of its sublayers, by release. Freezing a "
        "layer moves its weights. What goes by the order, as set_weights() and the older HDF5 weights "
        "files do, then raises, or silently gives weights of one shape each other's values.",
        mend="variables = list(model.weights)  # once; or by name: [model.own, *model.inner.weights]\n"
        "saved = keras.backend.batch_get_value(variables)\n"
        "{place}.trainable = False  # moves them in model.weights, and not in this list\n"
        "keras.backend.batch_set_value(list(zip(variables, saved)))\n"
        "# into another model, or from a file: with each `trainable` as it was then; freeze afterwards",
        kinds=("raises",),
        cases=("frozen-sublayer-order", "own-weights-order-layer-and-model"),
    ),
    Rule(
        id="lost-from-checkpoint",
        title="whole in the weights file, and lost from a TF checkpoint",
        cause="A weights file goes by what Keras tracks, a tf.train.Checkpoint by what TensorFlow tracks. "
        "Keras 3 puts lists and dicts of its own in the place of a layer's, and TensorFlow does not look "
        "into them: what they hold is in no checkpoint of the model, and restoring one says nothing of it. "
        "With Keras 2 a checkpoint cannot be written of a list that was changed otherwise than by append().",
        mend='model.save_weights("model.weights.h5")  # keeps it; or by the order of the variables:\n'
        "tf.train.Checkpoint(variables=model.variables).write(prefix)  # .read(prefix) once it is built",
        kinds=("uncheckpointed",),
        cases=("checkpoint-list-of-layers", "checkpoint-dict-of-layers"),
    ),
)
