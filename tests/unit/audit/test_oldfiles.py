"""Files that the old stack saved and itself does not get back whole: what more is lost on the new one."""

from dataclasses import replace
from pathlib import Path

import pytest
from audit_stage import BIAS, KERNEL, LOST, W, observation, side, variable, whole

from nestbench.audit.difference import Gravity
from nestbench.audit.differences import differences
from nestbench.audit.explaining import Archive, explain, follows_from
from nestbench.audit.oldfiles import untold
from nestbench.audit.side import Finding
from nestbench.audit.signatures import findings_by_signature
from nestbench.catalogue import load_catalogue
from nestbench.matrix import load_matrix
from nestbench.portability import Loaded
from nestbench.store import Store

OLD, NEW = "tf2.15", "tf2.21"
PLAIN = [variable(*one) for one in (W, KERNEL, BIAS)]


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


PLACES = {0: "model.towers['user'].kernel", 1: "model.towers['item'].kernel", 2: "model.bias"}
TWINS = [variable("a/kernel:0", (4, 3)), variable("b/kernel:0", (4, 3)), variable(*BIAS)]


def swapped(result, back=((0, 1), (1, 0), (2, 2)), kind="weights"):
    """An old file whose two kernels come back each in the place of the other; the output may not show it."""
    there = Loaded(result="equal", back=((0, 0), (1, 1), (2, 2)))
    listed = [
        [("a/kernel", (4, 3), PLACES[0]), ("b/kernel", (4, 3), PLACES[1]), ("bias", (3,), PLACES[2])],
        [("b/kernel", (4, 3), PLACES[1]), ("a/kernel", (4, 3), PLACES[0]), ("bias", (3,), PLACES[2])],
    ]
    seen = {"places": PLACES, "versions": {"keras": "2.15.0"}}
    return (
        side(OLD, observation(*TWINS), loads={OLD: {kind: there}}, weights=listed[0], **seen),
        side(
            NEW,
            observation(*TWINS),
            loads={OLD: {kind: Loaded(result=result, back=back)}},
            weights=listed[1],
            **seen,
        ),
    )


@pytest.mark.parametrize("result", ["equal", "differs"])
@pytest.mark.parametrize("kind", ["weights", "checkpoint"])
def test_values_in_other_variables_are_a_silent_loss_whatever_the_output_says(result, kind):
    both = swapped(result, kind=kind)
    (one,) = (one for one in differences(*both) if "old-file" in one.kinds)
    assert one.gravity is Gravity.SILENT
    assert one.title.endswith(" that tf2.15 saved loads with the values of 2 variables in other variables")
    assert one.evidence[0] == "model.towers['item'].kernel holds what model.towers['user'].kernel held"
    assert untold(*both) == ()
    (found,) = findings_by_signature(one, *both)
    assert found.rule == "order-of-a-dict"
    assert "order = [1, 0, 2]\n" in found.mend


PUBLISHED = Path(__file__).parents[3] / "results" / "published"


def test_a_model_file_with_another_output_is_explained_by_its_weights_and_by_what_was_exchanged():
    before, after = swapped("differs")
    loads = [{**one.loads[OLD], "model": Loaded(result=said)} for one, said in
             ((before, "equal"), (after, "differs"))]  # fmt: skip
    before, after = (
        replace(one, loads={OLD: found}) for one, found in zip((before, after), loads, strict=True)
    )
    found = differences(before, after)
    (weights,) = (one for one in found if one.marks == {"misplaced:weights"})
    (model,) = (one for one in found if one.marks == {"old-file:model"})
    assert follows_from(model, found) == [weights]
    (why,) = explain(weights, before, after, Archive(Store(PUBLISHED), load_matrix(), load_catalogue()))
    assert [(one.label, one.exchanged) for one in why.shown] == [
        ("dict-against-its-order[owner=model]", "saved on tf2.15 and loaded on tf2.21: differs")
    ]


@pytest.mark.parametrize(
    ("back", "places"),
    [
        (((0, 0), (1, 1), (2, 2)), PLACES),
        # What is shared has one place on the one stack and another on the other.
        (((0, 1), (1, 1), (2, 2)), {**PLACES, 0: "model.decoder.kernel"}),
        (((0, 1), (1, 0), (2, 2)), {}),
    ],
)
def test_a_value_is_moved_only_where_both_places_are_known(back, places):
    before, after = swapped("equal", back)
    both = before, replace(after, places=places)
    assert [one for one in differences(*both) if "old-file" in one.kinds] == []


def test_what_an_old_file_never_held_and_a_new_one_does():
    held = variable(*W, in_weights_file=False, restored_from_weights_file=False)
    loads = {OLD: {"weights": partly((1, 1), (2, 2))}}
    before = side(OLD, observation(held, *PLAIN[1:]), loads=loads)
    found = differences(before, side(NEW, whole(), loads=loads))
    (one,) = (one for one in found if "old-file" in one.kinds)
    assert (one.gravity, one.variables) == (Gravity.OTHER, ("w:0",))
    assert one.title == "a weights file that tf2.15 saved is without 50 parameters in 1 variable, on both"
    # Where the new stack's own file loses it, too, it is lost on both, and told as that.
    lost = side(NEW, observation(held, *PLAIN[1:]), loads=loads)
    assert differences(before, lost) == ()


def test_a_kind_of_file_that_the_new_stack_has_not_is_told():
    both = sides(Loaded(result="equal"), Loaded(result="not-applicable", detail="it is TensorFlow's"))
    (one,) = differences(*both)
    assert (one.gravity, one.title) == (
        Gravity.LOUD,
        "a TF checkpoint that tf2.15 saved: tf2.21 reads none",
    )
    assert [why.rule for why in findings_by_signature(one, *both)] == ["checkpoint-without-tensorflow"]


def test_the_way_that_is_advised_is_one_that_was_measured_to_work():
    """The weights file where it comes back equal, each value in its own variable; else the values by hand."""
    lost = Loaded(result="differs", back=((2, 2),))
    for weights, advice in (
        (Loaded(result="equal", back=((0, 0), (1, 1), (2, 2))), "save_weights("),
        (Loaded(result="equal", back=((0, 1), (1, 0), (2, 2))), "order = [1, 0, 2]"),
        (Loaded(result="refuses"), "order = [1, 0, 2]"),
    ):
        before, after = swapped("equal", kind="checkpoint")
        there = {"weights": Loaded(result="equal", back=((0, 0), (1, 1), (2, 2)))}
        both = (
            replace(before, loads={OLD: {**before.loads[OLD], **there}}),
            replace(
                after, loads={OLD: {"checkpoint": lost, "weights": weights}}, versions={"keras": "3.12.0"}
            ),
        )
        (one,) = (one for one in differences(*both) if one.marks == {"old-file:checkpoint"})
        (found,) = findings_by_signature(one, *both)
        assert (found.rule, advice in found.mend) == ("checkpoint-across-keras", True)


@pytest.mark.parametrize(("moved", "advice"), [(False, "shutil.copy("), (True, "order = [1, 0, 2]")])
def test_an_old_layout_is_read_by_its_name_only_where_the_order_is_the_same(moved, advice):
    before, after = swapped("equal")
    old = replace(before, versions={"tensorflow": "2.9.3", "keras": "2.9.0"})
    new = replace(
        after,
        weights=after.weights if moved else before.weights,
        loads={OLD: {"weights": Loaded(result="refuses")}},
        versions={"tensorflow": "2.21.0", "keras": "3.15.1"},
    )
    (one,) = (one for one in differences(old, new) if "old-file" in one.kinds)
    (found,) = findings_by_signature(one, old, new)
    assert (found.rule, advice in found.mend) == ("weights-file-of-before-2.12", True)


RAW = "model.one.w"
MEND = 'self.w = self.add_weight(name="w", shape=(5, 10), initializer="ones")'


def without_the_raw_one(kind, findings=(), used=True, dtype="float32", place=RAW):
    """The newer stack does not list W, which the old one lists first; its files of ``kind`` are refused."""
    held = [variable(*W, used=used), variable(*KERNEL), variable(*BIAS)]
    places = dict(enumerate((RAW, "model.two.kernel", "model.two.bias")))
    listed = [(one[0], one[1], places[n]) for n, one in enumerate((W, KERNEL, BIAS))]
    versions = {
        "checkpoint": ({"keras": "2.15.0"}, {"keras": "3.12.0"}),
        "weights": ({"tensorflow": "2.9.3", "keras": "2.9.0"}, {"tensorflow": "2.21.0", "keras": "3.15.1"}),
    }[kind]
    there = {
        name: Loaded(result="equal", back=((0, 0), (1, 1), (2, 2))) for name in ("checkpoint", "weights")
    }
    here = {"checkpoint": Loaded(result="differs", back=()), "weights": Loaded(result="refuses")}
    before = side(
        OLD, observation(*held), weights=listed, loads={OLD: there}, places=places, versions=versions[0]
    )
    assert before.weights is not None
    first = replace(before.weights[0], dtype=dtype, place=place)
    before = replace(before, weights=(first, *before.weights[1:]))
    after = side(
        NEW,
        observation(variable(*W, **LOST), *held[1:]),
        weights=[listed[2], listed[1]],
        loads={OLD: here},
        places=places,
        versions=versions[1],
        findings=findings,
    )
    (one,) = (one for one in differences(before, after) if one.marks == {f"old-file:{kind}"})
    (found,) = findings_by_signature(one, before, after)
    return found.mend


@pytest.mark.parametrize("kind", ["checkpoint", "weights"])
def test_no_order_leaves_out_what_was_trained(kind):
    """Set in that order, it would keep its initial value, and no error would say so."""
    mend = without_the_raw_one(kind, [Finding(rule="raw-variable", kind="uncounted", place=RAW, mend=MEND)])
    assert "# 1 weight of model.weights on tf2.15 that tf2.21 does not list:\n" in mend
    assert f"#   place 0: [5, 10], {RAW}\n" in mend
    assert "keep their initial values" in mend
    assert f"First mend the model:\n{MEND}\n# Then audit it again" in mend
    assert "order = " not in mend
    assert "set_weights" not in mend


@pytest.mark.parametrize(("place", "words"), [(RAW, f"for {RAW}"), ("", "for one of them")])
def test_what_the_doctor_has_no_mend_for_is_said_all_the_same(place, words):
    mend = without_the_raw_one("checkpoint", place=place)
    assert f"the doctor has no mend {words}" in mend
    assert "order = " not in mend


@pytest.mark.parametrize("more", [{"used": False}, {"dtype": "int64", "place": ""}])
def test_an_order_may_leave_out_what_nothing_computes_with_and_says_so(more):
    mend = without_the_raw_one("checkpoint", **more)
    assert "#   place 0: [5, 10], " in mend
    assert "They keep their initial values: " in mend
    assert "order = [2, 1]\n" in mend
