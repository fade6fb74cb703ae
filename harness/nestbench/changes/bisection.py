"""Binary search over releases of which some cannot be made."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Found", "bisect"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Places in the list that was searched; -1 and its length stand for the two ends.

    ``last_old`` behaves as the older end, ``first_new`` does not; ``between`` lie in the interval that
    is left, and could not be asked.
    """

    last_old: int
    first_new: int
    between: tuple[int, ...]


def bisect(length: int, is_old: Callable[[int], bool | None]) -> Found:
    """Where ``length`` releases, oldest first, stop behaving as the older end does.

    ``is_old(place)`` is asked at most once a place: whether it behaves so, None where it cannot be told
    (then a neighbour is asked). Takes it that there is one change; where there are several, one of
    them is found.
    """
    low, high = -1, length
    untold: set[int] = set()
    while True:
        open_ = [place for place in range(low + 1, high) if place not in untold]
        if not open_:
            return Found(last_old=low, first_new=high, between=tuple(range(low + 1, high)))
        middle = (low + high) // 2
        place = min(open_, key=lambda one: abs(one - middle))
        answer = is_old(place)
        if answer is None:
            untold.add(place)
        elif answer:
            low = place
        else:
            high = place
