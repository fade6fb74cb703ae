"""Numbers in words."""

import pytest

from nestbench.names import ratio_of


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.526, "1.53"), (12.0, "12.00"), (0.1, "0.10"), (0.00131, "0.0013")],
)
def test_a_ratio_keeps_two_digits_that_say_something(value, said):
    assert ratio_of(value) == said
