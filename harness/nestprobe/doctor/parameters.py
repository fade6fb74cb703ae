"""Parameters of torch's own modules: such a module reads them without asking Keras's variable."""

from contextlib import contextmanager

#: Modules whose computation runs where no function of torch can be listened to.
_CLOSED = ("OptimizedModule", "ScriptModule")


@contextmanager
def reads(engine, variables, note):
    """Call ``note(position)`` for each of ``variables`` whose parameter a function of torch is handed."""
    if engine.name != "torch":
        yield
        return
    from torch import Tensor
    from torch.overrides import TorchFunctionMode

    positions = {id(getattr(one, "_value", None)): place for place, one in enumerate(variables)}

    class Listening(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            met = [positions[id(one)] for one in _flat((args, kwargs or {})) if id(one) in positions]
            if met and not _asks_of_it(function, result, Tensor):
                for place in met:
                    note(place)
            return result

    with Listening():
        yield


def is_closed(node):
    """Whether a Node lies in a wrapped module of which a part reads its parameters unseen."""
    wrapped = [getattr(one.item, "module", None) for one in node.chain()]
    parts = [part for one in wrapped if hasattr(one, "modules") for part in one.modules()]
    return any(cls.__name__ in _CLOSED for part in parts for cls in type(part).__mro__)


def _asks_of_it(function, result, tensor):
    """Whether a function of a parameter tells of its shape, type or gradient, and not of its value."""
    if getattr(getattr(function, "__self__", None), "__name__", "") == "grad":
        return True
    return not any(isinstance(one, (tensor, float)) or hasattr(one, "__array__") for one in _flat(result))


def _flat(part):
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        return [inner for one in part for inner in _flat(one)]
    return [part]
