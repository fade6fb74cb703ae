"""What the reader's own classes do, as far as their byte code tells."""

import dis
import types

from nestprobe.doctor.origins import is_own_module, line_at


def functions(cls):
    """The functions of a class body, below decorators; those of properties too."""
    for one in list(vars(cls).values()):
        for function in (one, getattr(one, "__func__", None), getattr(one, "fget", None)):
            plain = getattr(function, "__wrapped__", function)
            if isinstance(plain, types.FunctionType):
                yield plain


def assignment(cls, name):
    """The Line at which a class of the reader's own sets an attribute; None where none does."""
    for base in cls.__mro__:
        for function in functions(base) if is_own_module(base.__module__) else ():
            number = None
            for one in dis.get_instructions(function.__code__):
                number = _line_of(one) or number
                if one.opname == "STORE_ATTR" and one.argval == name:
                    return line_at(function.__code__, number)
    return None


def _line_of(instruction):
    """The line that an instruction begins: a number, and from Python 3.13 on whether it begins one."""
    number = instruction.starts_line
    return getattr(instruction, "line_number", None) if isinstance(number, bool) else number


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
