"""What to write instead, by the doctor's rules, and a program that shows the case alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from nestbench.frames import State
from nestbench.matrix import Matrix
from nestbench.site.study import Alike, Study
from nestbench.verdicts import Verdict
from nestbench.witness import Untold, make_witness
from nestprobe.doctor.rules import rules_of_case

__all__ = ["Advice", "Shown", "advice_on", "witness_of"]

#: Where nothing is to be shown.
_QUIET = (Verdict.TRACKED, Verdict.NOT_APPLICABLE, Verdict.UNAVAILABLE)


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
    rules = rules_of_case(case)
    return tuple(Advice(title=one.title, cause=one.cause, code=one.code()) for one in rules)


def witness_of(study: Study, matrix: Matrix) -> Shown | None:
    """A program that shows the case where it goes wrong, on a stack that one can be made for.

    Of the last of its behaviours that was seen, on the first stack that shows it.
    """
    stacks = {stack.id: stack for stack in matrix.stacks}
    for label, alike in _wrong(study):
        stack = alike.result.cell.stack
        if stack not in stacks:
            continue
        try:
            text = make_witness(alike.result, stacks[stack], name=f"{study.entry.id}.py").text
        except Untold:
            continue
        return Shown(stack=stack, label=label, text=text)
    return None


def _wrong(study: Study) -> Iterator[tuple[str, Alike]]:
    """What was measured that is not as it should be, the last seen first; of the case as it is now."""
    for one in study.variants:
        for alike in reversed(one.alike):
            result = alike.result
            if result.state is State.CURRENT and result.judgements[0].headline not in _QUIET:
                yield one.label, alike
