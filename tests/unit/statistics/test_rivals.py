"""Rules of others: each at its limit, in its direction."""

import numpy as np
import pytest

from nestbench.statistics.rivals import either_way, mann_whitney, mean_over, minimum_over

RULES = [minimum_over, mean_over, mann_whitney]


def test_minimum():
    assert minimum_over([2, 9], [2.2, 2.2])
    assert not minimum_over([2, 2], [2.1, 9])  # exactly 5 %
    assert minimum_over([2, 2], [2.1, 9], limit=0.04)


def test_mean():
    assert mean_over([1, 1, 4], [2, 2, 3])  # 2 to 2.33
    assert not mean_over([1, 3], [2, 2.2])  # 2 to 2.1
    assert mean_over([1, 3], [2, 2.2], limit=0.04)


def test_mann_whitney():
    a = np.linspace(1, 1.1, 10)
    assert mann_whitney(a, a + 0.2)  # apart: two of C(20, 10) orders
    assert not mann_whitney(a[:4], a[:4] + 0.2)  # two of C(8, 4) = 70
    assert mann_whitney(a[:4], a[:4] + 0.2, p=0.03)
    assert not mann_whitney(a, a + 0.1001)  # 9.5 %
    assert mann_whitney(a, a + 0.1001, limit=0.05)


@pytest.mark.parametrize("rule", RULES)
def test_either_way(rule):
    a = np.linspace(1, 1.1, 10)
    assert not rule(a + 0.2, a)
    assert either_way(rule)(a + 0.2, a)
    assert either_way(rule)(a, a + 0.2)
    assert not either_way(rule)(a, a)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("wrong", [[], [0.0], [float("nan")], [[1.0]]])
def test_what_is_no_sample(rule, wrong):
    with pytest.raises(ValueError):
        rule([1.0], wrong)
    with pytest.raises(ValueError):
        rule(wrong, [1.0])
    with pytest.raises(ValueError, match="limit"):
        rule([1.0], [1.0], limit=-1)


def test_no_such_p():
    with pytest.raises(ValueError, match="p 2"):
        mann_whitney([1.0], [1.0], p=2)
