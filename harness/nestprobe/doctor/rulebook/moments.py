"""Rules: when it is made, called and built."""

from nestprobe.doctor.rule import LOST, Rule

RULES = (
    Rule(
        id="made-in-call",
        title="made anew in every call()",
        cause="call() makes a layer or variable and keeps it nowhere: each call computes with fresh "
        "weights, and none of them is ever counted, trained or saved. Within tf.function it is an "
        "error.",
        mend="def __init__(self, **kwargs):\n"
        "    super().__init__(**kwargs)\n"
        "    self.{attribute} = ...  # made once; call() only uses it",
        kinds=LOST + ("raises",),
        cases=("layer-made-locally-in-call", "layer-made-in-call-under-fit"),
    ),
    Rule(
        id="state-after-build",
        title="a layer or weight is added after the layer was built",
        cause="Keras 3 closes the list of what a layer holds when it is built. An attribute set, or a "
        "list appended to, after that is refused.",
        mend="def __init__(self, **kwargs):\n"
        "    super().__init__(**kwargs)\n"
        "    self.{attribute} = ...  # all state in __init__() or build(); to change it, make the model anew",
        kinds=("raises", "uncounted", "untrained", "unsaved", "unrestored"),
        cases=(
            "layer-appended-after-build",
            "layer-set-after-build",
            "layer-overwritten-after-build",
            "layer-made-lazily-in-call",
            "private-list-append",
        ),
    ),
    Rule(
        id="overwritten",
        title="overwritten by another of the same attribute",
        cause="add_weight() enters the weight in the layer's list. Keras 2 takes it off when the "
        "attribute is set again, Keras 3 does not: the first one stays counted and is never read.",
        mend="def build(self, input_shape):  # each weight once, also in derived classes\n"
        "    self.{attribute} = self.add_weight(...)",
        kinds=("overcounted",),
        cases=("article-example-3-with-super", "weight-overwritten", "variable-overwritten-order"),
        decisive=("article-example-3-with-super",),
    ),
    Rule(
        id="removed-still-counted",
        title="deleted or taken off its list, and still counted",
        cause="Deleting the attribute, or a slice of a list, does not take what was there off the list "
        "of what is tracked.",
        mend="# decide before build() which layers there are\nself.{attribute} = [...]",
        kinds=("overcounted",),
        cases=("list-slice-deleted", "layer-deleted", "weight-deleted", "layer-overwritten-after-build"),
    ),
    Rule(
        id="used-only-in-training",
        title="built only where training is true",
        cause="A layer gets its weights at its first call. One that call() uses only in training has "
        "none before, so that a summary, a weights file or a fresh instance without a training "
        "step lacks them.",
        mend="def build(self, input_shape):\n"
        "    self.{attribute}.build(input_shape)  # built with its parent, whether called or not\n"
        "    self.built = True",
        kinds=("uncounted", "unsaved", "unrestored", "raises"),
        cases=("sublayer-used-only-in-training",),
    ),
    Rule(
        id="never-called",
        title="a layer that the forward pass never calls",
        cause="It was made and is an attribute, but call() does not use it: it has no weights, or "
        "weights that nothing reads.",
        mend="del self.{attribute}  # or use it in call()",
        kinds=("unbuilt", "overcounted"),
        cases=("unused-sublayer",),
    ),
    Rule(
        id="build-leaves-children",
        title="build() does not build the layers within",
        cause="A layer's build() makes its own weights. The layers that it holds are built by their "
        "first call; after model.build(shape) alone they have no weights, and count as zero.",
        mend="# Once, before anything is counted: each layer within is built for the shape that reaches it.\n"
        "model(inputs)  # or, without data: model(keras.Input(shape=...))",
        kinds=("build-alone",),
        cases=(
            "build-skips-child",
            "child-made-in-build",
            "composition-over-inheritance",
            "sequential-in-layer",
            "default-build-on-model",
            "default-build-on-layer",
            "lazy-sequential-nested",
        ),
    ),
    Rule(
        id="read-once",
        title="read once when the layer was made, and never again",
        cause="A tensor was computed from the variable in __init__(). call() uses the tensor: the "
        "variable is counted, but nothing that an optimizer does to it has any effect.",
        mend="def call(self, inputs):\n"
        "    kernel = tf.concat([self.left, self.right], axis=1)  # computed in call(), from the variables",
        kinds=("overcounted",),
        cases=("concat-of-variables",),
    ),
    Rule(
        id="metric-state",
        title="the state of a metric",
        cause="A metric that is an attribute is tracked like a layer; its total and count are counted "
        "as parameters in some releases.",
        mend="# no loss: subtract it, or keep the metric outside the model\nmodel.compile(metrics=[...])",
        kinds=("overcounted",),
        cases=("metric-on-layer", "metric-on-model"),
    ),
    Rule(
        id="derived-state",
        title="state from which the layer derives what it computes with",
        cause="A Normalization keeps mean and variance as weights, and computes with values that it "
        "derived from them when it was adapted.",
        mend="# no loss: the weights are counted and saved, and the derived values are made again from them",
        kinds=("overcounted",),
        cases=("normalization-adapted",),
    ),
    Rule(
        id="never-read",
        title="a weight that the forward pass never reads",
        cause="It is counted, saved and handed to the optimizer, and neither inference nor training "
        "reads it.",
        mend="# do not make it, or use it in call()",
        kinds=("overcounted",),
        cases=(),
    ),
    Rule(
        id="listed-twice",
        title="listed more than once",
        cause="Two ways lead to one variable, and the list of weights names it for each.",
        mend="self.{attribute} = ...  # keep it in one place",
        kinds=("overcounted",),
        cases=(),
    ),
)
