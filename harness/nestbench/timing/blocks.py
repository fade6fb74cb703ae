"""The order of launches: randomised complete blocks, every other one the block before, reversed."""

import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["in_order"]

_T = TypeVar("_T")


def in_order(arms: Sequence[_T], block: int, seed: int) -> list[_T]:
    """The arms in the order in which block number ``block``, from 0, launches them.

    Each arm is there once. Even blocks are drawn at random, odd ones are the block before in reverse,
    so that a machine that gets slower as the session goes on favours nobody. The same seed gives the
    same order, whatever was measured before: a session that is taken up again goes on in it.
    """
    drawn = list(arms)
    random.Random(f"{seed}/{block // 2}").shuffle(drawn)  # noqa: S311 - an order, no secret
    return drawn if block % 2 == 0 else drawn[::-1]
