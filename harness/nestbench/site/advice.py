"""What to write instead, and a program that shows the case alone, of the parts of nestbench that know."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nestbench.matrix import Matrix
from nestbench.site.study import Alike, Study

__all__ = ["Advice", "Shown", "advice_on", "witness_of"]

# The doctor and the witness may not be there yet: then a page says nothing instead of them.
_RULES = "nestprobe.doctor.rules"
_WITNESS = "nestbench.witness"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One cause that the case shows, and code that mends it."""

    title: str
    cause: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A program and the stack on which it shows what was measured."""

    stack: str
    label: str
    text: str


def advice_on(case: str) -> tuple[Advice, ...]:
    """What the doctor's rules say of a case."""
    rules_of_case: Callable[[str], Any] | None = _found(_RULES, "rules_of_case")
    if rules_of_case is None:
        return ()
    return tuple(Advice(title=one.title, cause=one.cause, code=one.code()) for one in rules_of_case(case))


def witness_of(study: Study, matrix: Matrix) -> Shown | None:
    """A program that shows the case where it goes wrong, on the newest stack that one can be made for."""
    make_witness: Callable[..., Any] | None = _found(_WITNESS, "make_witness")
    untold: type[Exception] | None = _found(_WITNESS, "Untold")
    if make_witness is None or untold is None:
        return None
    stacks = {stack.id: stack for stack in matrix.stacks}
    for label, alike in _wrong(study):
        stack = alike.result.cell.stack
        if stack not in stacks:
            continue
        try:
            text = make_witness(alike.result, stacks[stack], name=f"{study.entry.id}.py").text
        except untold:
            continue
        return Shown(stack=stack, label=label, text=text)
    return None


def _wrong(study: Study) -> Iterator[tuple[str, Alike]]:
    """What was measured that is not as it should be, the last seen first."""
    for one in study.variants:
        for alike in reversed(one.alike):
            if alike.result.judgements[0].headline not in {"tracked", "not-applicable", "unavailable"}:
                yield one.label, alike


def _found(module: str, name: str) -> Any:
    """What ``module`` calls ``name``; None where there is no such module."""
    try:
        there = find_spec(module) is not None
    except ModuleNotFoundError:  # not even its package
        return None
    return getattr(import_module(module), name) if there else None
