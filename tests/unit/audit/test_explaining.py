"""A cause is told of the very signal that it is about; else it is not known."""

from pathlib import Path

import pytest
from audit_stage import BIAS, KERNEL, LOST, W, built, observation, side, variable, whole

from nestbench.audit.differences import differences
from nestbench.audit.explaining import Archive, explain, follows_from
from nestbench.audit.side import Finding
from nestbench.catalogue import load_catalogue
from nestbench.matrix import load_matrix
from nestbench.portability import Loaded
from nestbench.store import Store

OLD, NEW = "tf2.15", "tf2.21"
PUBLISHED = Path(__file__).parents[3] / "results" / "published"


@pytest.fixture
def archive(tmp_path):
    return Archive(Store(tmp_path / "none"), load_matrix(), load_catalogue())


def rules(archive, lost, finding, places=()):
    """By which rules the one loss of W is explained where the doctor finds ``finding`` of it."""
    new = observation(variable(*W, **lost), variable(*KERNEL), variable(*BIAS))
    before = side(OLD, whole())
    after = side(NEW, new, findings=(finding,), places=dict(enumerate(places)))
    (one,) = (one for one in differences(before, after) if one.positions)
    return [why.rule.id for why in explain(one, before, after, archive)]


NESTED = Finding(rule="nested-container", kind="unsaved", positions=(0,), place="model.opt['a'][0]")
RAW = Finding(rule="raw-variable", kind="uncounted", positions=(0,), place="model.scale")


def test_a_rule_about_the_weights_file_explains_no_checkpoint(archive):
    lost = {"in_checkpoint": False}
    assert rules(archive, lost, NESTED) == []
    assert rules(archive, lost, RAW) == []
    assert rules(archive, lost, NESTED, ["model.ds[0].kernel"]) == ["checkpoint-of-containers"]
    assert rules(archive, {"in_weights_file": False}, NESTED) == ["nested-container"]
    assert rules(archive, {"changed_by_step": False}, NESTED) == []
    assert rules(archive, LOST, RAW) == ["raw-variable"]


@pytest.mark.parametrize(
    ("old", "new", "since"),
    [
        (OLD, NEW, "between TensorFlow 2.15.1 and 2.16.2"),
        ("keras3.0", "keras3.5", None),  # so on both
        ("tf2.15", "keras3.0", ""),  # of no one line of releases
    ],
)
def test_what_build_alone_leaves_is_dated_by_what_cases_do_after_build_alone(old, new, since):
    archive = Archive(Store(PUBLISHED), load_matrix(), load_catalogue())
    sides = side(old, whole()), side(new, built(whole(), 0, {}))
    (one,) = (one for one in differences(*sides) if "count" in one.kinds)
    (why,) = explain(one, *sides, archive)
    assert why.rule.id == "build-leaves-children"
    assert {shown.since for shown in why.shown} == ({since} if since is not None else set())


def test_a_loss_of_some_is_no_cause_of_all_that_an_old_file_loses():
    lost = [variable(*W, in_checkpoint=False), variable(*KERNEL), variable(*BIAS)]
    before = side(OLD, whole(), loads={OLD: {"checkpoint": Loaded(result="differs", back=((0, 0), (1, 1)))}})
    for back, explained in (((1, 1),), True), ((), False):
        loads = {OLD: {"checkpoint": Loaded(result="differs", back=back)}}
        found = differences(before, side(NEW, observation(*lost), loads=loads))
        (own,) = (one for one in found if "not-in-checkpoint" in one.kinds)
        (old,) = (one for one in found if "old-file" in one.kinds)
        assert follows_from(old, found) == ([own] if explained else [])
