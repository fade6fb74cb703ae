"""Save, load, clone: what comes back, from which file, and in which order.

Each case says what it is about: the weights file, the model file, a TF checkpoint or a clone.
"""

from nestprobe import NotApplicable, case, keras_issue, tensorflow_issue

DENSE = 5 * 5 + 5


def chain(k, keep):
    """A Model whose attribute ``blocks`` is ``keep(layers)`` of three Dense layers called in turn."""

    class Chain(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = keep([k.layers.Dense(5, name="block_%d" % place) for place in range(3)])

        def all_blocks(self, kept):
            if isinstance(kept, dict):
                kept = kept.values()
            for one in kept:
                if isinstance(one, (list, tuple)):
                    for inner in self.all_blocks(one):
                        yield inner
                else:
                    yield one

        def call(self, inputs):
            for block in sorted(self.all_blocks(self.blocks), key=lambda one: one.name):
                inputs = block(inputs)
            return inputs

    return Chain()


@case(parameters=3 * DENSE)
def weights_file_flat_list(k):
    """Does save_weights() to .weights.h5 keep layers that stand in a list, and load_weights() their order?

    Three Dense layers of one shape in a list attribute.
    """
    return chain(k, lambda layers: layers)


@case(parameters=3 * DENSE, sources=[keras_issue(20598), keras_issue(22362)])
def weights_file_nested_list(k):
    """Layers in a list of lists are not saved by save_weights().

    Three Dense layers of one shape in a list of two lists.
    """
    return chain(k, lambda layers: [layers[:1], layers[1:]])


#: How many times weights_file_set made its model in this process.
MADE = []


@case(parameters=3 * DENSE)
def weights_file_set(k):
    """Layers kept in a set: are they saved, and do they come back in the right place?

    Three Dense layers of one shape in a set attribute, called in the order of their names. A set is
    walked in the order of hashes, which are addresses as a rule and differ from one instance to the
    next; here they are pinned, and the other way round in every other instance.
    """
    MADE.append(None)
    turned = -1 if len(MADE) % 2 else 1

    class Placed(k.layers.Dense):
        def __hash__(self):
            return 5 + turned * int(self.name[-1])

    class Chain(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = {Placed(5, name="block_%d" % place) for place in range(3)}

        def call(self, inputs):
            for block in sorted(self.blocks, key=lambda one: one.name):
                inputs = block(inputs)
            return inputs

    return Chain()


@case(
    parameters=2 * DENSE,
    variants={"names": ("same", "different", "built-by-parent")},
    sources=[tensorflow_issue(41021)],
)
def weights_file_duplicate_names(k, names):
    """Unable to create link, or Unable to create dataset (name already exists), on save_weights().

    Two weights of one layer have the same name, or, beside it, names of their own; or the parent builds
    two Dense layers in its own ``build()``, and each calls its kernel "kernel".
    """

    class Parent(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = k.layers.Dense(5, name="first")
            self.second = k.layers.Dense(5, name="second")

        def build(self, input_shape):
            self.first.build(input_shape)
            self.second.build(input_shape)
            self.built = True

        def call(self, inputs):
            return self.second(self.first(inputs))

    class Twin(k.Layer):
        def build(self, input_shape):
            second = "kernel" if names == "same" else "kernel_2"
            self.first = self.add_weight(name="kernel", shape=(5, 5))
            self.first_bias = self.add_weight(name="bias", shape=(5,))
            self.second = self.add_weight(name=second, shape=(5, 5))
            self.second_bias = self.add_weight(name="bias_2", shape=(5,))
            self.built = True

        def call(self, inputs):
            hidden = k.matmul(inputs, self.first) + self.first_bias
            return k.matmul(hidden, self.second) + self.second_bias

    return k.as_model(Parent() if names == "built-by-parent" else Twin())


@case(
    parameters=2 * DENSE,
    variants={"owner": ("layer", "model"), "names": ("stem-head", "body-tail")},
)
def attributes_around_layers(k, owner, names):
    """A weights file of another release is refused: expected 2 variables, but received 0 variables.

    Two Dense layers as attributes whose names sort on either side of ``layers``.
    """
    first, second = names.split("-")

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            setattr(self, first, k.layers.Dense(5))
            setattr(self, second, k.layers.Dense(5))

        def call(self, inputs):
            return getattr(self, second)(getattr(self, first)(inputs))

    return k.as_model(Holder())


@case(parameters=3 * DENSE, about=("checkpoint",), sources=[keras_issue(18398)])
def checkpoint_list_of_layers(k):
    """tf.train.Checkpoint does not restore layers that are kept in a list.

    Three Dense layers in a list attribute of a model.
    """
    return chain(k, lambda layers: layers)


@case(parameters=3 * DENSE, about=("checkpoint",), sources=[keras_issue(18398)])
def checkpoint_dict_of_layers(k):
    """tf.train.Checkpoint does not restore layers that are kept in a dict.

    Three Dense layers in a dict attribute of a model.
    """
    return chain(k, lambda layers: {layer.name: layer for layer in layers})


@case(parameters=2 * DENSE, about=("checkpoint",), sources=[tensorflow_issue(39738)])
def checkpoint_sequential_subclass(k):
    """The layers of a subclass of Sequential are not saved in a TF checkpoint.

    Two Dense layers are added in the ``__init__`` of a class derived from Sequential.
    """

    class Stack(k.Sequential):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.add(k.layers.Dense(5))
            self.add(k.layers.Dense(5))

    return Stack()


def configured(k, base):
    """A class derived from ``base`` that holds a Dense of ``units`` and says so in its config."""

    class Configured(base):
        def __init__(self, units=5, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.dense = k.layers.Dense(units)

        def call(self, inputs):
            return self.dense(inputs)

        def get_config(self):
            return {"units": self.units}

        @classmethod
        def from_config(cls, config):
            return cls(units=config["units"])

    return Configured


@case(parameters=DENSE, about=("model-file",))
def model_file_subclass_with_config(k):
    """Can a subclassed model with get_config() be saved to one file and loaded with its weights?

    A Model of one Dense that gives its one argument back in ``get_config``.
    """
    return configured(k, k.Model)()


@case(parameters=DENSE, about=("model-file",))
def model_file_subclass_without_config(k):
    """Saving a subclassed model without get_config(): NotImplementedError or a file that does not load.

    A Model of one Dense whose constructor takes an argument that no config mentions.
    """

    class Plain(k.Model):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(units)

        def call(self, inputs):
            return self.dense(inputs)

    return Plain(5)


@case(parameters=DENSE + (5 * 3 + 3), about=("clone",))
def clone_nested(k):
    """from_config() of a functional model with a nested model: are layers lost or shared?

    A functional model holds another one; it is made again from its own config.
    """
    inner_inputs = k.keras.Input(shape=(5,))
    inner = k.Model(inner_inputs, k.layers.Dense(5)(inner_inputs))
    inputs = k.keras.Input(shape=(5,))
    return k.Model(inputs, k.layers.Dense(3)(inner(inputs)))


@case(parameters=DENSE, trainable=0, sources=[keras_issue(21120)])
def clone_recursive_two_levels(k):
    """clone_model(recursive=True) with a clone_function reaches one level of nesting only.

    A Dense in a functional model in another in a third; the clone function makes each layer anew with
    ``trainable=False``, so that nothing of the clone is meant to be trained.
    """
    import inspect

    clone_model = k.keras.models.clone_model
    if "recursive" not in inspect.signature(clone_model).parameters:
        raise NotApplicable("clone_model() has no argument recursive on this stack")

    def frozen(layer):
        return type(layer).from_config(dict(layer.get_config(), trainable=False))

    inputs = k.keras.Input(shape=(5,))
    model = k.Model(inputs, k.layers.Dense(5)(inputs), name="inner")
    for name in ("mid", "outer"):
        inputs = k.keras.Input(shape=(5,))
        model = k.Model(inputs, model(inputs), name=name)
    return clone_model(model, clone_function=frozen, recursive=True)


@case(parameters=DENSE, about=("clone",), variants={"owner": ("layer", "model")})
def from_config_nested(k, owner):
    """Does from_config(get_config()) give a nested custom layer the weights it should have?

    A layer or model with a config of its own; the layer is the one layer of a Sequential.
    """
    return k.as_model(configured(k, k.base(owner))())
