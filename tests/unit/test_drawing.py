"""Drawings: ticks on axes of logarithms, room for the longest label, build times with their intervals."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.drawing import log_ticks, plain, power_ticks
from nestbench.site.timing import drawings
from nestbench.statistics.comparison import Comparison
from nestbench.statistics.judging import Answer
from nestbench.timing.answers import Row

SVG = "{http://www.w3.org/2000/svg}"
LETTER = 0.5  # a letter's width to its height, on average, in DejaVu Sans


@pytest.mark.parametrize(
    ("low", "high", "apart", "ticks"),
    [
        (0.4, 40, 0.12, [0.5, 1, 2, 5, 10, 20]),
        (0.85, 1.35, 0.12, [0.9, 1, 1.1, 1.2, 1.3]),
        (0.3, 500, 0.15, [1, 10, 100]),
        (0.5, 3e7, 0.15, [1, 1e2, 1e4, 1e6]),
        (12_000, 30_000, 0.15, [15_000, 20_000, 25_000, 30_000]),
    ],
)
def test_ticks_are_round_and_stand_apart(low, high, apart, ticks):
    assert log_ticks(low, high, apart=apart) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("sizes", "ticks"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4]),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 4, 8]),
        ([2**power for power in range(10)], [2**power for power in range(10)]),
        ([4**power for power in range(9)], [16**power for power in range(5)]),
        ([100, 101, 102, 103, *range(104, 124)], [100, 123]),
    ],
)
def test_sizes_are_ticks_where_there_is_room(sizes, ticks):
    assert power_ticks(sizes, inches=2.9) == ticks


def sizes_of_a_case():
    yield from dict.fromkeys(entry.sizes for entry in load_catalogue() if entry.sizes)
    for last in range(2, 24):
        yield [2**power for power in range(last)]
        yield [10 * power for power in range(1, last + 1)]


@pytest.mark.parametrize("sizes", list(sizes_of_a_case()), ids=str)
def test_labels_never_touch(sizes):
    ticks = power_ticks(sorted(sizes), inches=2.9)
    assert len(ticks) > 1
    for before, after in pairwise(ticks):
        apart = 72 * 2.9 * math.log(after / before) / math.log(max(sizes) / min(sizes))
        # DejaVu Sans: a digit is 0.636 of the height wide.
        assert apart > 9 * 0.636 * (len(str(int(before))) + len(str(int(after)))) / 2


def test_numbers_are_read_without_mathematics():
    values = (0.001, 0.25, 1, 300, 2000, 1e4, 3e5, 1e-7)
    assert [plain(one) for one in values] == [
        "0.001", "0.25", "1", "300", "2000", "10⁴", "3×10⁵", "10⁻⁷"  # noqa: RUF001 - times
    ]  # fmt: skip


def timed(measure, after, answer=Answer.SLOWER, *, before="tf2.15", ratio=2.0):
    found = Comparison(
        pairs=10, ratio=ratio, low=ratio / 1.2, high=ratio * 1.2, low90=ratio / 1.1, high90=ratio * 1.1, p=0.1
    )
    return Row(
        before=before, after=after, part="a-case", measure=measure, comparison=found, seconds=(1.0, ratio),
        noise=None, answer=answer,
    )  # fmt: skip


def test_a_panel_for_each_measure_hollow_without_evidence():
    rows = [
        timed("build", "tf2.16"), timed("build", "tf2.21", Answer.NO_EVIDENCE),
        timed("call", "tf2.16", Answer.OVER_THE_LIMIT), timed("call", "tf2.21", Answer.BUILDS_NOTHING),
        timed("summary", "tf2.16", Answer.FASTER, ratio=0.1), timed("step", "tf2.16", Answer.SAME),
    ]  # fmt: skip
    (text,) = drawings("made-up", rows)
    assert [text] == list(drawings("made-up", rows))  # the same bytes
    words = [one.text for one in ET.fromstring(text).iter(f"{SVG}text")]
    assert {"a-case", "build", "call", "summary", "step"} <= set(words)
    assert words.count("tf2.15 to tf2.21") == 2  # at the left of two rows of panels
    points = re.findall(r'<use [^>]*style="fill: (#\w+); stroke: #08306b"', text)
    assert (points.count("#ffffff"), points.count("#08306b")) == (3, 3 + 2 * len(rows))  # and two caps each


def test_the_longest_label_has_room():
    rows = [timed("build", "keras3.15-torch-gpu-copy-2", before="tf2.21-legacy-of-a-long-name")]
    root = ET.fromstring(*drawings("made-up", rows))
    (label,) = [one for one in root.iter(f"{SVG}text") if " to " in str(one.text)]
    assert "text-anchor: end" in label.attrib["style"]
    assert float(label.attrib["x"]) > LETTER * 9 * len(label.text)
