"""Numbers and names in words."""

import pytest

from nestbench.errors import did_you_mean
from nestbench.names import few, ratio_of


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.526, "1.53"), (12.0, "12.00"), (0.1, "0.10"), (0.00131, "0.0013")],
)
def test_a_ratio_keeps_two_digits_that_say_something(value, said):
    assert ratio_of(value) == said


def test_the_first_few_and_that_there_are_more():
    assert few(["a", "b"], 2) == "a, b"
    assert few(["a", "b", "c"], 2) == "a, b, ..."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("compar", "Did you mean 'compare'?"),
        ("*pare*", "Did you mean 'compare'?"),
        ("e", "Did you mean 'table' or 'compare'?"),
        ("zzz", ""),
    ],
)
def test_names_that_are_like_it_or_hold_it(name, said):
    assert did_you_mean(name, ["table", "compare"]) == said
