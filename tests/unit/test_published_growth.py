"""What is committed under results/growth is whole and current, and README's picture is drawn from it."""

from pathlib import Path

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.growth import Part, Shelf, lines_of
from nestbench.growth.drawing import draw
from nestbench.growth.fitting import Quantity, tell
from nestbench.growth.line import digests_of
from nestbench.matrix import load_matrix

ROOT = Path(__file__).parents[2]
GROWTH = ROOT / "results" / "growth"
MAKE = "nestbench growth STACK --results results/growth"
PICTURE = GROWTH / "deep-chain.user-calls.svg"
DRAW = (
    "nestbench growth --show --case deep-chain --results results/growth --svg results/growth, and keep that"
)
#: tf.keras of Keras 2, then Keras 3: they differ in how a chain without build() is built.
LINEAR, QUADRATIC = ("tf2.0", "tf2.9", "tf2.15"), ("keras3.0", "tf2.21")
KERAS2, KERAS3 = "1.00 (1.00 to 1.00)", "1.97 (1.91 to 2.04)"


def of_chain():
    """What is told of deep-chain, in the order of the matrix."""
    held = Shelf(root=GROWTH)
    names = [stack.id for stack in load_matrix().stacks if stack.id in held.stacks()]
    return [
        told for name in names for told in tell(held.counts(name), held.times(name), "deep-chain")
    ]  # fmt: skip


@pytest.mark.parametrize("stack", [*LINEAR, *QUADRATIC])
def test_every_series_was_counted_and_timed_at_every_size_and_is_current(stack):
    held, row = Shelf(root=GROWTH), load_matrix().get(stack)
    counts, times = held.counts(stack), held.times(stack)
    for line in lines_of(load_catalogue()):
        for one in (counts.series[line.label], times.series[line.label]):
            assert one.digests == digests_of(line, row), MAKE
            assert {point.size for point in one.points} == set(line.entry.sizes), MAKE


def test_the_picture_in_the_readme_is_drawn_from_what_is_committed():
    assert f"({PICTURE.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [told for told in of_chain() if len(told.curves[Quantity.USER_CALLS].points) > 1]
    assert draw(rows, Quantity.USER_CALLS) == PICTURE.read_text(encoding="utf-8"), DRAW


def test_the_powers_that_the_readme_tells_are_those_that_were_measured():
    from nestbench.growth.report import power

    told = {one.stack: one for one in of_chain() if one.part is Part.BUILD}
    found = {stack: power(told[stack].curves[Quantity.USER_CALLS].growth) for stack in told}
    assert found == dict.fromkeys(LINEAR, KERAS2) | dict.fromkeys(QUADRATIC, KERAS3)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert KERAS2 in readme
    assert KERAS3 in readme
