"""Whether the method of comparing times works: false alarms, and which slowdowns it finds.

Counted on launches of one stack against itself, for nestbench and for the rules of others, on the same
samples.

- False alarms: the stack against itself ``again``, all comparisons judged as the one family that they
  are in a session. Rules of others alarm either way, as ours does.
- Found: one case is slower and all others are as they are, for each case and factor; that is the
  family which is judged. Where the probe has really slowed the case by the factor, its launches are
  taken (``planted``), elsewhere those of ``again`` with their times multiplied.
- One after the other: no launches were made in that order. It is made of the session's: all launches
  of the stack as it is, in the order of time; the first n stand for one arm, the next n for the other
  (its times multiplied, where something is to be found). Between them lie the launches of the slowed
  arm, so the two take a third longer than if they had been made so.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nestbench.bench.planting import FACTORS, again, slowed
from nestbench.statistics.comparison import LEAST_PAIRS, Comparison, compare
from nestbench.statistics.judging import Answer, judge
from nestbench.statistics.looks import LOOKS, alpha_at, broken_controls, is_interim
from nestbench.statistics.rivals import Rule, either_way, mann_whitney, mean_over, minimum_over
from nestbench.timing.answers import Key as TimingKey
from nestbench.timing.answers import compared, complete_blocks, look_at, noise_of
from nestbench.timing.record import Session
from nestbench.timing.samples import seconds_by_block

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FOUND_AT_LEAST",
    "LEAST_CASES",
    "LEAST_COMPARISONS",
    "MOST_FALSE",
    "Count",
    "Figures",
    "Proof",
    "Sampled",
    "prove",
]

#: What the method has to show, and on how much. At the first look, of 10 blocks, one slower case among many
#: cannot be found at all: see statistics.looks.
LEAST_BLOCKS, LEAST_COMPARISONS, LEAST_CASES, MOST_FALSE = LOOKS[1], 100, 10, 1
FOUND_AT_LEAST = {1.1: 0.50, 1.2: 0.95, 1.5: 1.00}

OURS = "nestbench"
_RIVALS: dict[str, Rule] = {
    "minimum over 5 %": minimum_over,
    "mean over 10 %": mean_over,
    "Mann-Whitney p < 0.002 and median over 10 %": mann_whitney,
}
INTERLEAVED, IN_A_ROW = "interleaved", "one after the other"

_Cell: TypeAlias = tuple[str, str]  # part, measure
_Times: TypeAlias = NDArray[np.float64]
#: Both arms of a comparison: the stack as it is, and the other slowed by a factor; 1 is itself again.
_Samples: TypeAlias = Callable[[_Cell, float], tuple[_Times, _Times]]


@dataclass(frozen=True, kw_only=True)
class Count:
    """``hits`` of ``of``; how many of both were of slowdowns that the probe had planted."""

    hits: int = 0
    of: int = 0
    planted_hits: int = 0
    planted: int = 0

    def plus(self, *, hit: bool, planted: bool = False) -> "Count":
        """With one more."""
        return Count(
            hits=self.hits + hit,
            of=self.of + 1,
            planted_hits=self.planted_hits + (hit and planted),
            planted=self.planted + planted,
        )

    @property
    def share(self) -> float:
        """Of what was tried; 0 where nothing was."""
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a rule said. ``order``: of the launches it was given; ``found``: by factor."""

    rule: str
    order: str
    false: Count
    found: Mapping[float, Count]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What became of a session. ``ours`` first among ``figures``.

    ``came_out``: the median of what the planted slowdowns were measured as, by factor. ``noise``: of
    each measure. ``broken``: of ``controls`` those that showed a difference. ``short``: comparisons
    that could not be made.
    """

    blocks: int
    cases: int
    figures: tuple[Figures, ...]
    came_out: Mapping[float, float]
    noise: Mapping[str, float]
    broken: tuple[str, ...]
    controls: int
    short: int

    @property
    def ours(self) -> Figures:
        """Those of nestbench."""
        return self.figures[0]

    @property
    def missing(self) -> list[str]:
        """Why nothing can be concluded, in words; empty where enough was measured."""
        said = []
        if self.blocks < LEAST_BLOCKS:
            said.append(f"{self.blocks} complete blocks, of {LEAST_BLOCKS}")
        if self.ours.false.of < LEAST_COMPARISONS:
            said.append(f"{self.ours.false.of} comparisons of the stack with itself, of {LEAST_COMPARISONS}")
        if self.cases < LEAST_CASES:
            said.append(f"{self.cases} cases, of {LEAST_CASES}")
        return said

    @property
    def shortfalls(self) -> list[str]:
        """Where the method does not do what it has to, in words."""
        said = []
        if self.ours.false.hits > MOST_FALSE:
            said.append(f"{self.ours.false.hits} false alarms, where {MOST_FALSE} is allowed")
        for factor, least in FOUND_AT_LEAST.items():
            if (count := self.ours.found[factor]).share < least:
                said.append(
                    f"of slowdowns of {factor} times {count.hits} of {count.of} found ({count.share:.0%}), "
                    f"where {least:.0%} are asked for"
                )
        if self.broken:
            said.append(f"the control showed a difference in {', '.join(self.broken)}")
        return said


def prove(session: Session, frame: "pd.DataFrame", *, most: int | None = None) -> Proof:
    """Count what each rule says of a session that ``planting.arms_for`` is the arms of.

    ``most``: blocks that are looked at; all that are complete where left out. Raises LookupError for a
    session of another kind.
    """
    complete = complete_blocks(session, frame)[:most]
    frame = frame[frame["block"].isin(complete)]
    sampled = Sampled(session, frame)
    alpha, interim = alpha_at(look_at(len(complete))), is_interim(look_at(len(complete)))
    broken = broken_controls(sampled.doubles, alpha=alpha) if sampled.doubles else ()
    noise = {measure: noise_of(sampled.doubles, measure) for measure in session.measures}

    def judged(family: Mapping[_Cell, Comparison]) -> dict[_Cell, Answer]:
        floors = {cell: noise[cell[1]] for cell in family}
        return judge(family, noise=floors, alpha=alpha, interim=interim)

    return Proof(
        blocks=len(complete),
        cases=len(
            {part.case for part in session.parts if part.label in {label for label, _ in sampled.nulls}}
        ),
        figures=(_ours(sampled, judged), *_theirs(sampled)),
        came_out=_came_out(sampled),
        noise=noise,
        broken=tuple(f"{part}, {measure}" for _, _, part, measure in broken),
        controls=len(sampled.doubles),
        short=sampled.short,
    )


class Sampled:
    """A session's samples by cell, in both orders, and the comparisons that all counts share."""

    def __init__(self, session: Session, frame: "pd.DataFrame") -> None:
        base = session.arms[0].name
        double, slow = again(session.arms), slowed(session.arms)
        control = session.control
        assert control is not None
        table = seconds_by_block(frame).reindex(columns=[arm.name for arm in session.arms])
        nulls, self.short = compared(table, [(base, double.name)])
        self.doubles: dict[TimingKey, Comparison] = compared(table, [(base, control.name)])[0]
        self.nulls: dict[_Cell, Comparison] = {key[2:]: one for key, one in nulls.items()}
        self._base, self._double, self._slow = base, double.name, slow
        self._table = table
        as_it_is = frame[(frame["arm"] != slow.name) & frame["seconds"].notna()]
        as_it_is = as_it_is.sort_values(["block", "order"])
        self._in_time: dict[_Cell, _Times] = {
            (str(part), str(measure)): rows["seconds"].to_numpy()
            for (part, measure), rows in as_it_is.groupby(["part", "measure"])
        }

    def planted(self, cell: _Cell, factor: float) -> bool:
        """Whether the probe slowed that cell by that factor, and it could be measured so."""
        return (
            self._slow.planted.get(cell[0]) == factor
            and len(self._both(cell, self._slow.name)[0]) >= LEAST_PAIRS
        )

    def interleaved(self, cell: _Cell, factor: float) -> tuple[_Times, _Times]:
        """Both arms by blocks."""
        if self.planted(cell, factor):
            return self._both(cell, self._slow.name)
        before, after = self._both(cell, self._double)
        return before, after * factor

    def in_a_row(self, cell: _Cell, factor: float) -> tuple[_Times, _Times]:
        """As many launches, one arm after the other."""
        times = self._in_time[cell]
        count = min(self.nulls[cell].pairs, len(times) // 2)
        return times[:count], times[count : 2 * count] * factor

    def _both(self, cell: _Cell, other: str) -> tuple[_Times, _Times]:
        rows = self._table.xs(cell)[[self._base, other]].dropna()
        return rows[self._base].to_numpy(), rows[other].to_numpy()


def _ours(sampled: Sampled, judged: Callable[[Mapping[_Cell, Comparison]], dict[_Cell, Answer]]) -> Figures:
    alarms = {Answer.SLOWER, Answer.FASTER}
    false = Count()
    for answer in judged(sampled.nulls).values():
        false = false.plus(hit=answer in alarms)
    parts = dict.fromkeys(part for part, _ in sampled.nulls)
    found = {}
    for factor in FACTORS:
        found[factor] = Count()
        for part in parts:
            slower = {
                cell: compare(*sampled.interleaved(cell, factor)) for cell in sampled.nulls if cell[0] == part
            }
            answers = judged(sampled.nulls | slower)
            for cell in slower:
                found[factor] = found[factor].plus(
                    hit=answers[cell] is Answer.SLOWER, planted=sampled.planted(cell, factor)
                )
    return Figures(rule=OURS, order=INTERLEAVED, false=false, found=found)


def _theirs(sampled: Sampled) -> Iterator[Figures]:
    orders: dict[str, _Samples] = {INTERLEAVED: sampled.interleaved, IN_A_ROW: sampled.in_a_row}
    for name, rule in _RIVALS.items():
        for order, samples in orders.items():
            differs, false = either_way(rule), Count()
            for cell in sampled.nulls:
                false = false.plus(hit=differs(*samples(cell, 1.0)))
            found = {}
            for factor in FACTORS:
                found[factor] = Count()
                for cell in sampled.nulls:
                    planted = order == INTERLEAVED and sampled.planted(cell, factor)
                    found[factor] = found[factor].plus(hit=rule(*samples(cell, factor)), planted=planted)
            yield Figures(rule=name, order=order, false=false, found=found)


def _came_out(sampled: Sampled) -> dict[float, float]:
    ratios: dict[float, list[float]] = {factor: [] for factor in FACTORS}
    for factor, seen in ratios.items():
        for cell in sampled.nulls:
            if sampled.planted(cell, factor):
                before, after = sampled.interleaved(cell, factor)
                seen.append(math.exp(float(np.median(np.log(after / before)))))
    return {factor: median(seen) for factor, seen in ratios.items() if seen}
