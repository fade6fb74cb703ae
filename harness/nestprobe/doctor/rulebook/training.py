"""Rules: what is trained."""

from nestprobe.doctor.rule import Rule

RULES = (
    Rule(
        id="frozen-ancestor",
        title="enabled within something that is frozen",
        cause="Keras 2 does not train what is within a frozen layer, whatever its own `trainable` says. "
        "Keras 3 goes by the flag of the layer itself and that of the model that is trained, and by none "
        "between: the list of trainable weights of a frozen model is empty.",
        mend="model.trainable = True  # enable from the top, then freeze what is to stay as it is, and not\n"
        "for layer in model.layers:  # what holds the part: Keras 2 would train nothing within it\n"
        "    if layer is not model.holder:\n"
        "        layer.trainable = False\n"
        "model.holder.other.trainable = False  # what is beside {place} in its holder, each by itself",
        kinds=("untrained",),
        cases=("child-reenabled", "unfrozen-within-frozen-base"),
    ),
    Rule(
        id="frozen-too-early",
        title="frozen before the layers within were there",
        cause="Setting `trainable` hands the flag on to the layers that are there at that moment. Keras 3 "
        "trains those that come later, or are enabled again, although their holder is frozen.",
        mend="model(inputs)  # build first; then freeze, by a change of the flag:\n"
        "{place}.trainable = True\n"
        "{place}.trainable = False  # Keras 3 on TensorFlow passes over a value that it has already",
        kinds=("overtrained",),
        cases=(
            "constructor-trainable-false",
            "parent-frozen-before-child",
            "clone-recursive-two-levels",
        ),
        decisive=("parent-frozen-before-child",),
    ),
    Rule(
        id="frozen-before-build",
        title="frozen before it was built, and trained all the same",
        cause="This release gives a variable the flag of its layer when it is made only in part: what "
        "was frozen before it had variables is trained. On TensorFlow it also passes over a flag that is set "
        "to what it is already.",
        mend="model(inputs)  # build first; then freeze, by a change of the flag if it is False already:\n"
        "{place}.trainable = True\n"
        "{place}.trainable = False",
        kinds=("overtrained",),
        cases=("batch-norm-frozen-nested", "variable-flag-disagrees", "constructor-trainable-false"),
        decisive=("batch-norm-frozen-nested",),
    ),
    Rule(
        id="compile-order",
        title="`trainable` was changed after compile()",
        cause="What is to be trained is noted when the model is compiled, or when its training function "
        "is made. What is frozen or enabled after that has no effect until compile() is called "
        "again.",
        mend="{place}.trainable = ...\nmodel.compile(...)  # after every change of trainable",
        kinds=("untrained", "overtrained"),
        cases=("frozen-after-compile", "unfrozen-after-compile"),
        keras="2",
    ),
    Rule(
        id="built-while-frozen",
        title="built while it was frozen",
        cause="Where TensorFlow computes, Keras 3 makes the variables of a layer that is frozen as the first "
        "call of the custom layer or model around it builds it such that no gradient tape watches them. "
        "That stays so when the layer is enabled later; compile() does not change it.",
        mend="model(inputs)  # build it before anything is frozen\n"
        "{place}.trainable = False\n"
        "model.compile(...)  # after every change of trainable\n"
        "\n"
        "# of one that was built frozen: make it anew like this, and new.set_weights(model.get_weights())",
        kinds=("untrained",),
        cases=("unfrozen-after-compile",),
        keras="3",
    ),
    Rule(
        id="no-gradient",
        title="no gradient reaches it",
        cause="The forward pass reads the variable, but its output does not depend on it in a way that "
        "can be differentiated: a rounding, an argmax, a stop_gradient or a detour through NumPy "
        "is between.",
        mend="# keep to differentiable operations between the variable and the output,\n"
        "# or say that it is not to be trained:\n"
        "self.{attribute}.trainable = False  # the layer; of one weight: add_weight(..., trainable=False)",
        kinds=("untrained",),
        cases=(),
    ),
)
