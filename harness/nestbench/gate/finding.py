"""What a check finds of one cell or of one known deviation, and what it means for the exit code."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from nestbench.catalogue import Cell
from nestbench.errors import ExitCode
from nestbench.gate.facts import COUNTS, Fact, Facts
from nestbench.verdicts import Verdict
from nestbench.verdicts.verdict import RANK

__all__ = ["Difference", "Finding", "Kind", "differences", "gravity_of", "kind_of"]

_FINDINGS = ("call", "build")
#: Counts of which more is not better by itself: what is meant to be frozen is known to the verdict alone.
_MEANT = ("trainable", "trained")
_TOLD = 6  # differences in a line


class Kind(StrEnum):
    """In the order in which they are told."""

    REGRESSION = "regression"
    CHANGE = "change"  # neither for the better nor for the worse
    IMPROVEMENT = "improvement"
    GONE = "gone"  # accepted, and no case of the catalogue any more
    ENDED = "ended deviation"
    ROTTEN = "rotten deviation"
    NO_BASELINE = "no baseline"
    UNACCEPTED = "not accepted yet"
    MISSING = "missing"
    UNSTABLE = "unstable"
    DEVIATION = "known deviation"

    @property
    def exit_code(self) -> ExitCode:
        """What it alone would end a check with."""
        if self in _FAILING:
            return ExitCode.FOUND
        return ExitCode.INCOMPLETE if self in _INCOMPLETE else ExitCode.CLEAN


_FAILING = frozenset({
    Kind.REGRESSION, Kind.CHANGE, Kind.IMPROVEMENT, Kind.GONE, Kind.ENDED, Kind.ROTTEN,
})  # fmt: skip
_INCOMPLETE = frozenset({Kind.NO_BASELINE, Kind.UNACCEPTED, Kind.MISSING})


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A fact that is another than was accepted; None where there is none."""

    fact: str
    before: Fact | None
    after: Fact | None

    @property
    def is_raise(self) -> bool:
        """Whether the fact is that something raises."""
        return self.fact.endswith("-raises")

    def __str__(self) -> str:
        before, after = ("nothing" if one is None else one for one in (self.before, self.after))
        return f"{self.fact} {before} -> {after}"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a person has to know.

    ``label``: the case variant, or the pattern of a deviation; empty for a whole stack. ``stack``: the
    same of the stack. ``cell``: where the catalogue has it. ``again``: what a second try said.
    ``gravity``: the rank of what the call is found to be now, where that changed; 0 is the gravest.
    """

    kind: Kind
    stack: str
    label: str = ""
    differences: tuple[Difference, ...] = ()
    why: str = ""
    again: str = ""
    cell: Cell | None = None
    gravity: int = len(RANK)

    @property
    def said(self) -> str:
        """What differs, or why nothing is known, in a line."""
        return "; ".join(filter(None, [*map(str, self.differences), self.why]))

    @property
    def brief(self) -> str:
        """The same, of many differences the verdicts and exceptions first, and the rest counted."""
        first = sorted(self.differences, key=lambda one: one.fact not in _FINDINGS and not one.is_raise)
        more = len(first) - _TOLD
        told = [*map(str, first[:_TOLD]), *([f"and {more} more"] if more > 0 else [])]
        return "; ".join(filter(None, [*told, self.why]))


def differences(accepted: Facts, found: Facts) -> tuple[Difference, ...]:
    """Facts that differ, in the order of ``accepted``."""
    names = [*accepted, *(name for name in found if name not in accepted)]
    return tuple(
        Difference(fact=name, before=accepted.get(name), after=found.get(name))
        for name in names
        if accepted.get(name) != found.get(name)
    )


def kind_of(accepted: Facts, found: Facts) -> Kind:
    """Whether facts that differ do so for the worse.

    A regression: something is lost or raises that was not, and where something else became better
    the findings of the call are graver than before. An improvement: nothing became worse, and more is
    trained only where the findings of the call became better. So a silent loss that becomes an exception
    is a regression, and an exception that becomes a loss too.
    """
    ways = {one.fact: _way(one, accepted, found) for one in differences(accepted, found)}
    worse, better = 1 in ways.values(), -1 in ways.values()
    if worse and (not better or ways.get("call") == 1):
        return Kind.REGRESSION
    doubtful = ways.get("call") != -1 and any(ways.get(name) == -1 for name in _MEANT)
    return Kind.IMPROVEMENT if better and not worse and not doubtful else Kind.CHANGE


def gravity_of(changes: Iterable[Difference]) -> int:
    """The rank of what the call is found to be now; below all others where that did not change."""
    calls = [str(one.after) for one in changes if one.fact == "call"]
    return min((_rank(name) for call in calls for name in call.split(", ")), default=len(RANK))


def _way(difference: Difference, accepted: Facts, found: Facts) -> int:
    """1 for the worse, -1 for the better, 0 for neither."""
    name, before, after = difference.fact, difference.before, difference.after
    if name in _FINDINGS:
        return _way_of_findings(str(before or ""), str(after or ""))
    if name in COUNTS:
        return _compared(_loss(before, accepted), _loss(after, found))
    if name == "used":
        return 0
    return (before is None) - (after is None)  # what raises, ends or gives another output


def _way_of_findings(before: str, after: str) -> int:
    old, new = set(_verdicts(before)), set(_verdicts(after))
    if not new - old:
        return -1
    if not old - new:
        return 1
    # Others than before: trouble only where the gravest of them is graver.
    return 1 if min(map(_rank, new)) < min(map(_rank, old)) else 0


def _verdicts(text: str) -> Iterator[str]:
    return (one for one in text.split(", ") if one and one != Verdict.TRACKED)


def _rank(verdict: str) -> int:
    return RANK[Verdict(verdict)] if verdict in RANK else len(RANK)  # a baseline may be edited by hand


def _loss(count: Fact | None, facts: Facts) -> int | None:
    """How far a count is from what is used; all of it where it is not there. None: nothing is known."""
    used = facts.get("used")
    if not isinstance(used, int):
        return None
    return abs(used - count) if isinstance(count, int) else used


def _compared(before: int | None, after: int | None) -> int:
    if before is None or after is None:
        # Where the call failed nothing can be lost; what else changed says which way.
        return 0
    return (after > before) - (after < before)
