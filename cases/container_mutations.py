"""Container mutations: a collection of sublayers is changed after it became an attribute.

As in containers, every layer has 5 features, so that an order that was lost shows in the values.
"""

from nestprobe import case, keras_issue, tensorflow_issue

OWNERS = {"owner": ("layer", "model")}

#: Tests of tf.keras for lists and dicts that change outside, as they were when TF 2.1 was made.
TRACKING_TESTS = (
    "https://github.com/tensorflow/tensorflow/blob/021bfd4e8001ca9ded726921e90d61594c044419"
    "/tensorflow/python/keras/tests/tracking_test.py"
)


def in_turn(layers, inputs):
    """``inputs`` through one layer after the other."""
    for layer in layers:
        inputs = layer(inputs)
    return inputs


def holder(k, owner, fill):
    """A layer or model that calls ``self.blocks`` in turn, as ``fill(self)`` left them."""

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            fill(self)

        def call(self, inputs):
            return in_turn(self.blocks, inputs)

    return Holder()


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(20598)])
def list_appended_then_filled(k, owner):
    """Layers put into an inner list after that list was appended to an attribute are not tracked.

    An empty list is appended to the list attribute and gets its two layers afterwards.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = []
            row = []
            self.blocks.append(row)
            row.append(k.layers.Dense(5))
            row.append(k.layers.Dense(5))

        def call(self, inputs):
            return in_turn(self.blocks[0], inputs)

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[TRACKING_TESTS])
def dict_of_lists_filled_later(k, owner):
    """Layers appended to the lists of a dict attribute are not tracked.

    A dict of two empty lists becomes an attribute; each list then gets one layer.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = {"down": [], "up": []}
            self.blocks["down"].append(k.layers.Dense(5))
            self.blocks["up"].append(k.layers.Dense(5))

        def call(self, inputs):
            return in_turn(self.blocks["up"], in_turn(self.blocks["down"], inputs))

    return k.as_model(Holder())


@case(
    parameters=2 * (5 * 5 + 5),
    variants={"owner": ("layer", "model"), "read": ("attribute", "alias")},
    sources=[TRACKING_TESTS],
)
def list_alias_appended(k, owner, read):
    """Layers appended to a list by the name it had before it became an attribute are lost.

    The local list gets two layers after ``self.blocks = blocks``; call() reads the attribute, or
    the local list.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            blocks = []
            self.blocks = blocks
            blocks.append(k.layers.Dense(5))
            blocks.append(k.layers.Dense(5))
            self.outside = lambda: blocks

        def call(self, inputs):
            found = self.blocks if read == "attribute" else self.outside()
            return found[1](found[0](inputs))

    return k.as_model(Holder())


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[TRACKING_TESTS])
def list_iadd_attribute(k, owner):
    """self.layers_list += [layer] does not track the layer.

    Two layers are added to an empty list attribute with +=.
    """

    def fill(self):
        self.blocks = []
        self.blocks += [k.layers.Dense(5), k.layers.Dense(5)]

    return k.as_model(holder(k, owner, fill))


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS)
def list_iadd_alias(k, owner):
    """Layers added with += to a local name of the list attribute are not tracked.

    ``blocks = self.blocks`` and then ``blocks += [...]``, which assigns no attribute.
    """

    def fill(self):
        self.blocks = []
        blocks = self.blocks
        blocks += [k.layers.Dense(5), k.layers.Dense(5)]

    return k.as_model(holder(k, owner, fill))


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[TRACKING_TESTS])
def list_extend(k, owner):
    """Layers added by extend() to a list attribute are not tracked.

    Two layers are added to an empty list attribute.
    """

    def fill(self):
        self.blocks = []
        self.blocks.extend([k.layers.Dense(5), k.layers.Dense(5)])

    return k.as_model(holder(k, owner, fill))


@case(
    parameters=2 * (5 * 5 + 5),
    variants=OWNERS,
    sources=[keras_issue(19575), tensorflow_issue(34488)],
)
def list_insert(k, owner):
    """Layers added by insert() to a list attribute are ignored, or insert() raises TypeError.

    A second layer is inserted in front of the first.
    """

    def fill(self):
        self.blocks = [k.layers.Dense(5)]
        self.blocks.insert(0, k.layers.Dense(5))

    return k.as_model(holder(k, owner, fill))


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS)
def list_set_item(k, owner):
    """A layer replaced by self.layers_list[i] = layer: the old one is counted, the new one is not.

    The second of two layers is replaced before anything is built.
    """

    def fill(self):
        self.blocks = [k.layers.Dense(5), k.layers.Dense(5)]
        self.blocks[1] = k.layers.Dense(5)

    return k.as_model(holder(k, owner, fill))


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(23377)])
def list_slice_deleted(k, owner):
    """Layers removed by del self.layers_list[a:b] are still counted and saved.

    Four layers are built by a call; then the middle two are deleted.
    """

    def fill(self):
        self.blocks = [k.layers.Dense(5) for _ in range(4)]

    outer = holder(k, owner, fill)
    outer(k.ones((2, 5)))
    del outer.blocks[1:3]
    return k.as_model(outer)


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(18811)])
def list_pop_after_build(k, owner):
    """A layer removed from a list by pop() after it was built is still counted.

    Three layers are built by a call; then the last is popped.
    """

    def fill(self):
        self.blocks = [k.layers.Dense(5) for _ in range(3)]

    outer = holder(k, owner, fill)
    outer(k.ones((2, 5)))
    outer.blocks.pop()
    return k.as_model(outer)


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(23124)])
def list_pop_still_an_attribute(k, owner):
    """A layer popped from a list loses its weights although another attribute still holds it.

    The head is an attribute and the last of a list; it is popped from the list and still called.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.head = k.layers.Dense(5)
            self.blocks = [k.layers.Dense(5), self.head]
            self.blocks.pop()

        def call(self, inputs):
            return self.head(in_turn(self.blocks, inputs))

    return k.as_model(Holder())


@case(parameters=3 * (5 * 5 + 5), about=("checkpoint",), variants=OWNERS, sources=[tensorflow_issue(36916)])
def list_reversed_then_checkpoint(k, owner):
    """Unable to save the object ListWrapper: a list element was replaced, deleted or moved.

    A list attribute of three layers is reversed in place in __init__.
    """

    def fill(self):
        self.blocks = [k.layers.Dense(5) for _ in range(3)]
        self.blocks.reverse()

    return k.as_model(holder(k, owner, fill))


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS)
def dict_set_default(k, owner):
    """Layers added to a dict attribute by setdefault() are not tracked.

    Two layers, each put under its key by setdefault() and called by that key.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = {}
            self.blocks.setdefault("first", k.layers.Dense(5))
            self.blocks.setdefault("second", k.layers.Dense(5))

        def call(self, inputs):
            return self.blocks["second"](self.blocks["first"](inputs))

    return k.as_model(Holder())


@case(
    parameters=2 * (5 * 5 + 5),
    about=("checkpoint",),
    variants={"owner": ("layer", "model"), "read": ("attribute", "alias")},
    sources=[tensorflow_issue(35837), TRACKING_TESTS],
)
def dict_mutated_outside(k, owner, read):
    """Checkpoint: the wrapped dictionary was modified outside the wrapper.

    The local dict gets two layers after ``self.blocks = blocks``; call() reads the attribute, or
    the local dict.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            blocks = {}
            self.blocks = blocks
            blocks["first"] = k.layers.Dense(5)
            blocks["second"] = k.layers.Dense(5)
            self.outside = lambda: blocks

        def call(self, inputs):
            found = self.blocks if read == "attribute" else self.outside()
            return found["second"](found["first"](inputs))

    return k.as_model(Holder())
