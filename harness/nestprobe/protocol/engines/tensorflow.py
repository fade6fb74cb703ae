"""TensorFlow, eager: variables are seen by ``tf.variable_creator_scope``.

Two ways of noticing a read are united: the function of TensorFlow that Python code reads through, and a
gradient tape, which also hears of reads made in C (``tensor - variable``), but of trainable variables
only; so each variable calls itself trainable for as long as the tape listens.
"""

import os
from contextlib import contextmanager

import tensorflow as tf

from nestprobe.protocol.engines import Unobservable


class Engine(object):
    """``tf`` is the module; ``checkpoints`` tells that ``tf.train.Checkpoint`` can be tried."""

    name = "tensorflow"
    preloaded = ("tensorflow.python.ops.resource_variable_ops",)
    checkpoints = True

    def __init__(self):
        self.tf = tf
        self.version = tf.__version__

    def tensor(self, values):
        """A tensor of a NumPy array."""
        return tf.constant(values)

    def call(self, model, data, **training):
        """``model(data)``, as users write it."""
        return model(data, **training)

    def array(self, tensor):
        """A NumPy array of a tensor or variable."""
        return tensor.numpy()

    def flatten(self, structure):
        """The tensors of a nested structure as a flat list."""
        return tf.nest.flatten(structure)

    def zeros_like(self, structure):
        """The same structure, of zeros: what ``fit`` is given as targets."""
        return tf.nest.map_structure(tf.zeros_like, structure)

    def raw(self, variable):
        """The tf.Variable behind Keras's own: a KerasVariable, or an AutoCastVariable."""
        for attribute in ("_value", "_variable"):
            inner = getattr(variable, attribute, None)
            if inner is not None and hasattr(inner, "assign"):
                return inner
        return variable

    @contextmanager
    def creation(self, note):
        """Call ``note(variable)`` for each variable that the body creates."""

        def creator(next_creator, **kwargs):
            variable = next_creator(**kwargs)
            note(variable)
            return variable

        with tf.variable_creator_scope(creator):
            yield

    @contextmanager
    def reads(self, variables, note):
        """Call ``note(variable)`` for each of ``variables`` that the body reads."""
        with _accesses(note), _audible(variables), tf.GradientTape() as tape:
            yield
        for variable in tape.watched_variables():
            note(variable)

    def gradients(self, call, variables):
        """``call()`` once under a tape: its output, and for each variable whether a gradient reaches it.

        The loss is the sum of squares of all outputs. An integer has no gradient, and TensorFlow
        warns of one that is asked for.
        """
        with tf.GradientTape(persistent=True) as tape:
            output = call()
            loss = tf.add_n([tf.reduce_sum(tf.square(part)) for part in tf.nest.flatten(output)])

        def reached(variable):
            floating = variable.dtype.is_floating
            return bool(floating and variable.trainable and tape.gradient(loss, variable) is not None)

        return output, lambda: [reached(variable) for variable in variables]

    def write_checkpoint(self, model, folder):
        """Write ``tf.train.Checkpoint(model=model)``; returns the prefix that names it."""
        return tf.train.Checkpoint(model=model).write(os.path.join(folder, "checkpoint"))

    def read_checkpoint(self, model, prefix):
        """Restore ``model`` from a prefix that ``write_checkpoint`` returned."""
        checkpoint = tf.train.Checkpoint(model=model)
        # TF 2.0 has restore() alone, which later releases keep for what save() wrote.
        getattr(checkpoint, "read", checkpoint.restore)(prefix)

    def arrays_in_checkpoint(self, prefix):
        """Every array in a TF checkpoint."""
        reader = tf.train.load_checkpoint(prefix)
        names = sorted(reader.get_variable_to_shape_map())
        return [reader.get_tensor(name) for name in names if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]

    def probes(self):
        """(variable, read) pairs by which the oracle checks itself; each read is to be noticed."""
        one = tf.constant([1.0])
        for read in (lambda variable: variable + one, lambda variable: one - variable):
            yield lambda trainable: tf.Variable([1.0], trainable=trainable), read


@contextmanager
def _audible(variables):
    silent = [variable for variable in variables if getattr(variable, "_trainable", True) is False]
    for variable in silent:
        variable._trainable = True  # noqa: SLF001 - there is no other way to hear it
    try:
        yield
    finally:
        for variable in silent:
            variable._trainable = False  # noqa: SLF001 - as above


@contextmanager
def _accesses(note):
    # Private by name only: the same function, with the same one argument, from TF 2.0 to 2.21.
    from tensorflow.python.ops import resource_variable_ops as module

    original = getattr(module, "variable_accessed", None)
    if original is None:
        raise Unobservable("this TensorFlow has no resource_variable_ops.variable_accessed")

    def accessed(variable):
        note(variable)
        return original(variable)

    module.variable_accessed = accessed
    try:
        yield
    finally:
        module.variable_accessed = original
