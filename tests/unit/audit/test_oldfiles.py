"""Files that the old stack saved and itself does not get back whole: what more is lost on the new one."""

import pytest
from audit_stage import BIAS, KERNEL, W, observation, side, variable, whole

from nestbench.audit.difference import Gravity
from nestbench.audit.differences import differences
from nestbench.audit.oldfiles import untold
from nestbench.audit.signatures import findings_by_signature
from nestbench.portability import Loaded

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
