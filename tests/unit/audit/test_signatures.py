"""Causes that are told by what was measured on both sides, where the doctor does not look."""

import pytest
from audit_stage import BIAS, KERNEL, W, built, observation, side, variable, whole

from nestbench.audit.differences import differences
from nestbench.audit.signatures import findings_by_signature
from nestbench.portability import Loaded
from nestprobe.observation import Raised

OLD, NEW = "tf2.15", "tf2.21"
EQUAL = {OLD: {"weights": "equal", "model": "equal", "checkpoint": "equal"}}
PLAIN = [variable(*one) for one in (W, KERNEL, BIAS)]


def by_signature(old, new, places=()):
    before, after = side(OLD, old), side(NEW, new, places=dict(enumerate(places)))
    (one,) = (one for one in differences(before, after) if "calls" not in one.kinds)
    return [finding.rule for finding in findings_by_signature(one, before, after)]


def test_a_checkpoint_that_lost_what_lies_in_a_list():
    new = observation(variable(*W, in_checkpoint=False), *PLAIN[1:])
    assert by_signature(whole(), new, ["model.rows[0][1].kernel"]) == ["checkpoint-of-containers"]
    assert by_signature(whole(), new, ["model.dense.kernel"]) == []
    assert by_signature(whole(), new) == []


def test_a_config_that_does_not_make_the_model_again():
    said = Raised("TypeError", "Unable to revive model from config. When overriding")
    assert by_signature(whole(), observation(*PLAIN, raised={"cloned": said})) == ["config-of-a-subclass"]
    assert by_signature(whole(), observation(*PLAIN, raised={"cloned": Raised("E", "no")})) == []
    assert by_signature(whole(), observation(*PLAIN, raised={"trained": said})) == []


def test_a_build_that_no_longer_reaches_the_layers_within():
    assert by_signature(whole(), built(whole(), 0, {})) == ["build-leaves-children"]
    assert by_signature(whole(), built(whole(), 0, {"Outer": 1})) == []


KERAS_2, KERAS_3 = {"keras": "2.15.0"}, {"keras": "3.12.0"}


@pytest.mark.parametrize(
    ("new", "versions", "rules"),
    [
        (whole(), KERAS_3, ["checkpoint-across-keras"]),
        (whole(), KERAS_2, []),
        (observation(variable(*W, in_checkpoint=False), *PLAIN[1:]), KERAS_3, []),
    ],
)
def test_an_old_checkpoint_from_one_keras_to_the_next(new, versions, rules):
    before = side(OLD, whole(), loads=EQUAL, versions=KERAS_2)
    after = side(NEW, new, loads={OLD: {"checkpoint": "differs"}}, versions=versions)
    (one,) = (one for one in differences(before, after) if "old-file" in one.kinds)
    assert [finding.rule for finding in findings_by_signature(one, before, after)] == rules


@pytest.mark.parametrize(
    ("old", "new", "said", "rules"),
    [
        (("2.9.3", "2.9.0"), ("2.21.0", "3.15.1"), "refuses", ["weights-file-of-before-2.12"]),
        (("2.0.4", "2.2.4-tf"), ("2.15.1", "2.15.0"), "refuses", ["weights-file-of-before-2.12"]),
        (("2.11.1", "2.11.0"), (None, "3.15.1"), "refuses", ["weights-file-of-before-2.12"]),
        (("2.0.4", "2.2.4-tf"), ("2.11.1", "2.11.0"), "refuses", []),  # of one layout
        (("2.12.1", "2.12.0"), ("2.15.1", "2.15.0"), "refuses", []),
        (("2.9.3", "2.9.0"), ("2.21.0", "3.15.1"), "differs", []),  # it was read, and nobody asked what
    ],
)
def test_a_weights_file_of_the_old_layout(old, new, said, rules):
    def versions(one):
        return {"tensorflow": one[0], "keras": one[1]}

    before = side(OLD, whole(), loads=EQUAL, versions=versions(old))
    after = side(NEW, whole(), loads={OLD: {"weights": said}}, versions=versions(new))
    (one,) = differences(before, after)
    assert [finding.rule for finding in findings_by_signature(one, before, after)] == rules


NOT_FOUND = "ValueError: Layer 'dense' expected 2 variables, but received 0 variables during loading."
LESS = observation(variable(*W, in_weights_file=False, restored_from_weights_file=False), *PLAIN[1:])


@pytest.mark.parametrize(
    ("old", "new", "said", "seen", "rules"),
    [
        (("2.15.1", "2.15.0"), ("2.21.0", "3.15.1"), "ValueError: A total of 2 objects could not be loaded.",
         whole(), ["layers-elsewhere-in-the-file"]),
        (("2.13.1", "2.13.1"), ("2.15.1", "2.15.0"), NOT_FOUND, whole(), ["layers-elsewhere-in-the-file"]),
        (("2.9.3", "2.9.0"), ("2.15.1", "2.15.0"), NOT_FOUND, whole(), ["weights-file-of-before-2.12"]),
        (("2.13.1", "2.13.1"), ("2.15.1", "2.15.0"), "OSError: no such file", whole(), []),
        (("2.13.1", "2.13.1"), ("2.15.1", "2.15.0"), NOT_FOUND, LESS, []),  # the new stack loses one itself
    ],
)  # fmt: skip
def test_a_weights_file_that_keeps_layers_elsewhere(old, new, said, seen, rules):
    refused = Loaded(result="refuses", detail=said)
    before = side(OLD, whole(), loads=EQUAL, versions=dict(zip(("tensorflow", "keras"), old, strict=True)))
    after = side(
        NEW,
        seen,
        loads={OLD: {"weights": refused}},
        versions=dict(zip(("tensorflow", "keras"), new, strict=True)),
    )
    (one,) = (one for one in differences(before, after) if "old-file" in one.kinds)
    assert [finding.rule for finding in findings_by_signature(one, before, after)] == rules


def test_an_old_weights_file_that_is_read_without_a_word():
    """What the new stack's own file holds was lost by the layout; what it does not hold, by itself."""
    there, here = Loaded(result="equal", back=((0, 0), (1, 1), (2, 2))), Loaded(result="differs", back=())
    raw = variable(*W, in_weights_file=False, restored_from_weights_file=False)
    before = side(
        OLD, whole(), loads={OLD: {"weights": there}}, versions={"tensorflow": "2.9.3", "keras": "2.9.0"}
    )
    after = side(
        NEW,
        observation(raw, *PLAIN[1:]),
        loads={OLD: {"weights": here}},
        versions={"tensorflow": "2.21.0", "keras": "3.15.1"},
    )
    (one,) = (one for one in differences(before, after) if "old-file" in one.kinds)
    (found,) = findings_by_signature(one, before, after)
    assert (found.rule, one.positions, found.positions) == ("weights-file-of-before-2.12", (0, 1, 2), (1, 2))
