"""What to write instead, by the doctor's rules, and a program that shows the case alone."""

from dataclasses import dataclass, replace

from nestbench.frames import Result, State
from nestbench.matrix import Matrix
from nestbench.matrix.lines import lines
from nestbench.site.study import Study
from nestbench.verdicts import Verdict
from nestbench.verdicts.verdict import RANK
from nestbench.witness import Untold, make_witness
from nestprobe.doctor.rules import rules_of_case

__all__ = ["Advice", "Shown", "advice_on", "witness_of"]

#: Where nothing is to be shown.
_QUIET = (Verdict.TRACKED, Verdict.NOT_APPLICABLE, Verdict.UNAVAILABLE)

#: A Python that uv cannot download.
_NOT_FETCHED = "3.7"


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

    Preferred are stacks that most can run: TensorFlow's, and none that needs a Python which uv cannot fetch.
    Among them it is the gravest of what was measured, on the newest release.
    """
    stacks = {stack.id: stack for stack in matrix.stacks}
    for label, result in _wrong(study, matrix):
        try:
            text = make_witness(result, stacks[result.cell.stack], name=f"{study.entry.id}.py").text
        except Untold:
            continue
        return Shown(stack=result.cell.stack, label=label, text=text)
    return None


def _wrong(study: Study, matrix: Matrix) -> list[tuple[str, Result]]:
    """What was measured that is not as it should be, what is to be shown first; of the case as it is now.

    Of stacks that are alike it is one.
    """
    order = _order(matrix)
    found = []
    for one in study.variants:
        for alike in one.alike:
            known = [stack for stack in alike.stacks if stack in order]
            result = alike.result
            if known and result.state is State.CURRENT and result.judgements[0].headline not in _QUIET:
                best = min(known, key=order.__getitem__)
                found.append((one.label, replace(result, cell=replace(result.cell, stack=best))))

    def place(told: tuple[str, Result]) -> tuple[int, ...]:
        hard, line, newer = order[told[1].cell.stack]
        return hard, line, RANK[told[1].judgements[0].headline], newer

    return sorted(found, key=place)


def _order(matrix: Matrix) -> dict[str, tuple[int, int, int]]:
    """Of each stack whether its Python is hard to get, the place of its line, how many are newer in that."""
    return {
        stack.id: (stack.python == _NOT_FETCHED, place, newer)
        for place, line in enumerate(lines(matrix.stacks))
        for newer, stack in enumerate(reversed(line.stacks))
    }
