"""Answers: each condition by hand, symmetry and monotony, false alarms and power by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statistics_stage import arms, few, paired, seeds

from nestbench.statistics import Answer, Comparison, compare, judge, noise_floor
from nestbench.statistics.rivals import either_way, mann_whitney, minimum_over

ALPHA = 0.01
OPPOSITE = {Answer.SLOWER: Answer.FASTER, Answer.FASTER: Answer.SLOWER}


def said(ratio, p=0.0001, *, half90=0.02, half95=0.03):
    return Comparison(
        pairs=20, ratio=ratio, p=p,
        low=ratio / (1 + half95), high=ratio * (1 + half95),
        low90=ratio / (1 + half90), high90=ratio * (1 + half90),
    )  # fmt: skip


def answer(one, *, noise=0.0, alpha=ALPHA, **more):
    return judge({"it": one}, noise=noise, alpha=alpha, **more)["it"]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (said(1.2), Answer.SLOWER),
        (said(1 / 1.2), Answer.FASTER),
        (said(1.2, p=ALPHA), Answer.NO_EVIDENCE),  # not under it
        (said(1.09), Answer.SLOWER),
        (said(1.09, p=0.5), Answer.NO_EVIDENCE),  # up to 1.11: not the same either
        (said(1.07), Answer.SLOWER),  # within the margin of the same as well, and yet there
        (said(1.04), Answer.SAME),  # clear and small
        (said(1.05, p=0.5), Answer.SAME),
        (said(1 / 1.04), Answer.SAME),
        (said(1.0, p=1.0, half90=0.11), Answer.NO_EVIDENCE),  # never equal for lack of evidence
    ],
)
def test_each_answer(one, expected):
    assert answer(one) is expected


def test_an_effect_is_three_times_the_noise():
    assert answer(said(1.3), noise=0.09) is Answer.SLOWER  # 1.09**3 = 1.295
    assert answer(said(1.3), noise=0.10) is Answer.NO_EVIDENCE  # 1.331


def test_the_smallest_effect_of_interest():
    assert answer(said(1.2), least=0.25, margin=0.25) is Answer.SAME
    assert answer(said(1.05), least=0.04) is Answer.SLOWER


def test_more_questions_need_more_evidence():
    # Benjamini-Hochberg: 0.004 * 3 / 1 = 0.012, but twice among three 0.004 * 3 / 2 = 0.006.
    lone = judge({1: said(1.3, 0.004), 2: said(1.3, 0.9), 3: said(1.3, 0.9)}, noise=0, alpha=ALPHA)
    assert list(lone.values()) == [Answer.NO_EVIDENCE] * 3
    two = judge({1: said(1.3, 0.004), 2: said(1.3, 0.9), 3: said(0.7, 0.004)}, noise=0, alpha=ALPHA)
    assert two == {1: Answer.SLOWER, 2: Answer.NO_EVIDENCE, 3: Answer.FASTER}


def test_at_an_interim_look_the_same_needs_the_wider_interval():
    one = said(1.0, half90=0.09, half95=0.11)
    assert answer(one) is Answer.SAME
    assert answer(one, interim=True) is Answer.NO_EVIDENCE


def test_noise_floor():
    assert noise_floor([said(1.05)]) == pytest.approx(0.05)
    assert noise_floor([said(1 / 1.05)]) == pytest.approx(0.05)
    # Of three, 68.27 % is at place 2 * 0.6827 = 1.365: between the second and the third.
    logs = 0.02 + 0.3654 * 0.01
    controls = [said(math.exp(effect)) for effect in (0.03, -0.01, -0.02)]
    assert noise_floor(controls) == pytest.approx(math.expm1(logs), rel=1e-4)
    broken = [said(math.exp(effect)) for effect in (0.01, 0.01, -0.01, 0.01, -5)]
    assert noise_floor(broken) == pytest.approx(math.expm1(0.01))
    with pytest.raises(ValueError, match="no control"):
        noise_floor([])


def test_nothing_asked_nothing_answered():
    assert judge({}, noise=0, alpha=ALPHA) == {}


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"alpha": 1}, {"noise": -0.1}, {"least": 0}, {"margin": 0}])
def test_arguments_out_of_range(wrong):
    with pytest.raises(ValueError, match="out of its range"):
        judge({}, **({"noise": 0, "alpha": ALPHA} | wrong))


@few
@given(st.lists(paired(least=8, most=10), min_size=1, max_size=3), st.floats(0, 0.2))
def test_exchange_of_arms_exchanges_the_answers(pairs, noise):
    one = judge({i: compare(a, b) for i, (a, b) in enumerate(pairs)}, noise=noise, alpha=0.05)
    other = judge({i: compare(b, a) for i, (a, b) in enumerate(pairs)}, noise=noise, alpha=0.05)
    assert other == {key: OPPOSITE.get(value, value) for key, value in one.items()}


@few
@given(seeds, st.floats(0.8, 1.4), st.lists(st.floats(1, 1.5), min_size=1, max_size=4))
def test_more_of_an_effect_never_takes_an_answer_back(seed, start, steps):
    a, b = arms(np.random.default_rng(seed), 12, start)
    factors = np.cumprod([1, *steps])
    slower = [answer(compare(a, b * factor), noise=0.02) is Answer.SLOWER for factor in factors]
    assert slower == sorted(slower)


def test_false_alarms():
    rng = np.random.default_rng(17)
    pairs = {i: arms(rng, 20) for i in range(300)}
    # Each judged alone and with no floor of noise, which is the most alarms that there can be.
    alone = [answer(compare(a, b), noise=0) for a, b in pairs.values()]
    assert sum(one in OPPOSITE for one in alone) <= 0.02 * len(pairs)  # tests at 1 %
    together = judge({i: compare(a, b) for i, (a, b) in pairs.items()}, noise=0, alpha=0.01)
    assert not any(one in OPPOSITE for one in together.values())
    assert sum(one is Answer.SAME for one in alone) >= 100  # and it is not for lack of answers
    assert sum(either_way(minimum_over)(a, b) for a, b in pairs.values()) >= 100
    assert sum(either_way(mann_whitney)(a, b) for a, b in pairs.values()) <= 1


def test_power():
    rng = np.random.default_rng(18)
    family = {i: compare(*arms(rng, 20, 1.2)) for i in range(100)}
    noise = noise_floor([compare(*arms(rng, 20)) for _ in range(5)])
    found = list(judge(family, noise=noise, alpha=0.01).values())
    assert found.count(Answer.SLOWER) >= 85
    assert found.count(Answer.FASTER) == found.count(Answer.SAME) == 0
