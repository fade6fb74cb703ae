"""Which kinds of file an audit has no answer on."""

from dataclasses import replace

from audit_stage import side, whole

from nestbench.audit.oldfiles import unanswered

OLD, NEW = "tf2.15", "tf2.21"
EQUAL = {OLD: {"weights": "equal", "model": "equal", "checkpoint": "equal"}}


def test_a_kind_of_file_of_which_an_end_gave_no_answer():
    old = side(OLD, whole(), loads=EQUAL)
    assert unanswered(old, side(NEW, whole(), loads=EQUAL)) == ()
    # That a file was not saved or is refused is an answer; "unavailable": the old stack gave none.
    loads = {OLD: {"weights": "not-saved", "model": "unavailable", "checkpoint": "refuses"}}
    assert unanswered(old, side(NEW, whole(), loads=loads)) == ("model",)
    assert unanswered(old, side(NEW, whole(), loads=loads), ["weights", "checkpoint"]) == ()
    nothing = side(NEW, whole())
    assert unanswered(old, nothing, ["weights"]) == ("weights",)
    assert unanswered(replace(nothing, stack=OLD), replace(old, stack=NEW), ["weights"]) == ("weights",)
