"""Looking at the measurements before all are taken, without more false alarms for it.

The error rate is divided evenly (Bonferroni): a third for each look, whatever the looks have in
common. The division of P. C. O'Brien and T. R. Fleming (1979) gives the first of three looks under
0.0001 of 0.01; but of 10 pairs the smallest two-sided p of Wilcoxon's test is 2 / 2**10 = 0.00195, so
that look could never decide. An even 0.0033 lets it, where one comparison is judged alone or more
than 0.59 of a family come out as clear as 10 pairs can be (Benjamini and Hochberg multiply by family
/ rank); of a few effects in a large family it can say nothing, and the look at 20 does. The last look
pays with 0.0033 in place of 0.01, about a tenth of a standard deviation more effect for the same power.

"The same" has looks of its own. The 90 % interval is a test at 5 %; read at each of three looks, a
difference of exactly 10 % passes once in 10.1 % of sessions (Gaussian limit, simulated). So a look
that more blocks may follow asks for the 95 % interval, and 10.1 becomes 7.2 %; that of the
last look alone would be 5 %, at the price of 30 blocks for each pair of equal stacks.
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from nestbench.statistics.comparison import Comparison
from nestbench.statistics.judging import Answer, judge

__all__ = ["LOOKS", "alpha_at", "broken_controls", "is_interim"]

_Key = TypeVar("_Key", bound=Hashable)

#: Blocks that are there when the measurements are looked at.
LOOKS = (10, 20, 30)


def alpha_at(look_index: int, total: float = 0.01) -> float:
    """The error rate of one look, out of ``total`` for all: the ``alpha`` of ``judge``.

    Args:
        look_index: Place in ``LOOKS``, from 0.
        total: Between 0 and 1.

    Raises:
        ValueError: A ``total`` out of its range.
        IndexError: There is no such look.
    """
    if not 0 < total < 1:
        raise ValueError(f"an error rate of {total} is not between 0 and 1")
    _check(look_index)
    return total / len(LOOKS)


def is_interim(look_index: int) -> bool:
    """Whether more blocks may follow this look: the ``interim`` of ``judge``.

    Raises:
        IndexError: There is no such look.
    """
    _check(look_index)
    return look_index < len(LOOKS) - 1


def broken_controls(controls: Mapping[_Key, Comparison], *, alpha: float) -> tuple[_Key, ...]:
    """The controls that came out slower or faster: where there is one, the session is not to be trusted.

    A control is the same stack twice, so every difference is the measurement's fault: the position in
    the block, another load, a machine that warms up. Judged as a family of their own, with no floor of
    noise, which would be theirs.

    Args:
        controls: By whatever names them; may be empty, and then nothing is known of the session.
        alpha: That of the look, as for the comparisons.

    Raises:
        ValueError: An ``alpha`` that is not between 0 and 1.
    """
    answers = judge(controls, noise=0.0, alpha=alpha)
    return tuple(key for key, answer in answers.items() if answer in {Answer.SLOWER, Answer.FASTER})


def _check(look_index: int) -> None:
    if not 0 <= look_index < len(LOOKS):
        raise IndexError(f"no look {look_index}: there are {len(LOOKS)}, the first is 0")
