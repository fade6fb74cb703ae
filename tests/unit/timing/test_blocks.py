"""The order of launches within blocks."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nestbench.timing.blocks import in_order

ARMS = ("a", "b", "c", "a+control")


@given(st.integers(0, 99), st.integers(0, 2**32))
def test_every_arm_is_once_in_a_block_and_odd_blocks_are_reversed(pair, seed):
    even, odd = (in_order(ARMS, 2 * pair + half, seed) for half in (0, 1))
    assert Counter(even) == Counter(ARMS)
    assert odd == even[::-1]
    assert even == in_order(list(ARMS), 2 * pair, seed)


def test_the_order_is_drawn_anew_and_depends_on_the_seed():
    assert len({tuple(in_order(ARMS, block, 0)) for block in range(0, 40, 2)}) > 10
    assert [in_order(ARMS, block, 0) for block in range(20)] != [
        in_order(ARMS, block, 1) for block in range(20)
    ]


@pytest.mark.parametrize("arm", ARMS)
def test_no_arm_has_a_place_of_its_own(arm):
    places = [in_order(ARMS, block, 7).index(arm) for block in range(200)]
    assert sum(places) / len(places) == (len(ARMS) - 1) / 2  # a block and its mirror image
    assert set(places) == set(range(len(ARMS)))
