"""What tests of growth share: series that nobody measured, of a shape that the test says."""

from collections.abc import Callable, Mapping, Sequence

from nestbench.digests import Digests
from nestbench.growth.record import (
    Counted,
    CountPoint,
    Counts,
    Kind,
    Part,
    StackCounts,
    StackTimes,
    Tally,
    Timed,
    TimePoint,
    Times,
)

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
DIGESTS = Digests(case="c", lock="l", probe="p")
NOT_TRIED = "n=%d was over the limit"


def counts(
    user: Callable[[int], int],
    *,
    label: str = "deep-chain",
    sizes: Sequence[int] = SIZES,
    instead: Mapping[int, Counted] | None = None,
    limit: float = 20,
    digests: Digests = DIGESTS,
) -> Counts:
    """The same for each part: ``user(size)`` calls, ten times as many of Python; ``instead`` at a size."""

    def point(size: int) -> CountPoint:
        ended = (instead or {}).get(size)
        one = ended or Counted(
            kind=Kind.MEASURED, python_calls=10 * user(size) + 500, user_calls={"Link": user(size)}
        )
        return CountPoint(size=size, parts=dict.fromkeys(Part, one))

    return Counts(
        case=label,
        growing="n",
        digests=digests,
        limit_seconds=limit,
        points=tuple(map(point, sizes)),
    )


def times(
    seconds: Callable[[int], Sequence[float]],
    *,
    label: str = "deep-chain",
    sizes: Sequence[int] = SIZES,
    instead: Mapping[int, Timed] | None = None,
    repeats: int = 3,
    host: str = "here",
    limit: float = 20,
    digests: Digests = DIGESTS,
) -> Times:
    """The same for each part; ``instead`` at a size."""

    def point(size: int) -> TimePoint:
        ended = (instead or {}).get(size)
        one = ended or Timed(kind=Kind.MEASURED, seconds=tuple(seconds(size)))
        return TimePoint(size=size, parts=dict.fromkeys(Part, one))

    return Times(
        case=label,
        growing="n",
        digests=digests,
        limit_seconds=limit,
        repeats=repeats,
        host=host,
        date="2026-11-24",
        launch="fork",
        load=(0.1, 0.2, 0.3),
        points=tuple(map(point, sizes)),
    )


def stack_counts(stack: str, *series: Counts) -> StackCounts:
    """As a shelf has them."""
    return StackCounts(
        stack=stack,
        versions={"python": "3.11.7"},
        flavour="keras3",
        device="cpu",
        series={one.label: one for one in series},
    )


def stack_times(stack: str, *series: Times, tally: Tally | None = None) -> StackTimes:
    """As a shelf has them."""
    hosts = {one.host: {"id": one.host} for one in series}
    tallies = {"deep-chain": tally} if tally else {}
    return StackTimes(stack=stack, hosts=hosts, series={one.label: one for one in series}, tallies=tallies)


def keras_2(n: int) -> int:
    return n


def keras_3(n: int) -> int:
    """What a chain of ``n`` layers costs there at its first call."""
    return (n * n + 3 * n) // 2
