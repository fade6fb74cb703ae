"""What a session answers: for each pair of arms, part and measure, slower, faster, the same, or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nestbench.statistics.comparison import LEAST_PAIRS, Comparison, compare
from nestbench.statistics.judging import Answer, judge, noise_floor
from nestbench.statistics.looks import LOOKS, alpha_at, broken_controls, is_interim
from nestbench.timing.overdue import NONE, Overdue, overdue
from nestbench.timing.record import Arm, Session
from nestbench.timing.samples import seconds_by_block

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "Answers",
    "Key",
    "Row",
    "answers",
    "compared",
    "complete_blocks",
    "look_at",
    "noise_of",
    "steps",
]

Pair: TypeAlias = tuple[str, str]
Key: TypeAlias = tuple[str, str, str, str]  # before, after, part, measure
Seconds: TypeAlias = "Mapping[str, NDArray[np.float64]]"  # of each arm, by block

#: Controls of one measure from which its own noise is told; with fewer, those of all measures are taken.
_FEWEST_CONTROLS = 5


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison: ``after`` held against ``before``; ``seconds`` are medians over launches.

    ``noise``: of its measure; None where no control tells it. ``over``: blocks that are left out because
    only the one, and because only the other arm was over its limit. ``idle``: the one that builds nothing,
    where that is known and the other does.
    """

    before: str
    after: str
    part: str
    measure: str
    comparison: Comparison
    seconds: tuple[float, float]
    noise: float | None
    answer: Answer
    over: tuple[int, int] = NONE
    idle: str = ""

    @property
    def said(self) -> str:
        """The answer in words: ``slower``, ``builds nothing on tf2.21``."""
        return f"{self.answer} on {self.idle}" if self.idle else str(self.answer)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """All comparisons of a session at one look. ``broken``: controls that show a difference.

    ``controls``: the comparisons of a stack with itself. ``trusted`` is None where there is none.
    ``blocks``: complete ones, which alone are looked at; ``left_out``: those that wait for the next look.
    ``short``: how many pairs had too few of them in which both were measured.
    """

    rows: tuple[Row, ...]
    controls: tuple[Row, ...]
    broken: tuple[str, ...]
    blocks: int
    left_out: int = 0
    short: int

    @property
    def trusted(self) -> bool | None:
        """Whether the stack that was timed twice came out as itself."""
        return not self.broken if self.controls else None

    @property
    def undecided(self) -> int:
        """Comparisons of which more blocks could tell more."""
        return sum(row.answer in {Answer.NO_EVIDENCE, Answer.OVER_THE_LIMIT} for row in self.rows)


def steps(arms: Sequence[Arm]) -> list[Pair]:
    """The pairs that a session is judged by: each arm against the one before, and the last against the first.

    A control is judged apart.
    """
    names = [arm.name for arm in arms if arm.control_of is None]
    pairs = list(pairwise(names))
    if len(names) > 2:  # noqa: PLR2004 - with two, the first step is the whole way
        pairs.append((names[0], names[-1]))
    return pairs


def look_at(blocks: int) -> int:
    """Place in LOOKS of the last look that ``blocks`` suffice for, the first where they do not."""
    return max((place for place, look in enumerate(LOOKS) if look <= blocks), default=0)


def answers(
    session: Session, frame: "pd.DataFrame", pairs: Iterable[Pair], *, most: int | None = None
) -> Answers:
    """Judge ``pairs`` of arms as one family, with the noise that the session's control shows.

    Comparisons of one measure are held to that measure's noise. ``most``: blocks that are looked at, the
    first ones; where left out, as many as the last look takes that has all of its own. An answer that
    hangs on blocks in which one arm was over its limit is none: see ``overdue``. Raises ValueError for an
    arm that the session has not.
    """
    every = complete_blocks(session, frame)
    complete = every[: _looked_at(session, len(every)) if most is None else most]
    frame = frame[frame["block"].isin(complete)]
    table = seconds_by_block(frame)
    table = table.reindex(columns=[arm.name for arm in session.arms])
    blocks = len(complete)
    left_out = len(every) - blocks if most is None else 0
    look = look_at(blocks)
    alpha, interim = alpha_at(look), is_interim(look)
    control = session.control
    doubles: dict[Key, Comparison] = {}
    if control is not None and control.control_of is not None:
        doubles, _ = compared(table, [(control.control_of, control.name)])
    broken = broken_controls(doubles, alpha=alpha) if doubles else ()
    family, short = compared(table, pairs)
    noises = {measure: noise_of(doubles, measure) for measure in session.measures}
    known: Mapping[str, float] = noises if doubles else {}
    seconds = _seconds(table)
    late = overdue(table, frame, [*family, *doubles], limit=session.limit_seconds)

    def judged(every: Mapping[Key, Comparison]) -> dict[Key, Answer]:
        return judge(every, noise={key: noises[key[3]] for key in every}, alpha=alpha, interim=interim)

    said = judged(family)
    if late:
        whole = judged({key: late[key].comparison if key in late else one for key, one in family.items()})
        said |= {key: Answer.OVER_THE_LIMIT for key in late if key in said and said[key] is not whole[key]}
    return Answers(
        rows=tuple(
            _row(seconds, key, one, known.get(key[3]), said[key], late=late) for key, one in family.items()
        ),
        controls=tuple(
            _row(seconds, key, one, known.get(key[3]), Answer.NO_EVIDENCE, late=late)
            for key, one in doubles.items()
        ),
        broken=tuple(f"{part}, {measure}" for _, _, part, measure in broken),
        blocks=blocks,
        left_out=left_out,
        short=short,
    )


def _looked_at(session: Session, complete: int) -> int:
    """Blocks of the last look that so many complete ones suffice for; all of them before the first.

    Looked at whenever somebody asks, a session would be looked at oftener than the error rate is divided for.
    One that does not say where it was to end is of before, and what it holds is taken for its end.
    """
    if session.planned is None:
        return complete
    return max((look for look in (*LOOKS, session.planned) if look <= complete), default=complete)


def complete_blocks(session: Session, frame: "pd.DataFrame") -> list[int]:
    """Numbers of the blocks in which every arm of the session was launched, whatever came of it."""
    launched = frame.groupby("block")["arm"].nunique()
    return [int(block) for block in launched.index[launched == len(session.arms)]]


def noise_of(doubles: Mapping[Key, Comparison], measure: str) -> float:
    """The noise floor of one measure. Zero where no control ran: the session says that it has none."""
    own = [one for key, one in doubles.items() if key[3] == measure]
    if len(own) < _FEWEST_CONTROLS:
        own = list(doubles.values())
    return noise_floor(own) if own else 0.0


def compared(table: "pd.DataFrame", pairs: Iterable[Pair]) -> tuple[dict[Key, Comparison], int]:
    """The comparisons of blocks in which both arms were measured, and how many had too few of them."""
    found: dict[Key, Comparison] = {}
    short = 0
    grouped = _seconds(table)
    for before, after in pairs:
        if missing := {before, after} - set(table.columns):
            raise ValueError(f"the session has no arm {', '.join(sorted(missing))}")
        for (part, measure), seconds in grouped.items():
            first, second = _both(seconds, before, after)
            if first.size < LEAST_PAIRS:
                short += 1
                continue
            found[before, after, part, measure] = compare(first, second)
    return found, short


def _seconds(table: "pd.DataFrame") -> dict[tuple[str, str], Seconds]:
    """By part and measure the seconds of each arm, block by block. A table for each would take longer."""
    return {
        (str(part), str(measure)): {str(arm): rows[arm].to_numpy() for arm in rows.columns}
        for (part, measure), rows in table.groupby(level=["part", "measure"], sort=False)
    }


def _both(seconds: Seconds, before: str, after: str) -> tuple["NDArray[np.float64]", "NDArray[np.float64]"]:
    """Those of the blocks in which both were measured."""
    first, second = seconds[before], seconds[after]
    there = ~(np.isnan(first) | np.isnan(second))
    return first[there], second[there]


def _row(
    seconds: Mapping[tuple[str, str], Seconds],
    key: Key,
    one: Comparison,
    noise: float | None,
    answer: Answer,
    *,
    late: Mapping[Key, Overdue],
) -> Row:
    before, after, part, measure = key
    first, second = _both(seconds[part, measure], before, after)
    return Row(
        before=before,
        after=after,
        part=part,
        measure=measure,
        comparison=one,
        seconds=(median(first.tolist()), median(second.tolist())),
        noise=noise,
        answer=answer,
        over=late[key].blocks if key in late else NONE,
    )
