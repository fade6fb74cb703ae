"""What is told of two sides, how grave it is, where on a way it appears and which part carries it."""

from dataclasses import replace

import pytest
from audit_stage import BIAS, KERNEL, LOST, W, built, not_made, observation, raw_lost, side, variable, whole

from nestbench.audit.difference import Gravity
from nestbench.audit.differences import differences
from nestbench.audit.remedies import remedy
from nestbench.audit.signatures import findings_by_signature
from nestbench.audit.tracing import carriers, steps
from nestbench.audit.variables import still_lost
from nestbench.matrix import load_matrix
from nestbench.run.mixing import Mixture, Part
from nestprobe.observation import Outcome, PhaseRecord, Raised

OLD, NEW = "tf2.15", "tf2.21"
EQUAL = {OLD: {"weights": "equal", "model": "equal", "checkpoint": "equal"}}
PLAIN = [variable(*one) for one in (W, KERNEL, BIAS)]


def told(old, new):
    return differences(side(OLD, old, loads=EQUAL), side(NEW, new, loads=EQUAL))


def test_equal_sides_have_no_difference():
    assert told(whole(), whole()) == ()


def test_losses_of_the_same_variables_are_one_difference():
    first, *_ = told(whole(), raw_lost())
    assert first.gravity is Gravity.SILENT
    assert first.variables == ("w:0",)
    assert first.positions == (0,)
    # What is not in a file cannot come back from it: that is no loss of its own.
    assert [str(kind) for kind in first.kinds] == ["uncounted", "untrained", "unsaved", "not-in-model-file"]


@pytest.mark.parametrize("flag", ["restored_from_weights_file", "restored_from_model_file", "in_checkpoint"])
def test_each_way_of_losing_is_silent(flag):
    (one,) = told(whole(), observation(variable(*W, **{flag: False}), *PLAIN[1:]))
    assert one.gravity is Gravity.SILENT


def test_what_was_not_measured_is_no_loss():
    unknown = observation(*(variable(*one, changed_by_step=None) for one in (W, KERNEL, BIAS)))
    assert told(whole(), unknown) == ()
    assert told(unknown, raw_lost())[0].kinds[:2] == ("uncounted", "unsaved")


def test_an_integer_is_no_parameter():
    counter = variable("iterations:0", (), dtype="int64")
    gone = variable("iterations:0", (), **(LOST | {"dtype": "int64"}))
    assert told(observation(counter, *PLAIN), observation(gone, *PLAIN, counted=84)) == ()


def test_frozen_before_and_trained_after_is_silent():
    (one,) = told(observation(variable(*W, changed_by_step=False), *PLAIN[1:]), whole())
    assert (one.gravity, one.kinds) == (Gravity.SILENT, ("overtrained",))


FROZEN = {"changed_by_step": False, "in_trainable_weights": 0}


def test_what_is_frozen_needs_no_gradient():
    """Keras 2 computes one all the same, Keras 3 does not."""
    computed = observation(variable(*W, **FROZEN), *PLAIN[1:])
    spared = observation(variable(*W, **FROZEN, gradient=False), *PLAIN[1:])
    assert told(computed, spared) == told(spared, computed) == ()


@pytest.mark.parametrize("more", [{}, {"changed_by_step": None}, {**FROZEN, "changed_by_step": None},
                                  {"changed_by_step": False}])  # fmt: skip
def test_a_gradient_that_what_is_not_known_to_be_frozen_loses_is_silent(more):
    """Also of what is meant to be trained and was left by one step, as a step of the model's own may."""
    lost = observation(variable(*W, **more | {"gradient": False}), *PLAIN[1:])
    (one,) = told(observation(variable(*W, **more), *PLAIN[1:]), lost)
    assert (one.gravity, one.kinds) == (Gravity.SILENT, ("no-gradient",))
    assert [one.gravity for one in told(lost, observation(variable(*W, **more), *PLAIN[1:]))] == [
        Gravity.BETTER
    ]


def test_a_forward_pass_that_reads_less_is_silent_and_one_that_reads_more_is_other():
    fewer = observation(*PLAIN[1:])
    lost = next(one for one in told(whole(), fewer) if "reads" in one.kinds)
    assert (lost.gravity, lost.variables) == (Gravity.SILENT, ("w:0",))
    won = next(one for one in told(fewer, whole()) if "reads" in one.kinds)
    assert (won.gravity, won.variables) == (Gravity.OTHER, ("w:0",))


def test_listed_twice_and_listed_without_being_read():
    unused = dict.fromkeys(("used", "used_in_inference", "used_in_training"), False)
    new = observation(variable(*W, in_weights=2), *PLAIN[1:], variable("idle:0", (7,), **unused))
    said = [one.title for one in told(whole(), new)]
    assert "50 parameters in 1 variable: in weights more than once now" in said
    assert "7 parameters in 1 variable: counted now and never read" in said


def test_a_phase_that_raises_is_loud_and_one_that_no_longer_does_is_better():
    broken = observation(*PLAIN, raised={"saved-model": Raised("ValueError", "no")})
    (one,) = told(whole(), broken)
    assert (one.gravity, one.title, one.evidence) == (Gravity.LOUD, "save() raises", ("ValueError: no",))
    (one,) = told(broken, whole())
    assert (one.gravity, one.title) == (Gravity.BETTER, "save() works, and raised before")
    other = observation(*PLAIN, raised={"saved-model": Raised("TypeError", "no")})
    (one,) = told(broken, other)
    assert (one.gravity, one.evidence) == (Gravity.OTHER, ("ValueError: no -> TypeError: no",))


def test_a_file_that_raised_and_now_lacks_something_is_a_silent_loss():
    kept, lost = variable(*W), variable(*KERNEL)
    refused = {"saved-checkpoint": Raised("ValueError", "a key is no string")}
    unknown = {"in_checkpoint": None, "restored_from_checkpoint": None}
    old = observation(*(variable(*one, **unknown) for one in (W, KERNEL)), raised=refused)
    none = {"in_checkpoint": False, "restored_from_checkpoint": False}
    silent, works = told(old, observation(kept, variable(*KERNEL, **none)))
    assert silent.gravity is Gravity.SILENT
    assert silent.title == (
        "30 parameters in 1 variable: left out of a TF checkpoint without a word, where it raised before"
    )
    assert silent.evidence == ("variables: dense/kernel:0 (10, 3)", "in checkpoint: raised -> no")
    assert (works.gravity, works.title) == (
        Gravity.OTHER,
        "writing a TF checkpoint works, and raised before",
    )
    (silent, _) = told(old, observation(kept, variable(*KERNEL, restored_from_checkpoint=False)))
    assert "not brought back from a TF checkpoint without a word" in silent.title
    (works,) = told(old, observation(kept, lost))
    assert works.gravity is Gravity.BETTER


def test_a_file_that_is_written_now_and_cannot_be_read_is_no_better():
    refused = {"saved-model": Raised("NotImplementedError", "no HDF5")}
    unread = {"reloaded-model": Raised("TypeError", "could not be deserialized properly")}
    old, new = observation(*PLAIN, raised=refused), observation(*PLAIN, raised=unread)
    old.phases["reloaded-model"] = PhaseRecord("skipped", reason="saved-model did not succeed")
    (one,) = told(old, new)
    assert (one.gravity, one.title) == (
        Gravity.OTHER,
        "save() works, and raised before; load_model() then raises",
    )
    assert one.evidence == (
        "TypeError: could not be deserialized properly",
        "before: NotImplementedError: no HDF5",
    )
    (why,) = findings_by_signature(one, side(OLD, old), side(NEW, new))
    assert why.rule == "config-of-a-subclass"
    # And the other way round it is the reading alone that was not asked.
    (back,) = told(new, old)
    assert (back.gravity, back.title) == (Gravity.LOUD, "save() raises")


def test_what_was_lost_and_is_there_is_better():
    found = told(raw_lost(), whole())
    assert {one.gravity for one in found} == {Gravity.BETTER}
    assert found[0].title.startswith("50 parameters in 1 variable: counted now, trained now")


def test_a_count_that_falls_below_what_is_read_is_silent():
    (one,) = told(whole(), observation(*PLAIN, counted=33))[:1]
    assert (one.gravity, one.title) == (Gravity.SILENT, "count_params() is 33 and was 83")
    assert one.evidence == ("the forward pass reads 83 -> 83",)


def test_a_reloaded_model_that_computes_something_else_is_silent():
    new = whole()
    new.phases["reloaded-weights"] = PhaseRecord("done", same_output=False)
    (one,) = told(whole(), new)
    assert (one.gravity, one.kinds) == (Gravity.SILENT, ("output",))


def old_files(here, there="equal"):
    before = side(OLD, whole(), loads={OLD: {"weights": there}})
    return differences(before, side(NEW, whole(), loads={OLD: {"weights": here}}))


def test_what_becomes_of_an_old_file():
    assert old_files("equal") == ()
    assert [one.gravity for one in old_files("differs")] == [Gravity.SILENT]
    assert [one.gravity for one in old_files("refuses")] == [Gravity.LOUD]
    assert [one.gravity for one in old_files("timed-out")] == [Gravity.LOUD]
    # Nothing to load, or not even the old stack can: that says nothing of the new one.
    assert old_files("not-saved") == ()
    assert old_files("differs", there="differs") == ()


def test_calls_and_warnings():
    new = observation(*PLAIN, warnings=["UserWarning: hm"], calls={"Outer": 3, "Inner": 1})
    found = {one.title: one.evidence for one in told(whole(), new)}
    assert found["in the first call, your call() methods run 4 times now, 1 before"] == (
        "Inner: 0 -> 1",
        "Outer: 1 -> 3",
    )
    assert found["a new warning in trained"] == ("UserWarning: hm",)


def test_a_process_that_ends_late_is_loud():
    late = observation(*PLAIN, outcome=Outcome("crashed", "SIGSEGV", "trained"))
    (one,) = told(whole(), late)
    assert (one.gravity, one.title) == (
        Gravity.LOUD,
        "the process ends in phase trained: crashed: SIGSEGV",
    )


def test_what_is_lost_on_both_is_no_difference():
    assert told(raw_lost(), raw_lost()) == ()
    lost = still_lost(raw_lost(), raw_lost())
    assert [str(kind) for kind in lost] == ["uncounted", "untrained", "unsaved", "not-in-model-file"]
    assert list(still_lost(raw_lost(), raw_lost(), ["checkpoint"])) == ["uncounted", "untrained"]
    # What is counted, or is not to be trained, is left alone by a step as its author means it.
    for one in (variable(*W, changed_by_step=False), variable(*W, **LOST | {"trainable": False})):
        seen = observation(one, *PLAIN[1:])
        assert "untrained" not in still_lost(seen, seen)


def test_the_step_at_which_a_difference_appears_for_good():
    good, bad, gone = side(OLD, whole()), side(NEW, raw_lost()), side("tf2.17", None)
    middle = side("tf2.16", raw_lost())
    found = differences(good, bad)
    assert steps((good, bad), found) == ("",) * len(found)
    assert steps((good, middle, bad), found)[0] == "from tf2.15 to tf2.16"
    assert steps((good, gone, bad), found)[0] == "from tf2.15 to tf2.21 (tf2.17 could not be measured)"
    # Lost, back and lost again: it is the last step that counts.
    again = (good, middle, side("tf2.18", whole()), bad)
    assert steps(again, found)[0] == "from tf2.18 to tf2.21"


def mixed(part, base, seen, note=""):
    matrix = load_matrix()
    giver = NEW if base == OLD else OLD
    stack = None if seen is None else matrix.get("tf2.16")
    mixture = Mixture(part=part, base=matrix.get(base), giver=matrix.get(giver), stack=stack, note=note)
    return mixture, None if seen is None else side("tf2.16", seen)


def test_the_part_that_carries_a_difference():
    sides = side(OLD, whole()), side(NEW, raw_lost())
    found = differences(*sides)
    asked = [
        mixed(Part.PYTHON, OLD, whole()),
        mixed(Part.PYTHON, NEW, raw_lost()),
        mixed(Part.KERAS, OLD, raw_lost()),
        mixed(Part.KERAS, NEW, whole()),
        mixed(Part.BACKEND, OLD, None, "no such thing"),
        mixed(Part.BACKEND, NEW, not_made("ValueError", "no")),
    ]
    first = carriers(sides, found, asked)[0]
    assert first.parts == {
        "Python": "does not carry the difference",
        "Keras": "carries the difference",
        "backend": "cannot be told",
    }
    assert "tf2.15 with the backend of tf2.21: cannot exist: no such thing" in first.asked


def test_python_that_travels_along_is_not_told_apart():
    sides = side(OLD, whole()), side(NEW, raw_lost())
    mixture, seen = mixed(Part.BACKEND, OLD, raw_lost(), "Python 3.13 travels along")
    (told, *_) = carriers(sides, differences(*sides), [(replace(mixture, along=True), seen)])
    assert told.parts == {
        "backend": "carries the difference with the Python that travels along: not told apart"
    }


def not_called(*outcome):
    return observation(outcome=Outcome(*outcome), raised={"called": Raised("E", "")})


@pytest.mark.parametrize(
    ("seen", "why", "do"),
    [
        (not_made("ValueError", "no"), "making the model raised ValueError: no", "--input-shape"),
        (not_made("Missing", "no module x"), "making the model raised Missing: no module x", "-r"),
        (not_made("NotAModel", "an int"), "making the model raised NotAModel: an int", "(model, inputs)"),
        (
            not_called("timed-out", "limit of 9 s", "built"),
            "it did not come to its end within the time limit, in phase built (limit of 9 s)",
            "--timeout",
        ),
        (
            not_called("out-of-memory", "limit of 9 MB"),
            "it reached the memory limit (limit of 9 MB)",
            "--memory",
        ),
    ],
)  # fmt: skip
def test_why_a_side_could_not_be_measured(seen, why, do):
    one = side(NEW, seen)
    assert not one.measured
    assert one.ending == why
    assert do in remedy(one)


@pytest.mark.parametrize("make", [whole, raw_lost])
def test_what_build_alone_leaves_uncounted_is_no_silent_loss(make):
    """Whether or not something else is never counted."""
    old, new = make(), built(make(), 0, {"Outer": 1})
    count = old.phases["called"].model.count_params
    (one,) = told(old, new)
    assert one.gravity is Gravity.OTHER
    assert one.title == f"count_params() after build(shape) alone is 0 and was {count}"
    assert one.evidence == (f"after a call it is {count} -> {count}",)
    (one,) = told(new, make())
    assert one.gravity is Gravity.BETTER


def test_files_that_nobody_keeps_make_no_difference():
    new = observation(variable(*W, in_checkpoint=False, in_weights_file=False), *PLAIN[1:])
    new.phases["saved-model"] = PhaseRecord("raised", raised=Raised("E", "no"))
    sides = side(OLD, whole(), loads=EQUAL), side(NEW, new, loads={OLD: {"checkpoint": "differs"}})
    assert [str(kind) for one in differences(*sides, files=("weights",)) for kind in one.kinds] == ["unsaved"]
    assert differences(*sides, files=("weights",)) != differences(*sides)


def test_what_a_mixture_did_not_measure_says_nothing():
    old_files = side(OLD, whole(), loads=EQUAL), side(NEW, whole(), loads={OLD: {"weights": "differs"}})
    found = differences(*old_files)
    # Nobody had it load what the old stack saved; and of the other, training was not measured.
    (told,) = carriers(old_files, found, [mixed(Part.PYTHON, NEW, whole())])
    assert told.parts == {"Python": "cannot be told"}
    unknown = observation(*(variable(*one, changed_by_step=None) for one in (W, KERNEL, BIAS)))
    sides = side(OLD, whole()), side(NEW, observation(variable(*W, changed_by_step=False), *PLAIN[1:]))
    (told,) = carriers(sides, differences(*sides), [mixed(Part.PYTHON, NEW, unknown)])
    assert told.parts == {"Python": "cannot be told"}
    way = (sides[0], side("tf2.16", unknown), sides[1])
    assert steps(way, differences(*sides)) == ("from tf2.15 to tf2.21 (tf2.16 could not be measured)",)
