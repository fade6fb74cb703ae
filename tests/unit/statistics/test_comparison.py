"""Comparisons: paired, relative, without a unit, and the same from either side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statistics_stage import arms, few, paired

from nestbench.statistics.comparison import LEAST_PAIRS, compare

NEAR = 1e-9


def mirrored(one):
    return (1 / one.ratio, 1 / one.high, 1 / one.low, 1 / one.high90, 1 / one.low90, one.p)


def told(one):
    return (one.ratio, one.low, one.high, one.low90, one.high90, one.p)


def test_twice_as_slow_in_every_block():
    one = compare([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])
    assert one.pairs == 5
    assert told(one) == pytest.approx((2, 2, 2, 2, 2, 2 / 2**5), rel=NEAR)


def test_wilcoxon_by_hand():
    # Nine up, and down the smallest: of 2**10 signs, two sums of ranks are at most 1, on either side.
    b = np.array([0.99, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9])
    assert compare(np.ones(10), b).p == pytest.approx(4 / 2**10)


def test_equal_arms():
    assert told(compare([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])) == (1, 1, 1, 1, 1, 1)


def test_equal_pairs_say_nothing_of_a_direction():
    b = [1, 1, 1, 1.1, 1.2, 1.3, 1.4, 1.5]
    assert compare(np.ones(8), b).p == pytest.approx(2 / 2**5)


def test_last_bits_are_no_order():
    # Six doubled and one halved are of one size: of 2**7 signs, 8 have at most one down, on either side.
    assert compare([1, 2, 3, 5, 7, 11, 13], [2, 4, 6, 10, 14, 22, 6.5]).p == pytest.approx(16 / 2**7)


def test_pairs_matter():
    a, b = np.geomspace(1, 9, 12), np.geomspace(1, 9, 12) * 1.2
    assert compare(a, b).ratio == pytest.approx(1.2, rel=NEAR)
    assert compare(a, b).high < 1.21
    assert compare(a, b[::-1]).high > 2  # the same arms, without their blocks


@few
@given(paired())
def test_exchange_of_arms_mirrors(pair):
    a, b = pair
    assert told(compare(b, a)) == pytest.approx(mirrored(compare(a, b)), rel=NEAR)


@few
@given(paired(), st.floats(1e-3, 1e9))
def test_the_unit_does_not_matter(pair, unit):
    a, b = map(np.array, pair)
    assert told(compare(a * unit, b * unit)) == pytest.approx(told(compare(a, b)), rel=NEAR)


@few
@given(paired(), st.floats(1, 10))
def test_a_factor_of_b_is_a_factor_of_the_ratio(pair, factor):
    a, b = map(np.array, pair)
    one, other = compare(a, b), compare(a, b * factor)
    assert told(other)[:5] == pytest.approx(tuple(value * factor for value in told(one)[:5]), rel=NEAR)


def test_the_wider_interval_holds_the_narrower():
    one = compare(*arms(np.random.default_rng(2), 20, 1.2))
    assert one.low < one.low90 < one.ratio < one.high90 < one.high


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ([1] * 6, [1] * 5, "whole blocks"),
        ([1] * 4, [1] * 4, f"fewer than {LEAST_PAIRS}"),
        ([1] * 5, [1, 1, 1, 1, 0], "b holds"),
        ([1, 1, 1, 1, -1], [1] * 5, "a holds"),
        ([1, 1, 1, 1, float("nan")], [1] * 5, "a holds"),
        ([1, 1, 1, 1, float("inf")], [1] * 5, "a holds"),
        ([[1] * 5], [[1] * 5], "shape"),
    ],
)
def test_what_cannot_be_compared(a, b, why):
    with pytest.raises(ValueError, match=why):
        compare(a, b)
