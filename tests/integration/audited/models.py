"""A project of its own: models as people write them, in Keras's own words, with nothing of nestbench."""

import os

import tensorflow as tf

layers = tf.keras.layers


class Scaled(layers.Layer):
    """Holds a raw variable, made when it is built."""

    def build(self, input_shape):
        self.w = tf.Variable(tf.ones((int(input_shape[-1]), 10)))

    def call(self, inputs):
        return tf.matmul(inputs, self.w)


class Middle(layers.Layer):
    """Nests it."""

    def __init__(self):
        super().__init__()
        self.inner = Scaled()

    def call(self, inputs):
        return self.inner(inputs)


class Outer(tf.keras.Model):
    """Nests that, and has a Dense: 5 * 10 + 10 * 3 + 3 parameters."""

    def __init__(self):
        super().__init__()
        self.middle = Middle()
        self.dense = layers.Dense(3)

    def call(self, inputs):
        return self.dense(self.middle(inputs))


def raw():
    """83 parameters, of which Keras 3 counts 33."""
    return Outer()


class Shifted(layers.Layer):
    """Holds a weight of Keras's and a raw variable."""

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(int(input_shape[-1]),), initializer="ones")
        self.shift = tf.Variable(tf.ones((int(input_shape[-1]),)))

    def call(self, inputs):
        return inputs * self.scale + self.shift


def half_raw():
    """10 parameters, of which Keras 3 counts 5, in one layer."""
    return tf.keras.Sequential([Shifted()])


class Lists(tf.keras.Model):
    """Layers in a list of lists, called with a dict."""

    def __init__(self, width):
        super().__init__()
        self.rows = [[layers.Dense(width), layers.Dense(width)], [layers.Dense(2)]]

    def call(self, inputs):
        found = inputs["left"] + inputs["right"]
        for row in self.rows:
            for one in row:
                found = one(found)
        return found


def nested(width):
    """A model that takes a dict, of a factory that takes an argument."""
    return Lists(width)


def good():
    """Tracked everywhere."""
    return tf.keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(1)])


def signature():
    """What the model is called with, as a dataset says it."""
    return tf.data.Dataset.from_tensor_slices((tf.ones((4, 5)), tf.ones((4, 1)))).batch(2)


def fails():
    """Raises."""
    raise RuntimeError("no weights at hand")


def prints():
    """Prints, and returns no model."""
    print("hello")
    return "no model"


def chatters():
    """Prints, by Python and past it, and returns a model."""
    print('{"event": "done"}')
    os.write(1, b"\xff{\n")
    return good()


def hangs():
    """Never returns."""
    while True:
        pass


def lacking():
    """Needs what is not there."""
    import a_package_that_is_nowhere

    return a_package_that_is_nowhere.Model()


def needing():
    """Imports what no stack has by itself: 29 parameters where that is there."""
    import einops
    import numpy

    units = einops.parse_shape(numpy.ones((4, 5)), "units _")["units"]
    return tf.keras.Sequential([layers.Dense(units), layers.Dense(1)])


def large():
    """Takes more memory than it may."""
    held = [bytearray(2**26) for _ in range(64)]
    return good() if held else None


class Closed(tf.keras.Model):
    """Two layers that are tracked on every stack, and one that a lambda alone holds: 52 parameters."""

    def __init__(self):
        super().__init__()
        hidden = layers.Dense(5)
        self.first = lambda inputs: tf.nn.relu(hidden(inputs))
        self.second = layers.Dense(4)
        self.third = layers.Dense(2)

    def call(self, inputs):
        return self.third(self.second(self.first(inputs)))


def closed():
    """Its files come back in part on every stack."""
    return Closed()


class Towers(tf.keras.Model):
    """Two towers of one shape, in a dict against the order of its keys."""

    def __init__(self):
        super().__init__()
        self.branches = {"user": layers.Dense(4), "item": layers.Dense(4)}

    def call(self, inputs):
        return self.branches["user"](inputs["user"]) * self.branches["item"](inputs["item"])


def towers():
    """48 parameters."""
    return Towers()


class Heads(tf.keras.Model):
    """Two heads on one input, in a dict against the order of its keys, of which only the sum is told."""

    def __init__(self):
        super().__init__()
        self.heads = {"second": layers.Dense(4), "first": layers.Dense(4)}

    def call(self, inputs):
        return self.heads["first"](inputs) + self.heads["second"](inputs)


def heads():
    """The output is the same whichever way round the values are."""
    return Heads()
