"""The middle of a sample, and how far off it may be: Hodges-Lehmann and its bootstrap.

Median of the Walsh averages: J. L. Hodges and E. L. Lehmann, "Estimates of location based on rank
tests", Annals of Mathematical Statistics 34 (1963). It bears 29 % of wild values, as the times of
processes have them, and wastes 5 % of normal ones, where the median wastes 36 %.
"""

import math
from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["bootstrap_estimates", "bootstrap_interval", "hodges_lehmann", "interval_of"]

#: Weights held at a time, four bytes each, several arrays of them: under 100 MB up to 2000 values.
_CELLS = 4_000_000
#: Up to here a weight, and twice that of a value with itself, fits into 16 bits, which is twice as fast.
_SMALL = 180


def hodges_lehmann(values: ArrayLike) -> float:
    """The median of the Walsh averages (x_i + x_j) / 2, i <= j.

    Args:
        values: n >= 1 finite numbers, any unit; the result has the same.

    Raises:
        ValueError: Values that are not one row of finite numbers, or none.
    """
    sample = _checked(values, least=1)
    first, second = np.triu_indices(sample.size)
    return float(np.median((sample[first] + sample[second]) / 2))


def bootstrap_interval(
    values: ArrayLike, *, level: float, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The bootstrap interval of the Hodges-Lehmann estimate: low and high, in the unit of ``values``.

    The expanded percentile interval: T. C. Hesterberg, "What Teachers Should Know About the Bootstrap",
    The American Statistician 69 (2015), section 4.2. A resample of n values spreads too little, by
    sqrt((n - 1) / n) and by the lack of Student's tails, so the plain percentile interval is too
    narrow; this one reads the same sorted resamples further out.

    Seen in 2000 simulated samples each (seed 7): of 95 % intervals held the true value, with normal,
    lognormal (sigma 0.5) and Student-t(3) noise, 95.8, 95.7 and 96.9 % at n = 10; 95.4, 95.8 and 95.5 %
    at 20; 95.4, 95.2 and 96.2 % at 30. Of 90 % intervals, 90.1 to 92.2 %. The plain percentile interval
    held it in 92.2, 91.0 and 92.6 % at n = 10, where 95 were asked for, and in 86.8 to 88.1 % for 90.

    The same seed gives the same interval; negated values give the negated interval, to the last bit.

    Args:
        values: n >= 2 finite numbers, in the order of their blocks.
        level: What share of intervals shall hold the true value, between 0 and 1.
        resamples: How many samples are drawn; at least 200.
        seed: Of the generator that draws them.

    Raises:
        ValueError: Values that are no such numbers, or another argument out of its range.
    """
    return interval_of(bootstrap_estimates(values, resamples=resamples, seed=seed), np.size(values), level)


def bootstrap_estimates(values: ArrayLike, *, resamples: int = 2000, seed: int = 0) -> NDArray[np.float64]:
    """The Hodges-Lehmann estimates of resamples, sorted: shape (``resamples``,).

    A resample is a row of counts, how often each value was drawn; the average of values i and j then
    counts c_i c_j times, that of i with itself c_i (c_i + 1) / 2 times, so one sort of the averages
    serves all resamples.

    Raises:
        ValueError: As ``bootstrap_interval``.
    """
    sample = _checked(values, least=2)
    if resamples < 200:  # noqa: PLR2004 - so that the tail of a 99 % interval holds one
        raise ValueError(f"{resamples} resamples are too few for an interval: at least 200")
    size = sample.size
    first, second = np.triu_indices(size)
    averages = (sample[first] + sample[second]) / 2
    order = np.argsort(averages, kind="stable")
    averages, first, second = averages[order], first[order], second[order]
    itself = first == second

    counts = _counts(size, resamples, seed)
    pairs = averages.size  # whatever was drawn, its averages are as many as those of the sample
    estimates = np.empty(resamples)
    step = max(1, _CELLS // pairs)
    for start in range(0, resamples, step):
        part = counts[:, start : start + step]
        weights = part[first] * part[second]
        weights[itself] = (weights[itself] + part[first[itself]]) // 2
        reached = np.cumsum(weights, axis=0, dtype=weights.dtype, out=weights)
        lower = averages[np.count_nonzero(reached < (pairs + 1) // 2, axis=0)]
        upper = averages[np.count_nonzero(reached < pairs // 2 + 1, axis=0)]
        estimates[start : start + step] = (lower + upper) / 2
    return np.sort(estimates)


@lru_cache(maxsize=1)  # a session compares many samples of one size
def _counts(size: int, resamples: int, seed: int) -> NDArray[np.signedinteger]:
    """How often each value was drawn, a column for each resample."""
    drawn = np.random.default_rng(seed).integers(0, size, size=(resamples, size))
    drawn += size * np.arange(resamples)[:, np.newaxis]  # every resample has bins of its own
    counts = np.bincount(drawn.ravel(), minlength=resamples * size).reshape(resamples, size)
    return np.ascontiguousarray(counts.T.astype(np.int16 if size <= _SMALL else np.int32))


def interval_of(estimates: NDArray[np.float64], size: int, level: float) -> tuple[float, float]:
    """Low and high of the expanded percentile interval.

    Args:
        estimates: Those of resamples, sorted.
        size: Of the sample that was resampled, at least 2.
        level: As in ``bootstrap_interval``.

    Raises:
        ValueError: A level that is not between 0 and 1, or a size under 2.
    """
    if not 0 < level < 1 or size < 2:  # noqa: PLR2004 - one value has no spread
        raise ValueError(f"no interval of level {level} from {size} values: 0 < level < 1, 2 values or more")
    tail = _tail(size, level)
    # The same number of estimates is left out at both ends: that makes it antisymmetric.
    outside = max(0, math.floor(tail * (len(estimates) + 1)) - 1)
    return float(estimates[outside]), float(estimates[-1 - outside])


@cache
def _tail(size: int, level: float) -> float:
    """The part of the estimates that lies beyond each end of the interval."""
    from scipy import stats

    student = stats.t.ppf((1 + level) / 2, size - 1)
    return float(stats.norm.cdf(-math.sqrt(size / (size - 1)) * student))


def _checked(values: ArrayLike, *, least: int) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size < least:
        raise ValueError(f"values of shape {sample.shape}: one row of {least} or more is needed")
    if not np.isfinite(sample).all():
        raise ValueError("a value is infinite or not a number: leave out what was not measured")
    return sample
