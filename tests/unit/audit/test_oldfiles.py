"""Files that the old stack saved and itself does not get back whole: what more is lost on the new one."""

import pytest
from audit_stage import BIAS, KERNEL, W, observation, side, variable, whole

from nestbench.audit.difference import Gravity
from nestbench.audit.differences import differences
from nestbench.audit.explaining import Archive, explain, follows_from
from nestbench.audit.oldfiles import untold
from nestbench.audit.signatures import findings_by_signature
from nestbench.catalogue import load_catalogue
from nestbench.matrix import load_matrix
from nestbench.portability import Loaded
from nestbench.store import Store

OLD, NEW = "tf2.15", "tf2.21"


def partly(*back):
    """It loads and gives another output; ``back``: by place, of W, kernel and bias."""
    return Loaded(result="differs", back=back)


def sides(there, here, kind="checkpoint", new=None):
    versions = [{"keras": "2.15.0"}, {"keras": "3.12.0"}]
    return (
        side(OLD, whole(), loads={OLD: {kind: there}}, versions=versions[0]),
        side(NEW, new or whole(), loads={OLD: {kind: here}}, versions=versions[1]),
    )


def test_what_the_new_stack_loses_beside_what_the_old_one_does():
    both = sides(partly((1, 1), (2, 2)), partly((2, 2)))
    (one,) = differences(*both)
    assert one.gravity is Gravity.SILENT
    assert one.title == (
        "a TF checkpoint that tf2.15 saved loads without 30 parameters in 1 variable "
        "that come back on tf2.15 itself"
    )
    assert (one.variables, one.positions) == (("dense/kernel:0",), (1,))
    assert untold(*both) == ()
    assert [why.rule for why in findings_by_signature(one, *both)] == ["checkpoint-across-keras"]


def test_what_is_lost_of_a_file_that_the_old_stack_gets_back_whole_is_named(tmp_path):
    """By the way from Keras 2 to 3 a kernel, and what the new stack's own checkpoint lacks too."""
    raw = variable(*W, in_checkpoint=False, restored_from_checkpoint=False)
    whole_there = Loaded(result="equal", back=((0, 0), (1, 1), (2, 2)))
    both = sides(whole_there, partly((2, 2)), new=observation(raw, variable(*KERNEL), variable(*BIAS)))
    own, old = differences(*both)
    assert old.title.endswith("loads without 80 parameters in 2 variables that come back on tf2.15 itself")
    assert old.positions == (0, 1)
    (found,) = findings_by_signature(old, *both)
    assert (found.rule, found.positions) == ("checkpoint-across-keras", (1,))
    why = explain(old, *both, Archive(Store(tmp_path), load_matrix(), load_catalogue()))
    assert follows_from(old, [own, old], why) == [own]


def test_what_the_new_stack_does_not_hold_itself_is_not_lost_on_the_way():
    kernel = variable(*KERNEL, in_checkpoint=False)
    both = sides(
        partly((1, 1), (2, 2)), partly((2, 2)), new=observation(variable(*W), kernel, variable(*BIAS))
    )
    (one,) = (one for one in differences(*both) if "old-file" in one.kinds)
    assert list(findings_by_signature(one, *both)) == []


@pytest.mark.parametrize("kind", ["weights", "model", "checkpoint"])
def test_the_same_in_part_is_no_difference(kind):
    both = sides(partly((1, 1), (2, 2)), partly((1, 1), (2, 2)), kind)
    assert (differences(*both), untold(*both)) == ((), ())
    more = sides(partly((1, 1)), partly((1, 1), (2, 2)), kind)
    assert (differences(*more), untold(*more)) == ((), ())


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("differs", "differs"),
        (partly((1, 1)), "differs"),
        ("differs", partly((1, 1))),
        # It came back in the place of another.
        (partly((1, 1), (2, 2)), partly((1, 1), (2, 0))),
    ],
)
def test_what_only_the_output_says_is_not_known(there, here):
    both = sides(there, here)
    assert (differences(*both), untold(*both)) == ((), ("checkpoint",))
    assert untold(*both, files=("weights",)) == ()


@pytest.mark.parametrize("ending", ["refuses", "crashed", "timed-out"])
def test_a_refusal_is_a_difference_where_the_old_stack_loads_it_in_part(ending):
    (one,) = differences(*sides(partly((1, 1)), ending, "weights"))
    assert (one.gravity, one.title) == (Gravity.LOUD, "a weights file that tf2.15 saved does not load")
    assert one.evidence[1] == "tf2.15 itself loads it, and does not get all of it back"
    assert differences(*sides("refuses", ending, "weights")) == ()
