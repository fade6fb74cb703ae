"""How a cost grows with size: the exponent of a power, and how sure it is.

The model is value = a + b * size**k with a and b not negative. Without the constant a, what costs
7 n + 500 would look flat up to n = 80. For a given k the best a and b are those of a linear problem
with two unknowns, so every k of a fine grid is tried: no start values, no local minima. The residuals
are relative, model / value - 1: noise of times is relative, every size counts alike, and one launch
that took ten times as long has a residual of -0.9, where that of its logarithm would be -2.3.

The 95 % interval is the profile of that fit: every k whose sum of squares is not above the least one
by more than t**2 / freedom. For exact counts the residuals are what the model lacks (n**2 + 3 n is no
single power), so there the interval tells how well a power describes the counts, not an error of
measurement. Few sizes give a wide interval, often without an upper end: that is what they tell.

A lower power beside the highest is not in the model, so sizes should be doubled rather than counted
up: (n**2 + 3 n) / 2 comes out as 1.95 (1.86 to 2.05) of 10, 20, 40, 80, but as 1.69 (1.66 to 1.73) of
1, 2, ... 10, where it does grow more slowly.

Seen in 100 simulated series each, at 10, 20, 40, 80 with a coefficient of variation of 13 %: with 5
repetitions the interval held the true exponent of 0.5 + 0.01 n in 93 % (median 0.35 to 1.9), of 0.5 +
0.001 n**2 in 92 % (1.73 to 2.30), of n**2 in 95 % (1.93 to 2.17), and with 20 repetitions in 95, 94 and
91 %. Without repetitions the interval mostly has no end. 2**(n / 8) was told from powers in 19 % with
5 repetitions, in all with 20; no power was ever taken for it.

Exact counts need no such test. 2**n - 1 and n * 2**n are no constant >= 0 plus an exponential: it would miss
both, and call the runs of a tree's layers a power of 4. So where an exponential goes through all values, one
a size, and a power and a polynomial of as many unknowns are 1 % off, that is exponential, too. Of 4000 random
polynomials up to the fifth degree, and of 4000 powers with noise of 0.1 to 13 %, none was.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["LEAST_SIZES", "Growth", "exponent"]

#: Functions of the sizes, each (grid, n).
_Bases: TypeAlias = list[NDArray[np.float64]]

#: Three unknowns take three sizes; only a fourth point says how sure they are.
LEAST_SIZES = 3
#: Above this nothing is called a power.
_LARGEST = 10.0
_POWERS = np.linspace(0, _LARGEST, 10_001)
#: Sizes below the largest by more than this belong to another regime, unless too few are left.
_DECADE = 10
_KEPT = 4
#: Relative residuals below this are rounding.
_ROUNDING = 1e-9
#: Sizes from which on an exponential times a line, of four unknowns, is tried on exact counts. Two more than
#: that are check enough for what is all but exact; one more than three only for what is exact.
_TIMES_A_LINE = 6
_ALL_BUT, _EXACT = 1e-4, 1e-8
#: A power that is so far off does not describe the counts.
_FAR = 0.01
#: A higher base for a step of the sizes meets a jump, too. With a line, whose sign may change, it is that for
#: the last step; else for the smallest.
_STEEPEST = 10


@dataclass(frozen=True, kw_only=True)
class Growth:
    """``exponent`` k of value = intercept + b * size**k, and its 95 % interval from ``low`` to ``high``.

    0 is no growth, infinity is faster than any power; a ``high`` of infinity is no upper end.
    """

    exponent: float
    low: float
    high: float
    intercept: float  # in the unit of the values; not a number where growth is faster than any power
    points: int  # values that the fit used
    step: float = math.nan  # where it is faster than any power: by how much one more of the size multiplies

    @property
    def faster_than_any_power(self) -> bool:
        """Whether an exponential describes the values, and no power does."""
        return math.isinf(self.exponent)


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """Of one basis function per row of a grid: shape (grid,) each."""

    squares: NDArray[np.float64]
    constant: NDArray[np.float64]
    factor: NDArray[np.float64]


def exponent(sizes: ArrayLike, values: ArrayLike, *, over: Mapping[float, float] | None = None) -> Growth:
    """The exponent with which ``values`` grow over the upper part of ``sizes``.

    Used are the sizes within a factor of ten of the largest, or the four largest where these are
    fewer. For noisy times give each repetition as a point of its own, at a size that occurs again:
    the interval lives on what they differ by.

    Args:
        sizes: n positive numbers, of at least ``LEAST_SIZES`` different values.
        values: n positive numbers, any unit: counts or times.
        over: Size to a bound that the value at it is known to exceed (a run that was stopped at its
            limit). Where the fit does not reach it, the exponent rises to that which does, and there
            is no upper end. Nothing is ever lowered by it.

    Raises:
        ValueError: Unequal lengths, too few sizes, a number that is not positive and finite.
    """
    size, value = _checked(sizes, values)
    bounds = _checked_bounds(over or {})
    distinct = np.unique(size)
    least = min(distinct[-1] / _DECADE, distinct[-min(_KEPT, distinct.size)])
    size, value = size[size >= least], value[size >= least]
    found = _fitted(tuple(size), tuple(value))
    if found.faster_than_any_power:
        return found
    broken = [(at, bound) for at, bound in bounds.items() if bound > _reached(found, size, value, at)]
    if not broken:
        return found
    # A bound that is not reached is taken as a value: the least that it can be.
    added = np.array(broken)
    raised = _fitted((*size, *added[:, 0]), (*value, *added[:, 1]))
    higher = raised.exponent > found.exponent
    return Growth(
        exponent=max(found.exponent, raised.exponent),
        low=found.low,
        high=math.inf,
        intercept=raised.intercept if higher else found.intercept,
        points=found.points,
    )


@lru_cache(maxsize=2**12)  # exact counts are the same on many stacks, and a page asks twice
def _fitted(sizes: tuple[float, ...], values: tuple[float, ...]) -> Growth:
    from scipy import stats

    size, value = np.array(sizes), np.array(values)
    power = _fit((size / size.max()) ** _POWERS[:, np.newaxis], value)
    rounding = size.size * _ROUNDING**2
    if power.squares[0] <= rounding:  # all values equal: of any growth there would be a trace
        return Growth(exponent=0.0, low=0.0, high=0.0, intercept=float(power.constant[0]), points=size.size)
    best = int(np.argmin(power.squares))
    freedom = size.size - 3
    if _is_exponential(size, value, float(power.squares[best]), freedom):
        low, step = _last_slope(size, value)
        return Growth(
            exponent=math.inf, low=low, high=math.inf, intercept=math.nan, points=size.size, step=step
        )
    low, high = 0.0, math.inf
    if freedom:
        student = float(stats.t.ppf(0.975, freedom))
        limit = power.squares[best] * (1 + student**2 / freedom) + rounding
        held = np.flatnonzero(power.squares <= limit)
        low = float(_POWERS[held[0]])
        high = float(_POWERS[held[-1]]) if held[-1] < _POWERS.size - 1 else math.inf
    if freedom and low == 0 and not _rises(size, value):
        # The best power then follows the noise. Its upper end stays: a little of it may be there.
        best = 0
    return Growth(
        exponent=float(_POWERS[best]),
        low=low,
        high=high,
        intercept=float(power.constant[best]),
        points=size.size,
    )


def _fit(basis: NDArray[np.float64], value: NDArray[np.float64]) -> _Fit:
    """Least relative squares of constant + factor * basis, neither negative; ``basis``: (grid, n)."""
    ones, rows = 1 / value, basis / value
    along = rows @ ones / (ones @ ones)
    across = rows - along[:, np.newaxis] * ones
    length = np.einsum("ij,ij->i", across, across)
    # A basis that is all but constant has nothing across: it stays with the constant alone.
    free = length > 1e-20 * np.einsum("ij,ij->i", rows, rows)
    factor = np.where(free, across.sum(axis=1) / np.where(free, length, 1), 0)
    constant = ones.sum() / (ones @ ones) - factor * along
    alone = rows.sum(axis=1) / np.einsum("ij,ij->i", rows, rows)
    # The problem is convex: where the free optimum is out of bounds, the best lies on the bound.
    factor, constant = np.where(constant < 0, alone, factor), np.where(constant < 0, 0, constant)
    constant = np.where(factor < 0, ones.sum() / (ones @ ones), constant)
    factor = np.where(factor < 0, 0, factor)
    residuals = constant[:, np.newaxis] * ones + factor[:, np.newaxis] * rows - 1
    return _Fit(squares=np.einsum("ij,ij->i", residuals, residuals), constant=constant, factor=factor)


def _rises(size: NDArray[np.float64], value: NDArray[np.float64]) -> bool:
    """Whether the values rise at all: the slope of their logarithms, at 5 %."""
    from scipy import stats

    line = stats.linregress(np.log(size), np.log(value))
    return bool(line.slope > 0 and line.pvalue < 0.05)  # noqa: PLR2004 - as the interval's 95 %


def _is_exponential(
    size: NDArray[np.float64], value: NDArray[np.float64], squares: float, freedom: int
) -> bool:
    """Whether constant + factor * base**size describes the values so much better than any power does.

    Better by the variance ratio that chance exceeds once in 1000: both models have three unknowns.
    """
    from scipy import stats

    if not freedom:
        return False
    if np.unique(size).size == size.size and _goes_through(size, value):
        return True
    rates = np.geomspace(0.1, 300, 4000)  # of base**largest, in logarithms
    least = math.inf
    for _ in range(2):  # the second time closely around the best of the first
        fit = _fit(np.exp(rates[:, np.newaxis] * (size / size.max() - 1)), value)
        best = int(np.argmin(fit.squares))
        least = min(least, float(fit.squares[best]))
        rates = np.linspace(rates[max(best - 1, 0)], rates[min(best + 1, rates.size - 1)], 1001)
    clearly = float(stats.f.ppf(0.999, freedom, freedom))
    return squares > clearly * max(least, size.size * _ROUNDING**2)


def _goes_through(size: NDArray[np.float64], value: NDArray[np.float64]) -> bool:
    """Whether an exponential, beside a constant of either sign, meets every value, and no such power does."""
    line = size.size >= _TIMES_A_LINE
    place = size / size.max()
    steps = np.diff(np.sort(place))
    steepest = math.log(_STEEPEST) / (steps[-1] if line else steps.min())

    def exponentials(rates: NDArray[np.float64]) -> _Bases:
        base = np.exp(rates[:, np.newaxis] * (place - 1))
        return [base, place * base] if line else [base]

    def powers(exponents: NDArray[np.float64]) -> _Bases:
        base = place ** exponents[:, np.newaxis]
        return [base, np.sqrt(base)] if line else [base]

    off = _least_off(exponentials, np.geomspace(0.1, steepest, 400), value)
    if off > (_ALL_BUT if line else _EXACT):
        return False
    polynomial = [place[np.newaxis] ** degree for degree in ((1, 2, 3) if line else (1, 2))]
    others = (_off(polynomial, value)[0], _least_off(powers, np.linspace(0.05, _LARGEST, 400), value))
    return bool(min(others) > _FAR)


def _least_off(
    bases: Callable[[NDArray[np.float64]], _Bases], grid: NDArray[np.float64], value: NDArray[np.float64]
) -> float:
    least = math.inf
    for _ in range(5):  # each time closely around the best of the last
        off = _off(bases(grid), value)
        best = int(np.argmin(off))
        least = min(least, float(off[best]))
        grid = np.linspace(grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)], 201)
    return least


def _off(bases: _Bases, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean squares of the relative residuals of constant + factors * ``bases``, of any sign."""
    columns = np.stack([np.ones_like(bases[0]), *bases], axis=2) / value[:, np.newaxis]
    across = np.linalg.qr(columns).Q
    residuals = 1 - across @ across.sum(axis=1)[:, :, np.newaxis]
    return np.asarray(np.sqrt((residuals[:, :, 0] ** 2).mean(axis=1)))


def _last_slope(size: NDArray[np.float64], value: NDArray[np.float64]) -> tuple[float, float]:
    """Between the two largest sizes, by the medians of their values: the exponent, and a step's factor."""
    before, last = np.unique(size)[-2:]
    rise = float(np.median(value[size == last]) / np.median(value[size == before]))
    return max(0.0, math.log(rise) / math.log(last / before)), rise ** (1 / (last - before))


def _reached(growth: Growth, size: NDArray[np.float64], value: NDArray[np.float64], at: float) -> float:
    """What the fit gives at a size that was not measured."""
    largest = size.max()
    fit = _fit((size / largest)[np.newaxis] ** growth.exponent, value)
    return float(fit.constant[0] + fit.factor[0] * (at / largest) ** growth.exponent)


def _checked(sizes: ArrayLike, values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    size, value = np.asarray(sizes, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if size.ndim != 1 or size.shape != value.shape:
        raise ValueError(f"sizes {size.shape} and values {value.shape} must be two rows of one length")
    for one in (size, value):
        if not (np.isfinite(one) & (one > 0)).all():
            raise ValueError("a size or a value is not positive and finite: leave out what was not measured")
    if np.unique(size).size < LEAST_SIZES:
        raise ValueError(f"growth takes {LEAST_SIZES} different sizes or more")
    return size, value


def _checked_bounds(over: Mapping[float, float]) -> Mapping[float, float]:
    for at, bound in over.items():
        if not (0 < at < math.inf and 0 < bound < math.inf):
            raise ValueError(f"over {bound} at size {at}: both must be positive and finite")
    return over
