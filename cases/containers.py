"""Containers: sublayers kept in a list, a tuple, a dict or another collection, made in one go.

Each case chains layers of 5 features, so that swapped weights would go unnoticed by their shapes
and show in their values. What is done to a container later is in container_mutations.
"""

import collections
import dataclasses
import json
import typing

from nestprobe import case, keras_issue, tensorflow_issue

OWNERS = {"owner": ("layer", "model")}

#: Tests of tf.keras for lists, dicts and tuples of layers, as they were when TF 2.1 was made.
TRACKING_TESTS = (
    "https://github.com/tensorflow/tensorflow/blob/021bfd4e8001ca9ded726921e90d61594c044419"
    "/tensorflow/python/keras/tests/tracking_test.py"
)


def in_turn(layers, inputs):
    """``inputs`` through one layer after the other."""
    for layer in layers:
        inputs = layer(inputs)
    return inputs


@case(
    parameters=3 * (5 * 5 + 5),
    variants=OWNERS,
    sources=[tensorflow_issue(28748), tensorflow_issue(29073), tensorflow_issue(30786)],
)
def list_of_layers(k, owner):
    """count_params() is wrong for a layer that keeps its sublayers in a list.

    Three Dense layers in one list attribute, called one after the other.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = [k.layers.Dense(5) for _ in range(3)]

        def call(self, inputs):
            return in_turn(self.blocks, inputs)

    return k.as_model(Holder())


@case(
    parameters=2 * (5 * 5 + 5),
    variants={"owner": ("layer", "model"), "kept": ("attribute", "in-list")},
    sources=[tensorflow_issue(22140), TRACKING_TESTS],
)
def tuple_of_layers(k, owner, kept):
    """Layers in a tuple, or in a tuple inside a list, are not saved and not trained.

    Two Dense layers in a tuple: the attribute itself, or the one element of a list attribute.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            pair = (k.layers.Dense(5), k.layers.Dense(5))
            self.blocks = pair if kept == "attribute" else [pair]

        def call(self, inputs):
            return in_turn(self.blocks if kept == "attribute" else self.blocks[0], inputs)

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(19503)])
def namedtuple_of_layers(k, owner):
    """TypeError or missing weights when a namedtuple of layers is an attribute.

    Two Dense layers are the fields of one namedtuple.
    """

    class Blocks(typing.NamedTuple):
        first: object
        second: object

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = Blocks(first=k.layers.Dense(5), second=k.layers.Dense(5))

        def call(self, inputs):
            return self.blocks.second(self.blocks.first(inputs))

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[TRACKING_TESTS])
def dict_of_layers(k, owner):
    """Layers in a dict are missing from model.layers and summary().

    Two Dense layers under string keys.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = {"first": k.layers.Dense(5), "second": k.layers.Dense(5)}

        def call(self, inputs):
            return self.blocks["second"](self.blocks["first"](inputs))

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[TRACKING_TESTS])
def dict_against_its_order(k, owner):
    """Layers in a dict change places in a weights file from one Keras to the next.

    Two Dense layers under keys that were put in against their order.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = {"second": k.layers.Dense(5), "first": k.layers.Dense(5)}

        def call(self, inputs):
            return self.blocks["second"](self.blocks["first"](inputs))

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), about=("checkpoint",), variants=OWNERS, sources=[TRACKING_TESTS])
def dict_with_int_keys(k, owner):
    """Saving fails with "non-string key" when layers are kept in a dict by number.

    Two Dense layers under the keys 0 and 1.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = {0: k.layers.Dense(5), 1: k.layers.Dense(5)}

        def call(self, inputs):
            return self.blocks[1](self.blocks[0](inputs))

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(22145), keras_issue(22331)])
def ordered_dict_of_layers(k, owner):
    """Layers in an OrderedDict lose their type, their order or their tracking.

    Two Dense layers in an OrderedDict, called in its order.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = collections.OrderedDict(
                [("second", k.layers.Dense(5)), ("first", k.layers.Dense(5))]
            )

        def call(self, inputs):
            return in_turn(self.blocks.values(), inputs)

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS)
def default_dict_of_layers(k, owner):
    """Layers in a collections.defaultdict are missing from the weights.

    Two Dense layers put into a defaultdict before it becomes an attribute.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            blocks = collections.defaultdict(list)
            blocks["first"] = k.layers.Dense(5)
            blocks["second"] = k.layers.Dense(5)
            self.blocks = blocks

        def call(self, inputs):
            return in_turn(self.blocks.values(), inputs)

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS)
def default_dict_autocreate(k, owner):
    """A defaultdict that makes its layers on first use: they are called but not counted.

    The dict is empty until call() asks it for two keys.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = collections.defaultdict(lambda: k.layers.Dense(5))

        def call(self, inputs):
            return self.blocks["second"](self.blocks["first"](inputs))

    return k.as_model(Holder())


@case(parameters=5 * 5 + 5, variants=OWNERS)
def set_of_layers(k, owner):
    """Layers in a set are missing from the weights.

    One layer only: the order of a set of objects differs from run to run.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = {k.layers.Dense(5)}

        def call(self, inputs):
            return in_turn(self.blocks, inputs)

    return k.as_model(Holder())


@case(parameters=5 * 5 + 5, variants=OWNERS)
def frozenset_of_layers(k, owner):
    """Layers in a frozenset are missing from the weights.

    One layer only: the order of a set of objects differs from run to run.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = frozenset([k.layers.Dense(5)])

        def call(self, inputs):
            return in_turn(self.blocks, inputs)

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS)
def deque_of_layers(k, owner):
    """Layers in a collections.deque are missing from the weights.

    Two Dense layers in a deque, called in its order.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = collections.deque([k.layers.Dense(5), k.layers.Dense(5)])

        def call(self, inputs):
            return in_turn(self.blocks, inputs)

    return k.as_model(Holder())


class Stack(list):
    """A user's own list with a word more."""

    def run(self, inputs):
        return in_turn(self, inputs)


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS)
def list_subclass_of_layers(k, owner):
    """Layers in a class derived from list: lost weights, or the class's own methods are gone.

    Two Dense layers in a list subclass, called through its own method.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = Stack([k.layers.Dense(5), k.layers.Dense(5)])

        def call(self, inputs):
            return self.blocks.run(inputs)

    return k.as_model(Holder())


@dataclasses.dataclass
class Pair:
    """Two layers as the fields of a dataclass."""

    first: object
    second: object


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS)
def dataclass_of_layers(k, owner):
    """Layers in the fields of a dataclass are missing from the weights.

    Two Dense layers, reached through one dataclass attribute.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = Pair(first=k.layers.Dense(5), second=k.layers.Dense(5))

        def call(self, inputs):
            return self.blocks.second(self.blocks.first(inputs))

    return k.as_model(Holder())


@case(parameters=4 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(20598)])
def nested_list_of_layers(k, owner):
    """Layers in a list of lists are not saved or loaded correctly.

    Two rows of two Dense layers.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = [[k.layers.Dense(5) for _ in range(2)] for _ in range(2)]

        def call(self, inputs):
            for row in self.blocks:
                inputs = in_turn(row, inputs)
            return inputs

    return k.as_model(Holder())


@case(
    parameters=5 * 5 + 5,
    about=("clone",),
    variants={
        "owner": ("layer", "model"),
        "option": ("list", "dict"),
        "encoder": ("keras", "json"),
    },
    sources=[tensorflow_issue(22853), tensorflow_issue(29170)],
)
def container_config_json(k, owner, option, encoder):
    """A list or dict attribute is not JSON serializable: it became a ListWrapper or _DictWrapper.

    The layer keeps an option that is a list of dicts, or a dict holding a list, and gives it
    back from get_config(): as it is, for Keras to encode, or encoded by the json module.
    """

    class Holder(k.base(owner)):
        def __init__(self, options, **kwargs):
            super().__init__(**kwargs)
            self.options = json.loads(options) if isinstance(options, str) else options
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

        def get_config(self):
            options = json.dumps(self.options) if encoder == "json" else self.options
            return {"options": options, "name": self.name}

    return k.as_model(Holder([{"rate": 1}] if option == "list" else {"rates": [1, 2]}))
