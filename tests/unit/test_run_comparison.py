"""A run beside the published results: only what was measured alike is held against each other."""

from dataclasses import replace

import pytest
from run_stage import entry
from store_stage import DIGESTS, observation

from nestbench.catalogue import Catalogue
from nestbench.run.plan import StackPlan
from nestbench.run.summary import Comparison, compare
from nestbench.store import Store

PUBLISHED = "the published results"
AGREE = f"Agree with {PUBLISHED} in"
OUTDATED = "measured there with another version of the case, the lock or the probe"


@pytest.mark.parametrize(
    ("counts", "lines"),
    [
        ({"agree": 3}, [f"{AGREE} 3 of 3 cells."]),
        (
            {"agree": 1, "absent": 2, "outdated": 4},
            [f"{AGREE} 1 of 1 cell; not comparable: 2 not among them, 4 {OUTDATED}."],
        ),
        ({"absent": 2}, ["Nothing can be held against the published results: 2 not among them."]),
        ({"outdated": 20}, [f"Nothing can be held against the published results: 20 {OUTDATED}."]),
        ({}, []),
    ],
)
def test_words(counts, lines):
    none = {"agree": 0, "absent": 0, "outdated": 0}
    assert Comparison(differ=(), **(none | counts)).lines(PUBLISHED) == lines


def test_what_differs_what_is_not_there_and_what_is_of_another_version(tmp_path):
    mine, theirs = Store(tmp_path / "mine"), Store(tmp_path / "theirs")
    old = replace(DIGESTS, case="another")
    for case, digests, weights in (
        ("same", DIGESTS, 2),
        ("differs", DIGESTS, 1),
        ("outdated", old, 1),
        ("absent", None, 0),
    ):
        mine.add("tf2.15", DIGESTS, observation(case))
        if digests is not None:
            theirs.add("tf2.15", digests, observation(case, weights=weights))
    cells = Catalogue(
        folders=(), entries=tuple(entry(case, tmp_path) for case in mine.cases("tf2.15"))
    ).cells(["tf2.15"])
    plan = StackPlan(stack="tf2.15", lock="", probe="", expected=tuple(cells), to_run=())
    found = compare(mine, theirs, [plan])
    assert (found.agree, found.absent, found.outdated) == (1, 1, 1)
    assert found.lines(PUBLISHED)[1:] == ["  differs: tf2.15 differs"]
