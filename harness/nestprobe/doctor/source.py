"""What the reader's own classes do, as far as their byte code tells."""

import dis
import re
import types

from nestprobe.doctor.origins import is_own, is_own_module, line_at

#: What stands in front of a subscript: a name, attributes of one, or the end of a call.
_SUBSCRIPTED = re.compile(r"([\w.]+|\))\[")


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


def own_step(cls):
    """The method by which a model of the reader's own class trains in its own way; None where it has none."""
    return next((name for name in ("train_step", "make_train_function", "fit") if _own(cls, name)), None)


def is_unseen_by_fit(cls):
    """Whether the class has a ``train_on_batch`` of the reader's own that ``fit`` is not seen to call."""
    if not _own(cls, "train_on_batch"):
        return False
    fit = getattr(_own(cls, "fit"), "__code__", None)
    return fit is None or all("train_on_batch" not in code.co_names for code in _codes(fit))


def _own(cls, name):
    """What a class of the reader's own has by that name, or None where it is another's."""
    base = next((one for one in cls.__mro__ if name in vars(one)), None)
    return vars(base)[name] if base is not None and is_own_module(base.__module__) else None


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


def subscripted(error):
    """What the reader's own line subscripts, where a subscript is what raised; empty where it is not.

    Only names and plain attributes are followed, so that nothing of the reader's runs; for anything else
    there is None.
    """
    step, own = error.__traceback__, None
    while step is not None:
        own = step if is_own(step.tb_frame.f_code.co_filename) else own
        step = step.tb_next
    if own is None or not _is_at_subscript(own.tb_frame.f_code, own.tb_lasti):
        return []
    frame = own.tb_frame
    text = line_at(frame.f_code, own.tb_lineno, frame.f_globals).text
    return [_named(frame, name) for name in _SUBSCRIPTED.findall(text)]


def _is_at_subscript(code, offset):
    return any(
        one.opname == "BINARY_SUBSCR" or (one.opname == "BINARY_OP" and one.argrepr == "[]")  # Python 3.14
        for one in dis.get_instructions(code)
        if one.offset == offset
    )


def _named(frame, name):
    first, *attributes = name.split(".")
    held = frame.f_locals.get(first, frame.f_globals.get(first))
    for attribute in attributes:
        held = getattr(held, "__dict__", {}).get(attribute)
    return held
