"""Two stacks held against each other, case by case: behaviour and exact counts, what is worst first."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from nestbench.changes.behaviour import Behaviour, behaviour_of
from nestbench.frames import Result
from nestbench.verdicts import Verdict
from nestbench.verdicts.verdict import RANK

__all__ = ["COUNTS", "UNTOLD", "Change", "Direction", "Pairing", "count_of", "ordered", "pairings"]

#: Exact counts of a case's first build, as (phase, field); both are of the entry call.
COUNTS = {"Python calls": "python_calls", "user call() runs": "user_calls"}
#: Findings of a call that say nothing of how a model behaves: they are neither better nor worse than another.
UNTOLD = (Verdict.NOT_APPLICABLE, Verdict.UNAVAILABLE)
_QUIET = RANK[Verdict.TRACKED]


class Direction(IntEnum):
    """What a change of behaviour means for somebody who goes from one stack to the other."""

    WORSE = 0
    OTHER = 1  # other trouble, neither better nor worse by rank
    BETTER = 2
    NONE = 3


@dataclass(frozen=True, kw_only=True)
class Change:
    """The behaviours before and after, and which way they differ."""

    before: Behaviour
    after: Behaviour

    @property
    def direction(self) -> Direction:
        """Worse where the headline of the call ranks higher after than before.

        Where it is the same: where a file that was saved fares worse, by the order of ``Back``.
        """
        if self.before.same(self.after):
            return Direction.NONE
        old, new = (RANK[Verdict(one.call[0])] for one in (self.before, self.after))
        if new != old:
            return Direction.WORSE if new < old else Direction.BETTER
        if self.fallen:
            return Direction.WORSE
        findings = (self.before.call, self.before.build) == (self.after.call, self.after.build)
        return Direction.BETTER if findings else Direction.OTHER

    @property
    def fallen(self) -> list[str]:
        """Files that fare worse than before."""
        return self.before.falls(self.after)

    @property
    def lost(self) -> list[str]:
        """Those of them that lose something, without an error."""
        return [name for name in self.fallen if name in self.after.lossy]

    @property
    def by_errors_alone(self) -> bool:
        """Whether all that is worse is that a file raises which did not."""
        stays = self.before.call[0] == self.after.call[0]
        return stays and bool(self.fallen) and not self.lost

    @property
    def gravity(self) -> int:
        """Rank of the worse of the two headlines, or of what becomes of a file: 0 is the gravest."""
        ranks = [RANK[Verdict(one.call[0])] for one in (self.before, self.after)]
        if self.fallen:
            ranks.append(RANK[Verdict.UNSAVED if self.lost else Verdict.RAISES])
        return min(ranks)


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """One case variant on two stacks. ``why``: where it says nothing on one of them, what and where.

    ``counts``: by name, the exact count before and after; of what could be counted on both.
    """

    label: str
    change: Change | None
    counts: Mapping[str, tuple[int, int]]
    why: str = ""

    @property
    def ratio(self) -> float:
        """The largest factor, up or down, between two counts; 1 where none differs."""
        return max((_factor(*pair) for pair in self.counts.values()), default=1.0)


def pairings(before: Iterable[Result], after: Iterable[Result]) -> list[Pairing]:
    """Every case variant that one of the two has, what changed most first.

    Changes of behaviour come first: for the worse, then to other trouble, then for the better, the
    gravest first among equals; then what differs in counts alone, by the factor.
    """
    old = {result.cell.label: result for result in before}
    new = {result.cell.label: result for result in after}
    found = [_pairing(label, old.get(label), new.get(label)) for label in dict.fromkeys([*old, *new])]
    return ordered(found)


def ordered(found: Iterable[Pairing]) -> list[Pairing]:
    """What changed most first, as ``pairings`` orders them."""
    return sorted(found, key=_order)


def _order(pairing: Pairing) -> tuple[int, int, float, str]:
    change = pairing.change
    if change is None or change.direction is Direction.NONE:
        return (Direction.NONE, _QUIET, -pairing.ratio, pairing.label)
    return (change.direction, change.gravity, -pairing.ratio, pairing.label)


def _pairing(label: str, before: Result | None, after: Result | None) -> Pairing:
    old, new = (behaviour_of(one) if one is not None else None for one in (before, after))
    why = "; ".join(_untold({"the first": old, "the second": new}))
    if before is None or after is None or old is None or new is None or why:
        return Pairing(label=label, change=None, counts={}, why=why)
    counts = {}
    for name, field in COUNTS.items():
        pair = (count_of(before, field), count_of(after, field))
        if pair[0] is not None and pair[1] is not None:
            counts[name] = (pair[0], pair[1])
    return Pairing(label=label, change=Change(before=old, after=new), counts=counts)


def _untold(sides: Mapping[str, Behaviour | None]) -> Iterator[str]:
    """What keeps the two from being held against each other: ``not-applicable on the second``."""
    said = {name: "not measured" if one is None else one.call[0] for name, one in sides.items()}
    for words in dict.fromkeys(said.values()):
        if words in ("not measured", *UNTOLD):
            yield f"{words} on {' and '.join(name for name, one in said.items() if one == words)}"


def count_of(result: Result, field: str) -> int | None:
    """A count of the first call; None where it raised, for a count of half a build says nothing."""
    phase = result.observation.phases.get("called") if result.observation is not None else None
    if phase is None or phase.raised is not None:
        return None
    value = getattr(phase, field)
    return sum(value.values()) if isinstance(value, Mapping) else value


def _factor(before: int, after: int) -> float:
    if not before or not after:
        return 1.0 if before == after else math.inf
    return max(before / after, after / before)
