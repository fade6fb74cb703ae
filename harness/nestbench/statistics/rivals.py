"""Rules that are in use elsewhere, to be counted on the same samples as our own.

Each says whether it calls b slower than a; ``either_way`` makes of it a rule that calls any
difference, as false alarms are counted. None takes notice of blocks.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Rule", "either_way", "mann_whitney", "mean_over", "minimum_over"]

#: A rule with its limits at their defaults: a and b to whether b is slower.
Rule = Callable[[ArrayLike, ArrayLike], bool]


def minimum_over(a: ArrayLike, b: ArrayLike, limit: float = 0.05) -> bool:
    """The best of b is over the best of a by more than ``limit``.

    ``--benchmark-compare-fail=min:5%`` of pytest-benchmark, the example of its documentation.

    Args:
        a: One row of positive measurements, any unit and length.
        b: Another, in the same unit.
        limit: Relative: 0.05 is 5 %.

    Raises:
        ValueError: Values that are not one row of positive finite numbers, or none; or a ``limit``
            below 0. So do the other rules.
    """
    first, second = _checked(a, b, limit)
    return bool(second.min() > first.min() * (1 + limit))


def mean_over(a: ArrayLike, b: ArrayLike, limit: float = 0.10) -> bool:
    """The mean of b is over the mean of a by more than ``limit``.

    ``--benchmark-compare-fail=mean:10%`` of pytest-benchmark, and most home-made gates in CI.
    """
    first, second = _checked(a, b, limit)
    return bool(second.mean() > first.mean() * (1 + limit))


def mann_whitney(a: ArrayLike, b: ArrayLike, p: float = 0.002, limit: float = 0.10) -> bool:
    """The two-sided p of the unpaired test is under ``p``, and b's median is over a's by ``limit``.

    As ``asv compare`` and ``asv continuous`` decide between two commits, with a factor of 1.1.

    Raises:
        ValueError: As ``minimum_over``; or a ``p`` that is not between 0 and 1.
    """
    from scipy import stats

    if not 0 < p < 1:
        raise ValueError(f"p {p} is not between 0 and 1")
    first, second = _checked(a, b, limit)
    slower = bool(np.median(second) > np.median(first) * (1 + limit))
    return slower and bool(stats.mannwhitneyu(first, second, alternative="two-sided").pvalue < p)


def either_way(rule: Rule) -> Rule:
    """The rule that says whether ``rule`` calls b slower than a, or a slower than b."""

    def differs(a: ArrayLike, b: ArrayLike) -> bool:
        return rule(a, b) or rule(b, a)

    return differs


def _checked(a: ArrayLike, b: ArrayLike, limit: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not limit >= 0:
        raise ValueError(f"limit {limit} is below 0")
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    for one in (first, second):
        if one.ndim != 1 or not one.size or not (np.isfinite(one) & (one > 0)).all():
            raise ValueError("measurements are one row of positive, finite numbers, at least one")
    return first, second
