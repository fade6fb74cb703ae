"""Remedies: what a file does not hold, or does not give back."""

from nestbench.site.remedy import Remedy, of_rule
from nestprobe.doctor.rules import rule

__all__ = ["KEPT_IN_CONTAINERS", "REMEDIES"]

#: Cases that keep layers or weights in a list, dict or set, whatever else the doctor finds of them.
KEPT_IN_CONTAINERS = (
    "add-weight-appended",
    "attribute-named-layers",
    "attribute-named-underscore-layers",
    "attributes-named-weights-losses-metrics",
    "child-made-in-build",
    "default-dict-of-layers",
    "dict-against-its-order",
    "dict-of-layers",
    "dict-of-lists-filled-later",
    "dict-with-int-keys",
    "frozen-list-of-layers",
    "list-extend",
    "list-iadd-attribute",
    "list-insert",
    "list-of-layers",
    "list-pop-after-build",
    "list-reversed-then-checkpoint",
    "list-slice-deleted",
    "many-weights",
    "nested-list-of-layers",
    "ordered-dict-of-layers",
    "set-of-layers",
    "stacked-rnn-cells",
    "tuple-of-layers",
    "weights-file-flat-list",
    "weights-file-nested-list",
    "weights-file-set",
    "wide-list",
    "wide-nested-dict",
)
_SAVED_AS_WEIGHTS = (
    'model.save_weights("model.weights.h5")\n'
    "\n"
    "model = Outer(units=5)  # made again by your own code\n"
    "model.predict(inputs)  # builds it\n"
    'model.load_weights("model.weights.h5")'
)

REMEDIES = (
    of_rule(rule("lost-from-checkpoint"), KEPT_IN_CONTAINERS),
    Remedy(
        title="a list that was changed in place after it became an attribute",
        cause="Keras 2 watches a list that is an attribute. An element that was replaced, deleted or moved, "
        "as by `reverse()`, it cannot tell in a TF checkpoint, and none can be written.",
        code="blocks = [...]\n"
        "blocks.reverse()  # as long as it is a list of your own\n"
        "self.blocks = blocks  # set when it is as it stays",
        said=r"Unable to save the object ListWrapper",
    ),
    Remedy(
        title="a dict with keys that are no strings",
        cause="A TF checkpoint names what is in a dict by its key. With Keras 2 none can be written where a "
        "key is no string.",
        code='self.blocks = {"0": layer, "1": other}  # "0" instead of 0',
        said=r"non-string key",
    ),
    Remedy(
        title="a weight that is no attribute",
        cause="A TF checkpoint goes from attribute to attribute. With Keras 3 a weight that add_weight() "
        "made and nothing keeps is in the weights file and in no checkpoint.",
        code='self.kernel = self.add_weight(name="kernel", shape=...)  # kept as an attribute',
        cases=("add-weight-dropped",),
        kinds=("uncheckpointed",),
    ),
    Remedy(
        title="a subclass of Sequential, whose layers this release leaves out of a TF checkpoint",
        cause="What is written holds none of the layers, and reading it says nothing of it. The releases "
        "before and after write them.",
        code='model.save_weights("model.weights.h5")  # keeps them; or by the order of the variables:\n'
        "tf.train.Checkpoint(variables=model.variables).write(prefix)  # .read(prefix) once it is built",
        cases=("checkpoint-sequential-subclass",),
        kinds=("uncheckpointed",),
    ),
    Remedy(
        title="a subclassed model, and a file of HDF5",
        cause="As one file these releases save a model in HDF5. That holds the graph of a functional or "
        "Sequential model, and a subclassed one has none.",
        code=_SAVED_AS_WEIGHTS,
        said=r"saved-model raised NotImplementedError:\s*(Saving the model to HDF5|$)",
    ),
    Remedy(
        title="a subclass whose config does not make it again",
        cause="A model file holds what get_config() returns, and loading it calls the constructor with that. "
        "Without a get_config() of its own a class whose constructor takes an argument is not made again: "
        "loading fails, or saving already.",
        code="def __init__(self, units, **kwargs):\n"
        "    super().__init__(**kwargs)\n"
        "    self.units = units\n"
        "\n"
        "def get_config(self):\n"
        '    return {**super().get_config(), "units": self.units}',
        said=r"could not be deserialized properly|Object \w+ was created by passing",
    ),
    Remedy(
        title="a build() that leaves the layers within to their first call, and a model file",
        cause="Loading a model file makes the model, builds it and then looks for what was saved. A layer "
        "that has no weights by then gets none of its values back, and nothing says so.",
        code="def build(self, input_shape):\n"
        "    self.child.build(input_shape)  # each with the shape that it will be called on\n"
        "    self.built = True",
        cases=("build-skips-child", "child-made-in-build", "own-weights-order-layer-and-model"),
        lossy="the model file",
    ),
    Remedy(
        title="what came after the constructor, and a model file",
        cause="A model file is loaded into what the constructor makes. What was added to the model after "
        "that is in the file and not in the loaded model, and nothing says so.",
        code="def __init__(self, **kwargs):\n"
        "    super().__init__(**kwargs)\n"
        "    self.added = ...  # here, and not later",
        cases=("layer-appended-after-build", "layer-set-after-build"),
        lossy="the model file",
    ),
    Remedy(
        title="a Sequential of unknown input shape, and a file of HDF5",
        cause="These releases cannot build a Sequential that they load if nothing tells them what shape goes "
        "in. It has no layers then to which weights could be loaded.",
        code="model = keras.Sequential([keras.Input(shape=(5,)), Outer()])",
        said=r"load a weight file containing \d+ layers into a model with 0 layers",
    ),
    Remedy(
        title="json.dumps() of an option that is an attribute",
        cause="Keras 2 puts wrappers of its own in the place of a list or dict that is set as an attribute. "
        "Its own encoder knows them, the json module does not.",
        code="def __init__(self, options, **kwargs):\n"
        "    super().__init__(**kwargs)\n"
        "    # before it is an attribute; a config hands in the text\n"
        "    self.options_as_json = options if isinstance(options, str) else json.dumps(options)\n"
        "    self.options = json.loads(self.options_as_json)\n"
        "\n"
        "def get_config(self):\n"
        '    return {"options": self.options_as_json, "name": self.name}',
        said=r"is not JSON serializable",
    ),
    Remedy(
        title="from_config() of a Model takes the config for that of a functional one",
        cause="In these releases it looks for a list of layers in what get_config() returned, whatever class "
        "it is called on.",
        code="@classmethod\ndef from_config(cls, config):\n    return cls(**config)",
        said=r"cloned raised KeyError: '?layers",
    ),
    Remedy(
        title="an adapter that is part of the kernel after loading, and learns nothing",
        cause="A file holds the kernel with the adapter added to it: the output is the same, and nothing of "
        "it is lost. Both matrices of the adapter are zero after loading. Each one's gradient is a multiple "
        "of the other, so that neither is trained from there on.",
        code='model.load_weights("model.weights.h5")\n'
        "first = model.part.lora_kernel_a  # before more training: one of the two must not be zero\n"
        "first.assign(keras.initializers.HeUniform()(first.shape))",
        cases=("lora-enabled",),
        lossy="the weights file",
    ),
    Remedy(
        title="nothing: what was loaded holds the same layer",
        cause="The case makes its Dense outside of its classes, and the model that a file is loaded to holds "
        "that one and none of its own. So the measurement finds no new variable to which a value could come "
        "back. The output of the loaded model is the same; no value is lost.",
        cases=("nested-regularisers",),
        lossy="the model file",
    ),
)
