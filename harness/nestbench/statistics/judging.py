"""What a family of comparisons says: slower, faster, the same, or nothing."""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

import numpy as np

from nestbench.statistics.comparison import Comparison

__all__ = ["Answer", "judge", "noise_floor"]

_Key = TypeVar("_Key", bound=Hashable)

#: An effect has to be so many times what two equal arms show.
_TIMES_NOISE = 3
#: Share of normal values that lie within one standard deviation.
_ONE_SIGMA = math.erf(1 / math.sqrt(2))


class Answer(StrEnum):
    """Of b, held against a. ``judge`` gives the first four."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"
    NO_EVIDENCE = "no evidence"
    OVER_THE_LIMIT = "over the limit"  # it hangs on blocks in which one of them was ended: timing.overdue
    BUILDS_NOTHING = "builds nothing"  # of a build, on one of the two: timing.unbuilt
    MAY_BUILD_NOTHING = "perhaps builds nothing"  # of a build without the results that would tell


def noise_floor(controls: Sequence[Comparison]) -> float:
    """The noise between two equal arms in one session, as a relative effect: 0.03 is 3 %.

    The size that 68 % of the controls' effects stay under (the quantile between neighbours): one
    standard deviation where noise is normal, so that three times it is the three-sigma rule. A higher
    quantile would be the largest control of the few there are, and three times that hides real
    effects: of 1.2x at 20 pairs and a coefficient of variation of 13 %, half of it common to the
    block, 3 controls let 95 % be found, their largest 82 %. A broken control among several does not
    move it much; ``looks.broken_controls`` names that one.

    One control can be close to 1 by luck, and the floor then is ``least`` of ``judge``: measure
    three or more.

    Args:
        controls: Comparisons of a stack with itself, in the session whose noise is asked for.

    Raises:
        ValueError: No control: noise that was not measured is not zero.
    """
    if not controls:
        raise ValueError("no control was measured, so the noise of the session is not known: add one")
    effects = [abs(math.log(control.ratio)) for control in controls]
    return math.expm1(float(np.quantile(effects, _ONE_SIGMA)))


def judge(
    family: Mapping[_Key, Comparison],
    *,
    noise: float | Mapping[_Key, float],
    alpha: float,
    least: float = 0.05,
    margin: float = 0.10,
    interim: bool = False,
) -> dict[_Key, Answer]:
    """The answer to each comparison of one session.

    Slower or faster: Wilcoxon's p, adjusted over the family for the false discovery rate (Y. Benjamini
    and Y. Hochberg, JRSS B 57 (1995)), is under ``alpha``, and the effect is larger than both
    ``least`` and three times ``noise``. The same: neither of the two, and the 90 % interval lies within
    ``margin`` to either side, which is the two one-sided tests of D. J. Schuirmann (1987) at 5 %.
    Everything else is no evidence: too few blocks, too much noise, or a difference that is there and is
    small. ``least`` is half of ``margin``, since the estimate of a true effect of 1.1 lies under 1.1
    half of the time, however many blocks there are.

    With a and b exchanged every slower becomes faster and every faster slower.

    Args:
        family: All comparisons that are judged together, by whatever names them; may be empty. An
            answer depends on the family: the more is asked, the more each answer has to show.
        noise: As ``noise_floor`` gives it, a relative effect: 0.03 is 3 %. One for all, or each key's own.
        alpha: Rate of false discoveries; for one look of several, that of ``looks.alpha_at``.
        least: The smallest relative effect that is called slower or faster: 0.05 is 1.05.
        margin: The relative effect up to which two are the same: 0.10 is from 1/1.1 to 1.1.
        interim: More blocks may follow: the same then needs the 95 % interval, see ``looks``.

    Raises:
        ValueError: An ``alpha`` that is not between 0 and 1, ``least`` or ``margin`` not above 0, ``noise``
            below 0.
    """
    noises = noise if isinstance(noise, Mapping) else dict.fromkeys(family, noise)
    noisy = noises.values() if isinstance(noise, Mapping) else (noise,)
    sane = all(0 <= one < math.inf for one in noisy)
    if not (0 < alpha < 1 and 0 < least < math.inf and 0 < margin < math.inf and sane):
        raise ValueError(
            f"alpha {alpha}, least {least}, margin {margin} or noise {noise} is out of its range"
        )
    wide = math.log1p(margin)
    answers = {}
    for (key, one), p in zip(family.items(), _adjusted(family.values()), strict=True):
        needed = max(math.log1p(least), _TIMES_NOISE * math.log1p(noises[key]))
        effect = math.log(one.ratio)
        low, high = (one.low, one.high) if interim else (one.low90, one.high90)
        if p < alpha and abs(effect) > needed:
            answers[key] = Answer.SLOWER if effect > 0 else Answer.FASTER
        elif -math.log(low) <= wide and math.log(high) <= wide:
            answers[key] = Answer.SAME
        else:
            answers[key] = Answer.NO_EVIDENCE
    return answers


def _adjusted(family: Iterable[Comparison]) -> list[float]:
    from scipy import stats

    values = [one.p for one in family]
    return [float(p) for p in stats.false_discovery_control(values, method="bh")] if values else []
