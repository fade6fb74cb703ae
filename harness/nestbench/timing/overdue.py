"""Blocks in which one of two arms was ended at its limit, and what an answer is worth without them.

Left out, they take the slowest launches of one arm away: by the rest it is as fast as the other, or faster.
That each of them took longer than the other arm is not known either: the limit is of the whole cell, and
what disturbs the machine takes a cell to it, too. So there are two readings: without these blocks, and
with all of them as if the arm that was ended had taken the whole limit, which is more than anything that
was measured. An answer stands where both readings give it; where they do not, it is "over the limit".

No share of blocks that is too many need then be chosen. The estimate is the middle of ranks and bears few
of them however large they are: where nothing else differs, "the same" of 10 blocks bears none, of 20 two,
of 30 four (tried, 3 % of noise). With more, its interval reaches up to the limit, and neither "the same"
nor "faster" stand. "Slower" of the arm that was ended stands: the second reading only makes it slower.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nestbench.statistics.comparison import Comparison, compare
from nestbench.timing.record import TIMED_OUT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NONE", "Overdue", "overdue"]

#: In no block was only the one, in none only the other arm ended.
NONE = (0, 0)


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """``blocks`` in which only the one, and in which only the other was ended; the second reading."""

    blocks: tuple[int, int]
    comparison: Comparison


def overdue(
    table: "pd.DataFrame",
    frame: "pd.DataFrame",
    keys: Iterable[tuple[str, str, str, str]],
    *,
    limit: float,
) -> dict[tuple[str, str, str, str], Overdue]:
    """Of the comparisons ``keys`` those that lack blocks because one arm was over ``limit`` seconds.

    ``table``: seconds by block; ``frame``: the samples that it is made of. A block in which both were ended
    says nothing of which is slower, and is in neither reading.
    """
    lost = frame[frame["kind"] == TIMED_OUT]
    if lost.empty:
        return {}
    ended = {(one.arm, one.part, one.measure, one.block) for one in lost.itertuples()}
    found = {}
    for key in keys:
        before, after, part, measure = key
        seconds = table.xs((part, measure))[[before, after]].copy()
        first, second = (
            {block for block in seconds.index if (arm, part, measure, block) in ended}
            for arm in (before, after)
        )
        seconds.loc[sorted(first - second), before] = limit
        seconds.loc[sorted(second - first), after] = limit
        whole = seconds.dropna()
        kept = set(whole.index)
        blocks = (len(kept & (first - second)), len(kept & (second - first)))
        if blocks != NONE:
            found[key] = Overdue(blocks=blocks, comparison=compare(whole[before], whole[after]))
    return found
