"""A run held against what is accepted: pure, from results to findings."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from nestbench.catalogue import Cell
from nestbench.errors import ExitCode, gravest
from nestbench.frames import Result
from nestbench.gate.baseline import Baseline
from nestbench.gate.deviation import Deviation
from nestbench.gate.facts import Facts, facts_of, why_unknown
from nestbench.gate.finding import Difference, Finding, Kind, differences, gravity_of, kind_of
from nestbench.names import matching

__all__ = ["Checked", "Question", "check", "tried_again"]

#: What is tried once more before it counts.
_FAILED = (Kind.REGRESSION, Kind.CHANGE, Kind.IMPROVEMENT)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be checked.

    ``results``: of every cell that is expected, by stack. ``baselines``: those of all stacks, checked or
    not: they tell whether a deviation that matches nothing here may match elsewhere. ``whole``: every
    case of the catalogue is among the results, so that what is accepted beside them is gone.
    ``unread``: why a stack could not be looked at, by stack. ``unread_elsewhere``: stacks that are not
    checked and of which the baseline could not be read.
    """

    results: Mapping[str, Sequence[Result]]
    baselines: Mapping[str, Baseline]
    deviations: Sequence[Deviation] = ()
    whole: bool = True
    today: date
    unread: Mapping[str, str] = field(default_factory=dict)
    unread_elsewhere: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of a check: ``findings`` the gravest kind first, ``clean`` labels by stack.

    ``looked``: cells that were measured and held against something. ``undecided``: deviations that
    matched nothing here, and may elsewhere.
    """

    stacks: tuple[str, ...]
    findings: tuple[Finding, ...]
    clean: Mapping[str, tuple[str, ...]]
    undecided: tuple[Deviation, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    def of(self, *kinds: Kind) -> list[Finding]:
        """The findings of these kinds."""
        return [one for one in self.findings if one.kind in kinds]

    @property
    def failed(self) -> list[Finding]:
        """What is to be tried once more."""
        return [one for one in self.of(*_FAILED) if one.cell is not None]

    @property
    def compared(self) -> int:
        """Number of cells that were held against something."""
        kinds = (*_FAILED, Kind.UNSTABLE, Kind.DEVIATION)
        return sum(map(len, self.clean.values())) + len(self.of(*kinds))

    def exit_code(self, *, improvements: bool = False) -> ExitCode:
        """1 for anything that fails, whatever is missing beside it; then 4, then 3, then 0.

        ``improvements``: they may pass without having been accepted.
        """
        codes = {
            one.kind.exit_code for one in self.findings if not (improvements and one.kind is Kind.IMPROVEMENT)
        }
        if self.unread:
            codes.add(ExitCode.GROUND)
        if not self.compared:  # nothing was measured, or nothing to hold it against
            codes.add(ExitCode.INCOMPLETE)
        return gravest(codes)


def check(question: Question) -> Checked:
    """Every difference between the results and what is accepted, and what could not be compared."""
    findings: list[Finding] = []
    clean: dict[str, list[str]] = {}
    for stack, results in question.results.items():
        clean[stack] = []
        baseline = question.baselines.get(stack)
        if baseline is None:
            findings += _without_baseline(stack, results)
            continue
        for result in results:
            found = _of_cell(result, baseline.cells.get(result.cell.label), question)
            if found is None:
                clean[stack].append(result.cell.label)
            else:
                findings.append(found)
        if question.whole:
            known = {result.cell.label for result in results}
            findings += [
                Finding(kind=Kind.GONE, stack=stack, label=label, why="the catalogue has no such case")
                for label in baseline.cells
                if label not in known
            ]
    about, undecided = _of_deviations(question, [one for one in findings if one.cell is not None])
    return Checked(
        stacks=tuple(dict.fromkeys([*question.results, *question.unread])),
        findings=_ordered([*findings, *about]),
        clean={stack: tuple(labels) for stack, labels in clean.items()},
        undecided=tuple(undecided),
        unread=dict(question.unread),
    )


def tried_again(
    checked: Checked,
    question: Question,
    results: Mapping[tuple[str, str], Result],
    why_not: Mapping[str, str],
) -> Checked:
    """``checked`` with what a second try says of its failures.

    ``results``: those of the second try, by stack and label. ``why_not``: why there was none, by stack.
    """
    findings = []
    for one in checked.findings:
        if one not in checked.failed:
            findings.append(one)
            continue
        result = results.get((one.stack, one.label))
        facts = facts_of(result) if result is not None else None
        accepted = question.baselines[one.stack].cells[one.label]
        if facts is None:
            why = why_unknown(result) if result is not None else why_not.get(one.stack, "no answer")
            findings.append(replace(one, again=f"not tried again: {why}"))
            continue
        second = _uncovered(accepted, facts, one.stack, one.label, question)
        if not second:
            findings.append(replace(one, kind=Kind.UNSTABLE, again="as accepted in a fresh process"))
        else:
            said = "the same" if second == one.differences else "; ".join(map(str, second))
            findings.append(replace(one, again=f"again in a fresh process: {said}"))
    return replace(checked, findings=_ordered(findings))


def _applied(accepted: Facts, changes: Iterable[Difference]) -> Facts:
    now = {**accepted, **{one.fact: one.after for one in changes}}
    return {name: fact for name, fact in now.items() if fact is not None}


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    kinds = list(Kind)
    return tuple(sorted(findings, key=lambda one: (kinds.index(one.kind), one.gravity)))


def _without_baseline(stack: str, results: Sequence[Result]) -> Iterator[Finding]:
    measured = sum(not why_unknown(result) for result in results)
    why = f"{measured} of {len(results)} cells are measured, and nothing is accepted to hold them against"
    yield Finding(kind=Kind.NO_BASELINE, stack=stack, why=why)


def _of_cell(result: Result, accepted: Facts | None, question: Question) -> Finding | None:
    """The finding of one cell; None where it is as accepted."""
    cell = result.cell
    facts = facts_of(result)
    if facts is None:
        return _finding(Kind.MISSING, cell, why=why_unknown(result))
    if accepted is None:
        return _finding(Kind.UNACCEPTED, cell, why=f"it is {facts['call']}, and no baseline has it")
    if facts == accepted:
        return None
    left = _uncovered(accepted, facts, cell.stack, cell.label, question)
    if left:
        return _finding(kind_of(accepted, _applied(accepted, left)), cell, differences=left)
    every = differences(accepted, facts)
    reasons = [
        f"{one.reason} (until {one.until})"
        for one in _valid(question, cell.stack, cell.label)
        if any(map(one.covers, every))
    ]
    return _finding(Kind.DEVIATION, cell, differences=every, why="; ".join(reasons))


def _finding(kind: Kind, cell: Cell, *, why: str = "", differences: tuple[Difference, ...] = ()) -> Finding:
    return Finding(
        kind=kind,
        stack=cell.stack,
        label=cell.label,
        differences=differences,
        why=why,
        cell=cell,
        gravity=gravity_of(differences),
    )


def _uncovered(
    accepted: Facts, found: Facts, stack: str, label: str, question: Question
) -> tuple[Difference, ...]:
    """Differences that no valid deviation knows."""
    known = list(_valid(question, stack, label))
    return tuple(
        one for one in differences(accepted, found) if not any(deviation.covers(one) for deviation in known)
    )


def _valid(question: Question, stack: str, label: str) -> Iterator[Deviation]:
    return (one for one in question.deviations if one.about(stack, label) and not one.ended(question.today))


def _of_deviations(question: Question, found: Sequence[Finding]) -> tuple[list[Finding], list[Deviation]]:
    """What is wrong with the list itself, and the deviations of which this check cannot tell."""
    wrong: list[Finding] = []
    undecided: list[Deviation] = []
    if not question.deviations:
        return wrong, undecided
    missing = {(one.stack, one.label) for one in found if one.kind in {Kind.MISSING, Kind.UNACCEPTED}}
    looked = {
        (stack, result.cell.label)
        for stack, results in question.results.items()
        for result in results
        if (stack, result.cell.label) not in missing
    }
    accepted = [(stack, label) for stack, one in question.baselines.items() for label in one.cells]
    for deviation in question.deviations:
        its = [cell for cell in accepted if deviation.about(*cell)]
        here = [cell for cell in its if cell in looked]
        # Of stacks whose cells are not known it may be, too.
        unread = bool(matching(deviation.stack, question.unread))
        elsewhere = bool(matching(deviation.stack, question.unread_elsewhere))
        checked = unread or any(stack in question.results for stack, _ in its)
        if its and not checked:
            continue  # of stacks that are not checked
        if deviation.ended(question.today) and (checked or not elsewhere):
            why = f"it ended on {deviation.until} ({deviation.reason}); what deviates counts again"
            wrong.append(_about(Kind.ENDED, deviation, why))
        elif not any(_matches(deviation, cell, question) for cell in here):
            if unread or elsewhere or len(here) < len(its):
                undecided.append(deviation)
            else:
                what = "no accepted cell is called so" if not its else "its cells are as accepted"
                wrong.append(_about(Kind.ROTTEN, deviation, f"{what} ({deviation.reason})"))
    return wrong, undecided


def _about(kind: Kind, deviation: Deviation, why: str) -> Finding:
    return Finding(kind=kind, stack=deviation.stack, label=deviation.pattern, why=why)


def _matches(deviation: Deviation, cell: tuple[str, str], question: Question) -> bool:
    """Whether it covers a difference of that cell."""
    stack, label = cell
    result = next(one for one in question.results[stack] if one.cell.label == label)
    facts = facts_of(result)
    accepted = question.baselines[stack].cells[label]
    return facts is not None and any(map(deviation.covers, differences(accepted, facts)))
