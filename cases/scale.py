"""Scale: the same nesting in several sizes, for what grows with depth, width or number of calls."""

from nestprobe import case, keras_issue, tensorflow_issue

DENSE = 5 * 5 + 5
SIZES = {"n": ("4", "16")}
#: What `nestbench growth` runs over.
DOUBLED = {"n": tuple(2**power for power in range(10))}


def link_of(k, builds):
    """A layer class that holds the next link, or calls ``leaf`` where there is none."""

    class Link(k.Layer):
        def __init__(self, inner, **kwargs):
            super().__init__(**kwargs)
            self.inner = inner

        if builds:

            def build(self, input_shape):
                self.inner.build(input_shape)
                self.built = True

        def call(self, inputs):
            return self.inner(inputs)

    return Link


def chain_of(k, leaf, n, builds=False):
    """``n`` layers, each holding the next, around ``leaf``."""
    link = link_of(k, builds)
    for _ in range(int(n)):
        leaf = link(leaf)
    return k.as_model(leaf)


@case(parameters=DENSE, variants=SIZES, sizes=DOUBLED)
def deep_chain(k, n):
    """Building a model of deeply nested layers gets slower and slower with depth.

    ``n`` layers each holding the next, none with a ``build()`` of its own, around a Dense.
    """
    return chain_of(k, k.layers.Dense(5), n)


@case(parameters=DENSE, variants=SIZES, sizes=DOUBLED)
def deep_chain_explicit_build(k, n):
    """Does a build() in every nested layer make building faster?

    ``n`` layers each holding the next, each building it in its own ``build()``, around a Dense.
    """
    return chain_of(k, k.layers.Dense(5), n, builds=True)


@case(parameters=DENSE, variants=SIZES, sizes=DOUBLED)
def deep_chain_raising_leaf(k, n):
    """An error in a deeply nested layer is slow to appear, or its message is buried.

    ``n`` layers each holding the next around a layer whose ``call`` raises a ValueError.
    """

    class Leaf(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            self.dense(inputs)
            raise ValueError("the leaf says no")

    return chain_of(k, Leaf(), n)


@case(parameters=lambda n: int(n) * DENSE, variants=SIZES, sizes=DOUBLED)
def deep_functional_chain(k, n):
    """Functional models nested in each other: how does building grow with depth?

    Each of ``n`` functional models calls the one before and adds a Dense.
    """
    model = None
    for _ in range(int(n)):
        inputs = k.keras.Input(shape=(5,))
        model = k.Model(inputs, k.layers.Dense(5)(inputs if model is None else model(inputs)))
    return model


@case(
    parameters=DENSE,
    variants={"n": ("100", "1000")},
    sizes={"n": tuple(2**power for power in range(11))},
    sources=[keras_issue(15596)],
)
def long_functional_chain(k, n):
    """RecursionError: maximum recursion depth exceeded when a functional model of many layers is made.

    ``n`` activations in a row and a Dense after them: nothing is nested, and the graph of the model is
    still walked by recursion, a few frames a layer.
    """
    inputs = outputs = k.keras.Input(shape=(5,))
    for _ in range(int(n)):
        outputs = k.layers.Activation("linear")(outputs)
    return k.Model(inputs, k.layers.Dense(5)(outputs))


@case(parameters=DENSE, variants={"n": ("4", "8")}, sizes=DOUBLED)
def deep_sequential_in_sequential(k, n):
    """Sequential in Sequential in Sequential: how does building grow with depth?

    ``n`` Sequential models, each the one layer of the next, around a Dense. Not 16 of them here: on
    TF 2.4 and 2.5 the time doubles with each, and 16 took more than a minute.
    """
    model = k.Sequential([k.layers.Dense(5)])
    for _ in range(int(n)):
        model = k.Sequential([model])
    return model


@case(parameters=lambda n: int(n) * DENSE, variants=SIZES, sizes=DOUBLED)
def wide_list(k, n):
    """A layer with many sublayers in a list: how does building grow with their number?

    ``n`` Dense layers in one list, called in turn.
    """

    class Wide(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = [k.layers.Dense(5) for _ in range(int(n))]

        def call(self, inputs):
            for block in self.blocks:
                inputs = block(inputs)
            return inputs

    return k.as_model(Wide())


@case(parameters=lambda n: int(n) * DENSE, variants=SIZES, sizes=DOUBLED)
def wide_attributes(k, n):
    """Creating a layer with many attributes is slow: does the time grow with the square of their number?

    ``n`` Dense layers as ``n`` attributes, called in turn.
    """

    class Wide(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            for place in range(int(n)):
                setattr(self, "block_%d" % place, k.layers.Dense(5))

        def call(self, inputs):
            for place in range(int(n)):
                inputs = getattr(self, "block_%d" % place)(inputs)
            return inputs

    return k.as_model(Wide())


@case(parameters=lambda n: int(n) * 5, variants=SIZES, sizes=DOUBLED)
def many_weights(k, n):
    """A layer with many weights of its own: how does building grow with their number?

    ``n`` weights of 5 scalars in one layer, added to the input.
    """

    class Many(k.Layer):
        def build(self, input_shape):
            self.offsets = [self.add_weight(name="offset_%d" % p, shape=(5,)) for p in range(int(n))]
            self.built = True

        def call(self, inputs):
            for offset in self.offsets:
                inputs = inputs + offset
            return inputs

    return k.as_model(Many())


@case(parameters=DENSE, variants=SIZES, sizes=DOUBLED)
def many_calls_shared(k, n):
    """One layer called many times in a functional model: how does building grow with the calls?

    One Dense, called ``n`` times in a row on symbolic tensors.
    """
    dense = k.layers.Dense(5)
    inputs = outputs = k.keras.Input(shape=(5,))
    for _ in range(int(n)):
        outputs = dense(outputs)
    return k.Model(inputs, outputs)


@case(parameters=lambda n: int(n) * DENSE, variants=SIZES, sizes={"n": DOUBLED["n"][1:]})
def wide_nested_dict(k, n):
    """Large nested dicts as attributes of a layer: do they make construction slow?

    ``n`` Dense layers in a dict of dicts, two in each.
    """

    class Wide(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = {
                "pair_%d" % place: {"left": k.layers.Dense(5), "right": k.layers.Dense(5)}
                for place in range(int(n) // 2)
            }

        def call(self, inputs):
            for place in range(int(n) // 2):
                pair = self.blocks["pair_%d" % place]
                inputs = pair["right"](pair["left"](inputs))
            return inputs

    return k.as_model(Wide())


@case(
    parameters=lambda depth: 2 ** int(depth) * DENSE,
    variants={"depth": ("2", "4")},
    sizes={"depth": tuple(range(1, 10))},
)
def balanced_tree(k, depth):
    """A tree of nested layers: how does building grow with the depth of the tree?

    Each layer holds two of the next level, called in turn; the leaves are Dense layers.
    """

    class Node(k.Layer):
        def __init__(self, left, right, **kwargs):
            super().__init__(**kwargs)
            self.left = left
            self.right = right

        def call(self, inputs):
            return self.right(self.left(inputs))

    def tree(levels):
        if levels == 0:
            return k.layers.Dense(5)
        return Node(tree(levels - 1), tree(levels - 1))

    return k.as_model(tree(int(depth)))


@case(
    parameters=DENSE,
    variants={"n": ("100", "10000")},
    sizes={"n": tuple(4**power for power in range(9))},
    sources=[tensorflow_issue(33527), tensorflow_issue(57076)],
)
def large_list_attribute(k, n):
    """A large list as an attribute of a layer, or a big vocabulary, makes every call slow.

    ``n`` strings in one list attribute beside one Dense. They are no state of the model, and what it costs
    that Keras wraps them shows in the time and in the number of Python calls alone.
    """

    class Holder(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.table = [str(place) for place in range(int(n))]
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    return k.as_model(Holder())
