"""Curves of growth and their exponents: what was measured, lower bounds, and where it ends.

What decides is the smallest size: a case that raises there by its author's design is followed as far as it
raises the same, any other as far as it is measured. Where that ends, it breaks.
"""

import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from nestbench.growth.record import Counted, Kind, Part, StackCounts, StackTimes, Tally, Timed
from nestbench.statistics.growth import LEAST_SIZES, Growth, exponent

__all__ = ["Curve", "Quantity", "Reach", "Told", "tell"]

One = TypeVar("One", Counted, Timed)

_GOES_ON = (Kind.MEASURED, Kind.RAISES)
#: How the probe begins to tell that a part lacked what it needs: that has a reason of its own.
_CONSTRUCTING = "constructing it: "
_HOW = {
    Kind.OVER: "over the limit",
    Kind.CRASHED: "crashed",
    Kind.EXITED: "ended its process",
    Kind.OUT_OF_MEMORY: "out of memory",
    Kind.NOT_APPLICABLE: "not applicable",
    Kind.NOT_LOADED: "did not load",
}


class Quantity(StrEnum):
    """What grows."""

    USER_CALLS = "user calls"
    PYTHON_CALLS = "python calls"
    SECONDS = "seconds"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One quantity over the sizes; a size has several ``points`` where it was timed several times.

    ``bounds``: by size, what it is known to exceed there. ``growth`` is None for the reason ``why``.
    ``lost``: sizes that worked and have no point, for counting stopped before the end.
    """

    points: tuple[tuple[int, float], ...]
    bounds: Mapping[int, float] = field(default_factory=dict)
    lost: tuple[int, ...] = ()
    growth: Growth | None
    why: str = ""

    @property
    def medians(self) -> tuple[tuple[int, float], ...]:
        """Each size with the median of its points, the smallest first."""
        return _medians(self.points)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far it goes: the largest size that worked (None: not even the first), and what came next.

    ``breaks_at`` is None where every size worked.
    """

    works_to: int | None
    breaks_at: int | None = None
    how: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """One part of one case on one stack. ``counted`` and ``timed``: how far each went; None: not measured.

    ``clocked``: id of the host and launch mode of what was timed: seconds of others are not held against it.
    """

    stack: str
    label: str
    growing: str
    part: Part
    curves: Mapping[Quantity, Curve]
    counted: Reach | None
    timed: Reach | None
    clocked: tuple[str, str] | None

    @property
    def reach(self) -> Reach:
        """How far it goes without the profiler, which costs time; with it where nothing was timed."""
        found = self.timed or self.counted
        assert found is not None
        return found


def tell(counts: StackCounts | None, times: StackTimes | None, label: str) -> list[Told]:
    """What was measured of a series on one stack, for each part; nothing where nothing was."""
    counted = counts.series.get(label) if counts else None
    timed = times.series.get(label) if times else None
    one = counted or timed
    found = counts or times
    if one is None or found is None:
        return []
    tally = times.tallies.get(label) if times else None
    told = []
    for part in Part:
        points = [(point.size, point.parts[part]) for point in counted.points] if counted else []
        clocked = [(point.size, point.parts[part]) for point in timed.points] if timed else []
        ran_out = {size for size, one in points if one.lost}
        told.append(
            Told(
                stack=found.stack,
                label=label,
                growing=one.growing,
                part=part,
                curves={**_of_counts(points, tally, part), Quantity.SECONDS: _of_times(clocked, ran_out)},
                counted=_reach(points),
                timed=_reach(clocked),
                clocked=(timed.host, timed.launch) if timed else None,
            )
        )
    return told


def _of_counts(
    points: Sequence[tuple[int, Counted]], tally: Tally | None, part: Part
) -> dict[Quantity, Curve]:
    good = list(_good(points))
    user = [(size, float(sum(one.user_calls.values())), one.lost) for size, one in good]
    python = [(size, float(one.python_calls or 0), one.lost) for size, one in good]
    none = "no call() of the case ran" if user and not any(value for _, value, _ in user) else ""
    own = tally if tally is not None and tally.part is part else None
    return {
        Quantity.USER_CALLS: _counted(user, {own.size: float(own.user_calls)} if own else {}, none),
        Quantity.PYTHON_CALLS: _counted(python, {own.size: float(own.python_calls)} if own else {}),
    }


def _counted(values: Sequence[tuple[int, float, bool]], bounds: Mapping[int, float], why: str = "") -> Curve:
    """What was counted to the end is a value, what was not a lower bound."""
    lost = {size: value for size, value, lost in values if lost}
    whole = [(size, value) for size, value, lost in values if not lost]
    return replace(_curve(whole, {**lost, **bounds}, why), lost=tuple(lost))


def _of_times(points: Sequence[tuple[int, Timed]], ran_out: Collection[int]) -> Curve:
    """At the sizes of ``ran_out`` counting was lost: Keras met the recursion limit and went another way."""
    good = [(size, one) for size, one in _good(points) if size not in ran_out]
    values = [(size, seconds) for size, one in good for seconds in one.seconds]
    bounds = {size: one.at_least for size, one in points if one.at_least is not None}
    lost = tuple(size for size, _ in _good(points) if size in ran_out)
    return replace(_curve(values, bounds), lost=lost)


def _curve(values: Sequence[tuple[int, float]], bounds: Mapping[int, float], why: str = "") -> Curve:
    """A value or a bound of nothing tells nothing, nor does a bound below what a smaller size took."""
    points = tuple((size, value) for size, value in values if value > 0)
    bounds = {
        size: bound
        for size, bound in bounds.items()
        if bound > 0 and all(bound >= value for at, value in _medians(points) if at < size)
    }
    sizes = len({size for size, _ in points})
    if not why and sizes < LEAST_SIZES:
        why = f"measured at {sizes} sizes, an exponent takes {LEAST_SIZES}"
    growth = None
    if not why:
        growth = exponent(
            [size for size, _ in points],
            [value for _, value in points],
            over={float(size): bound for size, bound in bounds.items()},
        )
    return Curve(points=points, bounds=bounds, growth=growth, why=why)


def _medians(points: Sequence[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    by_size: dict[int, list[float]] = {}
    for size, value in points:
        by_size.setdefault(size, []).append(value)
    return tuple((size, statistics.median(by_size[size])) for size in sorted(by_size))


def _good(points: Sequence[tuple[int, One]]) -> Iterator[tuple[int, One]]:
    """What worked, up to where it broke."""
    for size, one in points:
        if not _like(points[0][1], one):
            return
        yield size, one


def _like(first: Counted | Timed, one: Counted | Timed) -> bool:
    same = first.kind is one.kind and _exception(first) == _exception(one)
    return same and first.kind in _GOES_ON


def _exception(one: Counted | Timed) -> str:
    return one.detail.split(":")[0] if one.kind is Kind.RAISES else ""


def _reach(points: Sequence[tuple[int, Counted | Timed]]) -> Reach | None:
    if not points:
        return None
    works_to = None
    for size, one in points:
        if not _like(points[0][1], one):
            return Reach(works_to=works_to, breaks_at=size, how=_how(one))
        works_to = size
    return Reach(works_to=works_to)


def _how(one: Counted | Timed) -> str:
    """``RecursionError: ...``, ``over the limit (limit of 20 s)``; of what was not tried, why."""
    words = _HOW.get(one.kind)
    if one.kind is Kind.NOT_TRIED and not one.detail.startswith(_CONSTRUCTING):
        return f"not tried: {one.detail}"
    if words is None:
        return one.detail or str(one.kind)
    return f"{words} ({one.detail})" if one.detail else words
