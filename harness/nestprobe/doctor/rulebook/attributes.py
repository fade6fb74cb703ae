"""Rules: how it became an attribute."""

from nestprobe.doctor.rule import LOST, Rule

RULES = (
    Rule(
        id="raw-variable",
        title="a raw tf.Variable where only Keras's own variables are tracked",
        cause="Keras 3 tracks variables of its own: what add_weight() makes, and a keras.Variable that is "
        "set as an attribute. A tf.Variable that is set as one is read by the forward pass, but no list, "
        "optimizer or weights file of Keras knows it; and it cannot be made while Keras traces call() to "
        "infer a shape.",
        mend="# in the place of tf.Variable(value, trainable=...), in __init__() or build():\n"
        "self.{attribute} = keras.Variable(value, trainable=...)\n"
        "# or, which Keras 2 knows as well:\n"
        "self.{attribute} = self.add_weight(\n"
        '    name="{name}", shape=..., initializer=lambda shape, dtype=None: value, trainable=...\n'
        ")",
        kinds=LOST,
        cases=(
            "raw-variable-attribute",
            "raw-variable-in-list",
            "raw-variable-appended",
            "raw-variable-in-init",
            "variable-overwritten-order",
            "private-list-append",
        ),
        decisive=("raw-variable-attribute",),
    ),
    Rule(
        id="variable-made-while-traced",
        title="a raw tf.Variable made while Keras traces call()",
        cause="Where a layer has no build() of its own, Keras 3 runs its call() on tensors without values "
        "to learn what shape comes out, and builds what is within on the way. A tf.Variable whose initial "
        "value is a tensor cannot be made there.",
        mend="def build(self, input_shape):  # of the shape, and with the value, of the tf.Variable\n"
        "    self.{attribute} = self.add_weight(\n"
        '        name="{name}", shape=..., initializer=lambda shape, dtype=None: value, trainable=...\n'
        "    )",
        kinds=("raises",),
        cases=("article-example-1",),
    ),
    Rule(
        id="variables-in-list",
        title="tf.Variables appended to a list attribute",
        cause="What Keras 2 learns of a list attribute, it learns when the list is assigned. Layers "
        "that are appended later are found through the list, raw variables of a Layer are not in "
        "every release; the weights file of later releases does not look into the list for them. The "
        "weights file of others leaves out whatever weights a Model has of its own: of a Model, they "
        "belong into a layer that it holds.",
        mend="self.{attribute} = []  # of a Layer; what a Model has of its own not every weights file holds\n"
        "for number, shape in enumerate(shapes):\n"
        '    self.{attribute}.append(self.add_weight(name="{name}_%d" % number, shape=shape))',
        kinds=LOST,
        cases=("raw-variable-appended", "raw-variable-in-list", "raw-variable-in-init"),
        decisive=("raw-variable-appended",),
        gives_way=("raw-variable",),
    ),
    Rule(
        id="class-attribute",
        title="the attribute exists on the class already",
        cause="Where the class has an attribute of that name (`{attribute} = None` in its body), Keras "
        "2 takes it for a property, and stores the layer without tracking it.",
        mend="class {cls}(...):\n"
        "    # no `{attribute} = None` here; for type checkers write an annotation without a value:\n"
        '    {attribute}: "keras.layers.Layer"',
        kinds=LOST + ("raises",),
        cases=("class-attribute-shadow",),
    ),
    Rule(
        id="made-in-class-body",
        title="made in the body of the class",
        cause="Keras tracks what is assigned to an instance. What the body of the class makes is an "
        "attribute all the same, passes no __setattr__ and is tracked nowhere; and every instance shares it.",
        mend="def __init__(self, **kwargs):\n"
        "    super().__init__(**kwargs)\n"
        "    self.{attribute} = ...  # here, not in the body of the class: each instance has its own",
        kinds=LOST,
        cases=(),
    ),
    Rule(
        id="dict-bypass",
        title="stored without __setattr__",
        cause="Keras tracks in __setattr__. What is put into self.__dict__, set by object.__setattr__ "
        "or under no_automatic_dependency_tracking never passes it.",
        mend='self.{attribute} = ...  # instead of self.__dict__["{attribute}"] = ...',
        kinds=LOST,
        cases=("instance-dict-bypass",),
    ),
    Rule(
        id="super-init-first",
        title="attributes set before super().__init__(), or super().__init__() never called",
        cause="The lists in which Keras keeps what it tracks are made by the constructor of its class. "
        "Before that there is nothing to track with.",
        mend="def __init__(self, **kwargs):\n"
        "    super().__init__(**kwargs)  # first\n"
        "    self.{attribute} = ...",
        kinds=LOST + ("raises",),
        cases=("attributes-before-super-init", "super-init-never-called"),
    ),
    Rule(
        id="reserved-name",
        title="the attribute has the name of a property of Keras",
        cause="`layers`, `weights`, `losses`, `metrics` and, in a subclass of a Keras layer, names such "
        "as `kernel` are properties of the Keras class. They cannot be set.",
        mend="self.my_{attribute} = ...  # any name that Keras does not use itself",
        kinds=("raises",),
        cases=("attribute-named-layers", "attributes-named-weights-losses-metrics", "kernel-swapped-in-call"),
    ),
    Rule(
        id="private-name",
        title="the attribute has a private name of Keras",
        cause="Keras keeps its own list of sublayers in `_layers`. A list of that name is counted and "
        "trained, but the weights file of Keras 3 passes over attributes that its own class has.",
        mend="self.blocks = [...]  # instead of self.{attribute} = [...]",
        kinds=("unsaved", "unrestored", "raises"),
        cases=("attribute-named-underscore-layers",),
    ),
)
