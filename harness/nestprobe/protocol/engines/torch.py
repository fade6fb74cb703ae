"""Keras 3 on torch."""

import torch

from nestprobe.protocol.engines.keras_variables import KerasVariables, floating


class Engine(KerasVariables):
    """Every trainable variable is a torch parameter, of which autograd can be asked."""

    name = "torch"

    def __init__(self):
        super().__init__()
        self.version = torch.__version__

    def array(self, tensor):
        """A NumPy array of a tensor or variable."""
        return getattr(tensor, "value", tensor).detach().cpu().numpy()

    def gradients(self, call, variables):
        """``call()`` once: its output, and for each variable whether a gradient reaches it.

        The loss is the sum of squares of all outputs.
        """
        output = call()
        return output, lambda: self._reached(output, variables)

    def _reached(self, output, variables):
        asked = [variable for variable in variables if floating(variable) and variable.trainable]
        loss = sum((part**2).sum() for part in self.flatten(output))
        if not asked or not loss.requires_grad:
            return [False] * len(variables)
        gradients = torch.autograd.grad(loss, [v.value for v in asked], allow_unused=True)
        alive = {id(v): gradient is not None for v, gradient in zip(asked, gradients)}
        return [alive.get(id(variable), False) for variable in variables]
