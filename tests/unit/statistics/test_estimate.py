"""Hodges-Lehmann and its interval: by hand, by a slow way, by symmetry, and how often it holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statistics_stage import few, seeds

from nestbench.statistics.estimate import (
    bootstrap_estimates,
    bootstrap_interval,
    hodges_lehmann,
    interval_of,
)

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12)


@pytest.mark.parametrize(
    ("sample", "middle"),
    [
        ([3], 3),
        ([1, 2, 4], 2.25),  # averages 1, 1.5, 2, 2.5, 3, 4
        ([0, 0, 0, 10], 0),  # 0 six times, 5 three times, 10
        ([0, 0, 10, 10], 5),  # 0 three times, 5 four times, 10 three times
    ],
)
def test_median_of_walsh_averages(sample, middle):
    assert hodges_lehmann(sample) == middle


@pytest.mark.parametrize("size", [2, 7, 10, 200])  # 200: weights of 32 bits
def test_estimates_are_those_of_resampled_values(size):
    sample = np.random.default_rng(5).lognormal(size=size)
    sample[1] = sample[0]
    drawn = np.random.default_rng(3).integers(0, size, size=(200, size))
    slow = np.sort([hodges_lehmann(sample[row]) for row in drawn])
    assert bootstrap_estimates(sample, resamples=200, seed=3) == pytest.approx(slow, rel=1e-12)


def test_many_values_are_resampled_in_parts(monkeypatch):
    sample = np.random.default_rng(5).normal(size=30)
    whole = bootstrap_estimates(sample)
    monkeypatch.setattr("nestbench.statistics.estimate._CELLS", 465 * 7)  # 7 resamples at a time
    assert (bootstrap_estimates(sample) == whole).all()


@few
@given(values, seeds, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_negated_values_give_the_negated_interval(sample, seed, level):
    low, high = bootstrap_interval(sample, level=level, seed=seed)
    negated = [-value for value in sample]
    assert bootstrap_interval(negated, level=level, seed=seed) == (-high, -low)
    assert hodges_lehmann(negated) == -hodges_lehmann(sample)


@few
@given(values)
def test_a_higher_level_is_a_wider_interval_within_the_values(sample):
    low90, high90 = bootstrap_interval(sample, level=0.90)
    low95, high95 = bootstrap_interval(sample, level=0.95)
    assert min(sample) <= low95 <= low90 <= high90 <= high95 <= max(sample)


def test_the_seed_decides():
    sample = np.random.default_rng(0).normal(size=12)
    assert bootstrap_interval(sample, level=0.9) == bootstrap_interval(sample, level=0.9, seed=0)
    assert bootstrap_interval(sample, level=0.9) != bootstrap_interval(sample, level=0.9, seed=1)


def test_expanded_quantiles():
    # n = 10, 95 %: Phi(-sqrt(10/9) 2.262) = 0.00855, times 2001 = 17.1: the 17th from either end.
    assert interval_of(np.arange(2000.0), 10, 0.95) == (16, 1983)


def test_coverage_at_ten_values():
    rng = np.random.default_rng(11)
    held = 0
    for seed in range(600):
        low, high = bootstrap_interval(rng.normal(size=10), level=0.95, seed=seed)
        held += low <= 0 <= high
    assert 0.94 <= held / 600 <= 0.98  # the plain percentile interval: 0.92


@pytest.mark.parametrize("sample", [[], [[1.0, 2.0]], [1, float("nan")], [1, float("inf")]])
def test_what_is_no_sample(sample):
    with pytest.raises(ValueError):
        hodges_lehmann(sample)
    with pytest.raises(ValueError):
        bootstrap_interval(sample, level=0.95)


def test_arguments_out_of_range():
    with pytest.raises(ValueError, match="level"):
        bootstrap_interval([1, 2, 3], level=95)
    with pytest.raises(ValueError, match="resamples"):
        bootstrap_interval([1, 2, 3], level=0.95, resamples=20)
    with pytest.raises(ValueError):
        bootstrap_interval([1], level=0.95)
