"""Exponents: of exact counts, of noisy times, and of runs that hit a limit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statistics_stage import few, seeds

from nestbench.statistics.growth import _goes_through, exponent

DOUBLED = np.array([10.0, 20, 40, 80])
KERAS_3 = (DOUBLED**2 + 3 * DOUBLED) / 2  # calls in a chain of n nested layers: 65, 230, 860, 3320


def noisy(rng, sizes, values, repetitions):
    size, value = np.repeat(sizes, repetitions), np.repeat(values, repetitions)
    return size, value * np.exp(rng.normal(0, 0.13, size.size))


def test_quadratic_counts():
    found = exponent(DOUBLED, KERAS_3)
    assert found.exponent == pytest.approx(2, abs=0.06)
    assert found.low < 2 < found.high < 2.1
    assert found.points == 4


@pytest.mark.parametrize(("power", "overhead"), [(1, 0), (1, 500), (2, 0), (2, 1000), (0.5, 0), (3, 7)])
@pytest.mark.parametrize("sizes", [DOUBLED, np.arange(1.0, 11), np.array([2.0, 4, 8, 16])])
def test_exact_powers_whatever_the_overhead(sizes, power, overhead):
    found = exponent(sizes, 7 * sizes**power + overhead)
    assert (found.exponent, found.low, found.high) == pytest.approx((power,) * 3, abs=0.002)
    assert found.intercept == pytest.approx(overhead, abs=0.01 * (overhead + 1))


def test_constant():
    found = exponent(DOUBLED, [42] * 4)
    assert (found.exponent, found.low, found.high) == (0, 0, 0)
    assert found.intercept == pytest.approx(42)


def test_a_cost_that_falls_does_not_grow():
    assert exponent(DOUBLED, 100 - DOUBLED).exponent == 0


def test_no_overhead_is_negative():
    found = exponent(DOUBLED, 7 * DOUBLED - 50)
    assert found.exponent > 1.1
    assert found.intercept == 0


@pytest.mark.parametrize("sizes", [DOUBLED, np.arange(1.0, 11)])
def test_exponential(sizes):
    found = exponent(sizes, 2**sizes)
    assert found.faster_than_any_power
    assert found.exponent == found.high == math.inf
    assert found.step == pytest.approx(2)
    assert found.low == pytest.approx(math.log(2) * (sizes[-1] - sizes[-2]) / math.log(sizes[-1] / sizes[-2]))
    assert not exponent(sizes, sizes**5).faster_than_any_power


DEPTHS = np.arange(1.0, 8)


@pytest.mark.parametrize(
    ("sizes", "counts"),
    [
        (np.arange(1.0, 10), lambda n: 2**n - 1),  # runs of call() in a binary tree: each layer's once
        (np.arange(1.0, 10), lambda n: 2 * (2**n - 1)),
        (DEPTHS, lambda n: n * 2**n),  # each layer's once a level
        (DEPTHS[:6], lambda n: (n + 1) * 2**n - 1),
        (np.array([2.0, 4, 8, 16]), lambda n: 2**n - 1),  # four sizes are enough
        (DEPTHS, lambda n: n * 2**n * (1 + 1e-5 * np.cos(n**2))),
    ],
)
def test_counts_that_an_exponential_meets_are_exponential(sizes, counts):
    assert exponent(sizes, counts(sizes)).faster_than_any_power


@pytest.mark.parametrize("sizes", [DOUBLED, DEPTHS, np.arange(10.0, 22, 2), np.array([2.0, 4, 8, 16])])
@pytest.mark.parametrize(
    "counts",
    [
        lambda n: 7 * n - 3,
        lambda n: (n - 0.5) ** 2,
        lambda n: n**3 + 5 * n**2 + 3 * n,
        lambda n: n * (n + 1) * (n + 2) * (n + 3) / 24,
        lambda n: n * np.log2(n) + 5 * n,
        lambda n: np.floor(1.5 * n) + 2,
        lambda n: 1000 + n + n**5,
    ],
)
def test_counts_of_a_polynomial_are_not(sizes, counts):
    assert not exponent(sizes, counts(sizes)).faster_than_any_power


@pytest.mark.parametrize("jump", [5, 20, 50, 100])
def test_a_jump_at_the_end_is_not_met(jump):
    assert not _goes_through(DEPTHS, np.array([100.0] * 6 + [100 + jump]))
    assert not _goes_through(DOUBLED, np.array([100.0] * 3 + [100 + jump]))


def test_times_that_were_taken_once_are_not_exact():
    rng = np.random.default_rng(24)
    sizes = (DOUBLED, DEPTHS, np.arange(10.0, 22, 2))
    found = [exponent(*noisy(rng, one, 0.5 + 0.01 * one**2, 1)) for one in sizes for _ in range(40)]
    assert not any(one.faster_than_any_power for one in found)


def test_small_sizes_are_another_regime():
    sizes = np.array([1, 2, 4, *DOUBLED])
    values = np.array([90.0, 5, 60, *(7 * DOUBLED)])
    found = exponent(sizes, values)
    assert (found.exponent, found.points) == (pytest.approx(1, abs=0.002), 4)


def test_three_sizes_say_little():
    found = exponent([10, 20, 40], [70, 140, 280])
    assert found.exponent == pytest.approx(1, abs=0.002)
    assert (found.low, found.high) == (0, math.inf)


@pytest.mark.parametrize("overhead", [0, 0.5])
def test_noisy_times(overhead):
    rng = np.random.default_rng(21)
    found = [exponent(*noisy(rng, DOUBLED, overhead + 0.001 * DOUBLED**2, 5)) for _ in range(60)]
    assert np.median([one.exponent for one in found]) == pytest.approx(2, abs=0.1)
    assert sum(one.low <= 2 <= one.high for one in found) >= 50
    assert np.median([one.low for one in found]) > 1.5
    assert not any(one.faster_than_any_power for one in found)


def test_noisy_times_that_do_not_grow():
    rng = np.random.default_rng(22)
    found = [exponent(*noisy(rng, DOUBLED, 3 + 0 * DOUBLED, 5)) for _ in range(60)]
    assert sum(one.exponent == one.low == 0 for one in found) >= 54


def test_one_wild_repetition():
    size, value = noisy(np.random.default_rng(23), DOUBLED, 0.5 + 0.001 * DOUBLED**2, 8)
    value[1] *= 10
    assert exponent(size, value).exponent == pytest.approx(2, abs=0.5)


def test_a_bound_that_is_reached_changes_nothing():
    assert exponent(DOUBLED, KERAS_3, over={160: 12_000}) == exponent(DOUBLED, KERAS_3)


def test_a_bound_that_is_not_reached_raises():
    before, after = exponent(DOUBLED, KERAS_3), exponent(DOUBLED, KERAS_3, over={160: 50_000})
    assert after.exponent > before.exponent + 0.3
    assert after.high == math.inf
    assert (after.low, after.points) == (before.low, before.points)


@few
@given(
    seeds, st.sampled_from([0, 1, 2]), st.dictionaries(st.floats(1, 1000), st.floats(0.1, 1e6), max_size=3)
)
def test_bounds_never_lower(seed, power, over):
    points = noisy(np.random.default_rng(seed), DOUBLED, 1 + DOUBLED**power, 2)
    before, after = exponent(*points), exponent(*points, over=over)
    assert after.exponent >= before.exponent
    assert after.low >= before.low
    assert after.high >= before.high


@few
@given(seeds, st.floats(1e-3, 1e6), st.floats(1e-3, 1e3))
def test_units_do_not_matter(seed, unit, width):
    size, value = noisy(np.random.default_rng(seed), DOUBLED, 10 + DOUBLED, 3)
    one, other = exponent(size, value), exponent(size * width, value * unit)
    assert (other.exponent, other.low, other.high) == pytest.approx(
        (one.exponent, one.low, one.high), abs=0.002
    )
    assert other.intercept == pytest.approx(one.intercept * unit, rel=0.05, abs=0.05 * unit)


@pytest.mark.parametrize(
    ("sizes", "values", "over", "why"),
    [
        ([1, 2, 3], [1, 2], {}, "one length"),
        ([1, 2, 2], [1, 2, 3], {}, "different sizes"),
        ([0, 1, 2], [1, 2, 3], {}, "positive"),
        ([1, 2, 3], [1, 2, float("nan")], {}, "positive"),
        ([1, 2, 3], [1, 2, 3], {4: -1}, "size 4"),
    ],
)
def test_what_is_no_growth(sizes, values, over, why):
    with pytest.raises(ValueError, match=why):
        exponent(sizes, values, over=over)
