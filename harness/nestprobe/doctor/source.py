"""What the reader's own classes do, as far as their byte code tells."""

import dis
import types


def functions(cls):
    """The functions of a class body, below decorators; those of properties too."""
    for one in list(vars(cls).values()):
        for function in (one, getattr(one, "__func__", None), getattr(one, "fget", None)):
            plain = getattr(function, "__wrapped__", function)
            if isinstance(plain, types.FunctionType):
                yield plain


def stores(function, name):
    """Whether a function has an assignment ``something.name = ...``, or could by ``setattr``."""
    for code in _codes(function.__code__):
        if "setattr" in code.co_names:
            return True
        if name in code.co_names and any(
            one.opname == "STORE_ATTR" and one.argval == name for one in dis.get_instructions(code)
        ):
            return True
    return False


def _codes(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            for one in _codes(constant):
                yield one
