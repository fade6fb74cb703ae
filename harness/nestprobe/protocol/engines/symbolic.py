"""Multi-backend Keras (2.3) on TensorFlow 2: a model is a graph, there is no eager call.

``model(tensor)`` gives at best a tensor of Keras's own graph, which has no value, and raises for most
subclassed Models. What its users call is ``predict``, which builds a graph, once, and runs it; ``fit``
trains that same graph. So a call is ``predict``, and the forward pass reads the variables that the
outputs of the graph depend on.
"""

from contextlib import contextmanager

import numpy
from tensorflow.python.keras import backend as keras_graph
from tensorflow.python.ops import cond_v2, resource_variable_ops

from nestprobe.protocol import engines
from nestprobe.protocol.engines import tensorflow


class Engine(tensorflow.Engine):
    """Eager variables, seen as they are made; tensors of a graph; inputs and outputs in NumPy."""

    preloaded = tensorflow.Engine.preloaded + ("tensorflow.python.ops.cond_v2",)

    def __init__(self, keras):
        super().__init__()
        self._keras = keras
        self._in_training = False
        self._made = []  # (output, whether told that it trains) of the calls since reads() began

    def ones(self, shape):
        """Ones that a layer can be called with: in Keras's graph, where it is called."""
        with keras_graph.get_graph().as_default():
            return self.tf.ones(shape)

    def tensor(self, values):
        """``predict`` and ``fit`` take NumPy arrays."""
        return values

    def call(self, model, data, **training):
        """``model.predict(data)``; in training, its graph run in the learning phase of ``fit``.

        The graph of a subclassed Model is made with ``training=None``, in ``fit`` too; where its
        ``call`` takes the argument, what that makes of True is a graph beside it, and a layer that is
        built only there stays built.
        """
        output = model.predict(data)
        tensors = self.flatten(self._graph(model, training) if training else model.outputs)
        # Keras tells the learning phase to a graph whose outputs say that they want it, to no other.
        told = self._in_training and any(getattr(part, "_uses_learning_phase", False) for part in tensors)
        if training or self._in_training:
            output = self._evaluated(model, tensors, data, told)
        self._made.extend((part, told) for part in tensors)
        return output

    def _graph(self, model, arguments):
        """The outputs of ``model.call`` with arguments."""
        inputs = model.inputs
        with keras_graph.get_graph().as_default(), _forgetful(self._keras.layers.Layer):
            return model.call(inputs[0] if len(inputs) == 1 else inputs, **arguments)

    def _evaluated(self, model, tensors, data, in_training):
        inputs, values = list(model.inputs), list(self.flatten(data))
        if in_training:
            inputs, values = inputs + [self._keras.backend.learning_phase()], values + [1]
        outputs = self._keras.backend.function(inputs, tensors)(values)
        return outputs if len(outputs) > 1 else outputs[0]

    def array(self, tensor):
        """A NumPy array of what ``predict`` returned or of a variable."""
        return tensor.numpy() if hasattr(tensor, "numpy") else numpy.asarray(tensor)

    def zeros_like(self, structure):
        """The same structure, of zeros: what ``fit`` is given as targets."""
        return self.tf.nest.map_structure(numpy.zeros_like, structure)

    def raw(self, variable):
        """Keras's variable is TensorFlow's own."""
        return variable

    def creation(self, note):
        """Call ``note(variable)`` for each variable that the body creates.

        A creator scope belongs to a graph, and Keras makes its variables from within one of its own.
        """
        return engines.initialised(resource_variable_ops.ResourceVariable, note)

    @contextmanager
    def reads(self, variables, note):
        """Call ``note(variable)`` for each of ``variables`` that the outputs of the body depend on."""
        del self._made[:]
        yield
        for variable in _read_by(self._made, variables):
            note(variable)

    def gradients(self, call, variables):
        """``call()`` in training: its output, and for each variable whether a gradient reaches it.

        The loss is the sum of squares of all outputs. Through a branch for inference alone none does.
        """
        before = len(self._made)
        self._in_training = True
        try:
            output = call()
        finally:
            self._in_training = False
        made = self._made[before:]
        return output, lambda: self._reached(made, variables)

    def _reached(self, made, variables):
        read = {id(variable) for variable in _read_by(made, variables)}
        asked = [v for v in variables if id(v) in read and v.dtype.is_floating and v.trainable]
        with keras_graph.get_graph().as_default():
            loss = self.tf.add_n([self.tf.reduce_sum(self.tf.square(part)) for part, _ in made])
        gradients = self._keras.backend.gradients(loss, asked) if asked else []
        alive = {id(v) for v, gradient in zip(asked, gradients) if gradient is not None}
        return [id(variable) in alive for variable in variables]

    def probes(self):
        """(make, read) pairs by which the oracle checks itself; each read is to be noticed."""
        tf = self.tf

        def plain(variable):
            return variable + 1.0

        def in_a_branch(variable):
            phase = keras_graph.symbolic_learning_phase()
            return tf.cond(phase, lambda: tf.constant([1.0]), lambda: 1.0 - variable)

        for read in (plain, in_a_branch):
            yield lambda trainable: tf.Variable([1.0], trainable=trainable), self._noticed(read)

    def _noticed(self, read):
        def noticed(variable):
            with keras_graph.get_graph().as_default():
                self._made.append((read(variable), False))

        return noticed


@contextmanager
def _forgetful(layer):
    """Layers keep no update and no loss of what is called in the body: ``fit`` would run them too."""
    kept = {name: layer.__dict__[name] for name in ("add_loss", "add_update")}
    for name in kept:
        setattr(layer, name, lambda *_, **__: None)
    try:
        yield
    finally:
        for name, method in kept.items():
            setattr(layer, name, method)


def _read_by(made, variables):
    """Those of ``variables`` on whose value an output depends, given the learning phase it is for."""
    found = set()
    for tensor, in_training in made:
        found |= _sources(tensor, in_training)
    return [variable for variable in variables if id(variable.handle) in found]


def _sources(output, in_training):
    """Ids of the eager tensors, such as variables' handles, that a tensor of a graph depends on."""
    found, seen, left = set(), set(), [output]
    while left:
        tensor = left.pop()
        if not hasattr(tensor, "graph") or tensor.graph is None:
            raise engines.Unobservable("an output is no tensor of a graph: %s" % type(tensor).__name__)
        key = (id(tensor.graph), tensor.name)
        if key in seen:
            continue
        seen.add(key)
        op = tensor.op
        if op.type == "Placeholder":
            for outer, inner in getattr(tensor.graph, "captures", ()):
                if inner is tensor:
                    if hasattr(outer, "numpy"):
                        found.add(id(outer))
                    else:
                        left.append(outer)
        elif op.type in ("If", "StatelessIf"):
            left.extend(_branches(op, tensor.value_index, in_training))
        else:
            left.extend(op.inputs)
    return found


def _branches(op, index, in_training):
    """What an output of a conditional depends on: where the learning phase decides, one branch."""
    then, otherwise = cond_v2.get_func_graphs(op)
    condition = op.inputs[0]
    while condition.op.type in ("Cast", "Identity"):
        condition = condition.op.inputs[0]
    if condition is keras_graph.symbolic_learning_phase():
        return [(then if in_training else otherwise).outputs[index]]
    return [op.inputs[0], then.outputs[index], otherwise.outputs[index]]
