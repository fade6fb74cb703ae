"""Keras 3 on JAX."""

import jax

from nestprobe.protocol.engines.keras_variables import KerasVariables, floating


class Engine(KerasVariables):
    """A gradient is asked of a stateless call, in which every seen variable is an argument."""

    name = "jax"

    def __init__(self):
        super().__init__()
        self.version = jax.__version__

    def gradients(self, call, variables):
        """``call()`` once: its output, and for each variable whether a gradient reaches it.

        JAX gives zeros where nothing depends on a variable; weights are small and positive by then,
        so that zeros everywhere mean just that. The loss is the sum of squares of all outputs.
        """
        return call(), lambda: self._reached(call, variables)

    def _reached(self, call, variables):
        from keras.src.backend import StatelessScope

        asked = [variable for variable in variables if floating(variable) and variable.trainable]

        def loss(values):
            with StatelessScope(state_mapping=list(zip(asked, values))):
                return sum((part**2).sum() for part in self.flatten(call()))

        gradients = jax.grad(loss)([variable.value for variable in asked])
        alive = {id(v): bool((gradient != 0).any()) for v, gradient in zip(asked, gradients)}
        return [alive.get(id(variable), False) for variable in variables]
