"""Parameters of torch's own modules: where they are said to live. With stand-ins for Keras and torch."""

import sys
import unittest
from types import ModuleType
from unittest import mock

from nestprobe.doctor import ground, parameters
from nestprobe.doctor.graph import Graph

Layer = type("Layer", (object,), {"__module__": "keras.stand_in"})
Variable = type("Variable", (object,), {"__module__": "keras.stand_in"})


class Engine(object):
    name = "jax"

    @staticmethod
    def raw(variable):
        return variable


class Parameter(object):
    __module__ = "torch.nn.parameter"


class Listening(object):
    """As torch's TorchFunctionMode: while it is entered it is handed every function of torch."""

    entered = []

    def __enter__(self):
        self.entered.append(self)

    def __exit__(self, *_):
        self.entered.remove(self)


def doubled(parameter):
    """As a function of torch that gives a value."""
    for mode in Listening.entered:
        return mode.__torch_function__(lambda _: 2.0, (), (parameter,))
    return 2.0


class Module(object):
    __module__ = "torch.nn.stand_in"

    def __init__(self):
        self._parameters = {"weight": Parameter()}

    def modules(self):
        return [self]


class ScriptModule(Module):
    __module__ = "torch.jit.stand_in"


class Wrapper(Layer):
    """As Keras's TorchModuleWrapper: the variable shares the module's parameter."""

    __module__ = "keras.stand_in"

    def __init__(self, module):
        variable = Variable()
        variable._value = module._parameters["weight"]
        self.module, self._trainable_variables = module, [variable]


class Model(Layer):
    __module__ = "mine"

    def __init__(self, module):
        self.t = Wrapper(module)


class OfAWrappedModule(unittest.TestCase):
    def node(self, module):
        model = Model(module)
        return Graph(model, ground.is_layer, Engine).variable(model.t._trainable_variables[0])

    def test_the_variable_lives_where_the_parameter_does_and_is_not_left_behind(self):
        node = self.node(Module())
        self.assertEqual(node.place, "model.t.module.weight")
        self.assertFalse(node.is_left)

    def test_what_is_compiled_cannot_be_watched(self):
        self.assertTrue(parameters.is_closed(self.node(ScriptModule())))
        self.assertFalse(parameters.is_closed(self.node(Module())))

    def test_only_on_torch_a_parameter_that_is_handed_to_a_function_is_noted(self):
        torch, overrides = ModuleType("torch"), ModuleType("torch.overrides")
        torch.Tensor, overrides.TorchFunctionMode = Parameter, Listening
        variables = [Variable(), Variable()]
        variables[1]._value = Parameter()
        noted = {"jax": [], "torch": []}
        with mock.patch.dict(sys.modules, {"torch": torch, "torch.overrides": overrides}):
            for name, places in noted.items():
                with parameters.reads(type("Named", (), {"name": name}), variables, places.append):
                    doubled(variables[1]._value)
                doubled(variables[1]._value)
        self.assertEqual(noted, {"jax": [], "torch": [1]})


if __name__ == "__main__":
    unittest.main()
