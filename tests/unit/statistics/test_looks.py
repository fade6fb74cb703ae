"""Looks: their error rates add up, each can decide, and a broken control is named."""

import numpy as np
import pytest
from statistics_stage import arms

from nestbench.statistics import LOOKS, Answer, alpha_at, broken_controls, compare, is_interim, judge


def test_error_rates_add_up():
    assert sum(alpha_at(look) for look in range(len(LOOKS))) == pytest.approx(0.01)
    assert sum(alpha_at(look, 0.05) for look in range(len(LOOKS))) == pytest.approx(0.05)


def test_the_first_look_can_decide():
    clearest = compare(np.ones(LOOKS[0]), np.linspace(1.2, 1.5, LOOKS[0]))
    assert judge({"alone": clearest}, noise=0.0, alpha=alpha_at(0)) == {"alone": Answer.SLOWER}


def test_one_effect_in_a_large_family_waits_for_the_second_look():
    rng = np.random.default_rng(4)
    for look, expected in ((0, Answer.NO_EVIDENCE), (1, Answer.SLOWER)):
        family = {i: compare(*arms(rng, LOOKS[look], 1.0 if i else 1.6)) for i in range(8)}
        assert judge(family, noise=0.02, alpha=alpha_at(look))[0] is expected


def test_only_the_last_look_is_final():
    assert [is_interim(look) for look in range(len(LOOKS))] == [True, True, False]


@pytest.mark.parametrize("look", [-1, len(LOOKS)])
def test_no_such_look(look):
    with pytest.raises(IndexError):
        alpha_at(look)
    with pytest.raises(IndexError):
        is_interim(look)


@pytest.mark.parametrize("total", [0, 1, 5])
def test_no_such_rate(total):
    with pytest.raises(ValueError, match="between 0 and 1"):
        alpha_at(0, total)


def test_broken_controls():
    rng = np.random.default_rng(6)
    controls = {name: compare(*arms(rng, 20, factor)) for name, factor in
                {"tf2.0": 1.0, "tf2.15": 1.4, "tf2.16": 1.0, "tf2.21": 1 / 1.4}.items()}  # fmt: skip
    assert broken_controls(controls, alpha=alpha_at(1)) == ("tf2.15", "tf2.21")
    assert broken_controls({"tf2.0": controls["tf2.0"]}, alpha=alpha_at(1)) == ()
    assert broken_controls({}, alpha=alpha_at(1)) == ()
