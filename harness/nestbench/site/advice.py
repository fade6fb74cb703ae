"""What to write instead, and where what was measured asks for it; a program that shows the case alone."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from nestbench.frames import Result, State
from nestbench.interpreters import downloadable
from nestbench.matrix import Matrix
from nestbench.matrix.lines import lines
from nestbench.site.column import named
from nestbench.site.remedies import REMEDIES
from nestbench.site.remedy import Remedy, of_rule
from nestbench.site.study import Study
from nestbench.site.survey import Survey
from nestbench.verdicts import Verdict
from nestbench.verdicts.verdict import RANK
from nestbench.witness import Untold, make_witness
from nestprobe.doctor.rules import Rule, rule, rules_of_case

__all__ = ["Advice", "Shown", "advice_on", "witness_of"]

#: Where nothing is to be shown.
_QUIET = (Verdict.TRACKED, Verdict.NOT_APPLICABLE, Verdict.UNAVAILABLE)


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One cause that the case shows, and code that mends it; ``code`` is empty where nothing is to be mended.

    ``cells``: variant and stack of what it explains. ``on``: their stacks by block, in words.
    """

    title: str
    cause: str
    code: str
    cells: frozenset[tuple[str, str]]
    on: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A program and the stack on which it shows what was measured."""

    stack: str
    label: str
    text: str


def advice_on(study: Study, survey: Survey) -> tuple[Advice, ...]:
    """What the doctor's rules say of a case, and beside them what holds of anything measured of it.

    What holds on the newest release comes first.
    """
    rules = [(of_rule(one), _elsewhere(one, survey)) for one in rules_of_case(study.entry.id)]
    asked = [*rules, *((one, frozenset[str]()) for one in REMEDIES)]
    cells = [frozenset(_cells(one, study)) for one, _ in asked]
    explained = Counter(chain.from_iterable(cells))
    found = []
    for place, (one, elsewhere) in enumerate(asked):
        # A stack on which the rule alone shows nothing is left to what else explains the same there.
        own = frozenset(cell for cell in cells[place] if cell[1] not in elsewhere or explained[cell] == 1)
        if own or place < len(rules):
            on = tuple(named(survey.source.blocks, {stack for _, stack in own}))
            found.append(Advice(title=one.title, cause=one.cause, code=one.code, cells=own, on=on))
    newest = survey.newest.stack if survey.newest else ""
    return tuple(sorted(found, key=lambda one: all(stack != newest for _, stack in one.cells)))


def _cells(remedy: Remedy, study: Study) -> Iterator[tuple[str, str]]:
    for one in study.variants:
        for stack, behaviour in one.behaviours.items():
            if remedy.holds(study.entry.id, stack, behaviour):
                yield one.label, stack


def _elsewhere(one: Rule, survey: Survey) -> frozenset[str]:
    """Stacks of another Keras, or on which the cases that show nothing but the rule do not show it.

    And those on which another rule is shown, to which it gives way.
    """
    other = {stack.id for stack in survey.source.matrix.stacks if not stack.keras.startswith(one.keras)}
    shown, measured = _decided(one, survey)
    ways = (_decided(rule(name), survey)[0] for name in one.gives_way)
    return frozenset(other | (measured - shown)).union(*ways)


def _decided(one: Rule, survey: Survey) -> tuple[frozenset[str], frozenset[str]]:
    """Stacks on which the cases that show nothing but the rule show it, and those of their measurements."""
    decisive = [study for study in survey.studies if study.entry.id in one.decisive]
    remedy = of_rule(one)
    shown = {stack for study in decisive for _, stack in _cells(remedy, study)}
    measured = {stack for study in decisive for of in study.variants for stack in of.behaviours}
    return frozenset(shown), frozenset(measured)


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
        stack.id: (not downloadable(stack.python), place, newer)
        for place, line in enumerate(lines(matrix.stacks))
        for newer, stack in enumerate(reversed(line.stacks))
    }
