"""Two arms measured in the same blocks, held against each other."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nestbench.statistics.estimate import bootstrap_estimates, hodges_lehmann, interval_of

__all__ = ["LEAST_PAIRS", "Comparison", "compare"]

#: Below, no outcome of Wilcoxon's test has a two-sided p under 0.1, and an interval says next to nothing.
LEAST_PAIRS = 5

#: Log ratios that differ by less are equal: what is left are the last bits of two logarithms, which
#: depend on the unit. 1e-12 of a second is below any clock.
_DECIMALS = 12


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How much slower b is than a: ``ratio`` over 1 where b is slower, a pure number as all but ``pairs``."""

    pairs: int
    ratio: float  # exp of the Hodges-Lehmann estimate of the log ratios
    low: float  # of the 95 % interval of the ratio
    high: float
    low90: float  # of the 90 % interval
    high90: float
    p: float  # Wilcoxon's signed-rank test, two-sided


def compare(a: ArrayLike, b: ArrayLike, *, seed: int = 0) -> Comparison:
    """Compare two arms by the ratios within their blocks.

    Whatever slows a whole block (another process, a warm processor) slows both its elements and
    cancels in their ratio. Of logarithms, because noise is relative, and because b/a and a/b then
    are mirror images.

    Args:
        a: n positive measurements, any unit.
        b: As many, in the same unit; element i is of the same block as element i of ``a``.
        seed: Of the bootstrap.

    Raises:
        ValueError: Unequal lengths, fewer than ``LEAST_PAIRS`` pairs, a value that is not positive and
            finite.
    """
    first, second = _checked("a", a), _checked("b", b)
    if first.size != second.size:
        raise ValueError(f"{first.size} measurements of a, {second.size} of b: give whole blocks only")
    if first.size < LEAST_PAIRS:
        raise ValueError(f"{first.size} pairs: fewer than {LEAST_PAIRS} decide nothing, measure more blocks")
    # The difference of logarithms is antisymmetric to the last bit, the logarithm of a ratio is not.
    logs = np.round(np.log(second) - np.log(first), _DECIMALS)
    estimates = bootstrap_estimates(logs, seed=seed)
    low, high = interval_of(estimates, logs.size, 0.95)
    low90, high90 = interval_of(estimates, logs.size, 0.90)
    return Comparison(
        pairs=logs.size,
        ratio=math.exp(hodges_lehmann(logs)),
        low=math.exp(low),
        high=math.exp(high),
        low90=math.exp(low90),
        high90=math.exp(high90),
        p=_wilcoxon(logs),
    )


def _wilcoxon(logs: NDArray[np.float64]) -> float:
    """Two-sided p. Equal pairs say nothing of a direction and are left out, as Wilcoxon did.

    Exact up to 50 pairs whose differences differ in size, by scipy's own choice; where some are of one
    size, exact up to 13 pairs and approximate above (scipy before 1.13 takes no notice of such ties).
    """
    from scipy import stats

    unequal = logs[logs != 0]
    return float(stats.wilcoxon(unequal).pvalue) if unequal.size else 1.0


def _checked(name: str, values: ArrayLike) -> NDArray[np.float64]:
    measured = np.asarray(values, dtype=np.float64)
    if measured.ndim != 1:
        raise ValueError(f"{name} has the shape {measured.shape}: one row of measurements is needed")
    if not (np.isfinite(measured) & (measured > 0)).all():
        raise ValueError(f"{name} holds a value that is not positive and finite: leave out the whole block")
    return measured
