"""Wrapped layers: recurrent cells, wrappers and attention, whose weights sit a level or two further down."""

from nestprobe import Tensor, case

SEQUENCE = Tensor((2, 3, 5))

#: One SimpleRNN cell of 4 units on 5 features.
CELL = 5 * 4 + 4 * 4 + 4


def nested(k, make_inner):
    """A layer that holds what ``make_inner()`` gives and calls it, as a model."""

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = make_inner()

        def call(self, inputs):
            return self.inner(inputs)

    return k.as_model(Block())


@case(parameters=CELL, inputs=SEQUENCE)
def rnn_cell_nested(k):
    """Are the weights of a cell inside RNN inside a custom layer counted?

    ``RNN(SimpleRNNCell(4))`` is the attribute of a layer.
    """
    return nested(k, lambda: k.layers.RNN(k.layers.SimpleRNNCell(4)))


@case(parameters=CELL, inputs=SEQUENCE)
def custom_cell_nested(k):
    """A custom RNN cell that holds Dense layers has no weights in the model.

    The cell is a layer with two Dense layers, made in ``__init__`` and called in turn.
    """

    class Cell(k.Layer):
        state_size = output_size = 4

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.from_input = k.layers.Dense(4)
            self.from_state = k.layers.Dense(4, use_bias=False)

        def call(self, inputs, states):
            output = self.from_input(inputs) + self.from_state(states[0])
            return output, [output]

    return nested(k, lambda: k.layers.RNN(Cell()))


@case(parameters=CELL + (4 * 4 + 4 * 4 + 4), inputs=SEQUENCE)
def stacked_rnn_cells(k):
    """Are the weights of a list of cells given to RNN counted and saved?

    ``RNN([SimpleRNNCell(4), SimpleRNNCell(4)])`` inside a layer.
    """
    return nested(k, lambda: k.layers.RNN([k.layers.SimpleRNNCell(4), k.layers.SimpleRNNCell(4)]))


@case(parameters=2 * CELL, inputs=SEQUENCE)
def bidirectional_nested(k):
    """Are both directions of a Bidirectional inside a custom layer counted?

    ``Bidirectional(SimpleRNN(4))`` inside a layer.
    """
    return nested(k, lambda: k.layers.Bidirectional(k.layers.SimpleRNN(4)))


@case(parameters=5 * 3 + 3, inputs=SEQUENCE)
def time_distributed_nested(k):
    """Is the layer inside TimeDistributed inside a custom layer counted?

    ``TimeDistributed(Dense(3))`` inside a layer.
    """
    return nested(k, lambda: k.layers.TimeDistributed(k.layers.Dense(3)))


@case(parameters=5 * 5 + 5 + 5)
def wrapper_subclass(k):
    """A subclass of layers.Wrapper with a weight of its own: is the wrapped layer counted too?

    The wrapper scales the output of the Dense that it is given.
    """

    class Scaled(k.needs(k.layers, "Wrapper", "Multi-backend Keras keeps it in layers.wrappers.")):
        def build(self, input_shape=None):
            super().build(input_shape)
            self.scale = self.add_weight(name="scale", shape=(5,))

        def call(self, inputs):
            return self.layer(inputs) * self.scale

    return nested(k, lambda: Scaled(k.layers.Dense(5)))


@case(parameters=3 * (5 * 4) + 4 * 5, inputs=SEQUENCE)
def multi_head_attention_nested(k):
    """Are the four projections of MultiHeadAttention inside a custom layer counted?

    Two heads of 2 dimensions each: query, key and value are projected to 4, the output back to 5.
    Without biases, as that of the key cancels in the softmax and has no gradient.
    """
    attention = k.needs(k.layers, "MultiHeadAttention", "It came with TF 2.4.")

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.attention = attention(num_heads=2, key_dim=2, use_bias=False)

        def call(self, inputs):
            return self.attention(inputs, inputs)

    return k.as_model(Block())
