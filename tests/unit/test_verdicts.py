"""The rules, each on an observation made for it. The base: 83 used scalars, all well."""

from dataclasses import replace

import pytest

from nestbench.verdicts import Entry, Verdict, judge, unmeasured
from nestprobe.observation import (
    PHASES,
    ModelRecord,
    Observation,
    Outcome,
    OutcomeKind,
    PhaseRecord,
    Raised,
    Status,
    VariableRecord,
)

LOST = {
    "in_weights": 0,
    "in_trainable_weights": 0,
    "changed_by_step": False,
    "in_weights_file": False,
    "restored_from_weights_file": False,
}
ERROR = Raised("ValueError", "no")
RAISED = PhaseRecord(Status.RAISED, raised=ERROR)


def variable(name="inner/w", shape=(5, 10), dtype="float32", **fields):
    given = {
        "trainable": True, "created_in": "called", "used": True, "used_in_inference": True,
        "used_in_training": True,
        "in_weights": 1, "in_trainable_weights": 1, "gradient": True, "changed_by_step": True,
        "in_weights_file": True, "in_model_file": True, "in_checkpoint": True,
        "restored_from_weights_file": True, "restored_from_model_file": True,
        "restored_from_checkpoint": True,
    }  # fmt: skip
    return VariableRecord(name=name, shape=list(shape), dtype=dtype, **(given | fields))


def seen(*, w=None, extra=(), called=83, built=83, phases=None, outcome=None):
    every = {name: PhaseRecord(Status.DONE) for name in PHASES}
    every["called"] = PhaseRecord(Status.DONE, model=ModelRecord(count_params=called))
    every["built"] = PhaseRecord(Status.DONE, model=ModelRecord(count_params=built))
    for name, record in (phases or {}).items():
        if record is None:
            del every[name]
        else:
            every[name] = record
    return Observation(
        case="a-case",
        variant={},
        outcome=outcome or Outcome(OutcomeKind.OBSERVED),
        phases=every,
        variables=[variable(**(w or {})), variable("dense/kernel", (10, 3)),
                   variable("dense/bias", (3,)), *extra],
    )  # fmt: skip


CALL_CASES = {
    "all well": (seen(), ["tracked"]),
    "keras 3 loses a raw variable": (
        seen(w=LOST, called=33), ["uncounted", "untrained", "unsaved"]),
    "counted too low": (seen(called=33), ["uncounted"]),
    "listed nowhere though the count is right": (seen(w={"in_weights": 0}), ["uncounted"]),
    "not changed by a step": (seen(w={"changed_by_step": False}), ["untrained"]),
    "change not measured": (seen(w={"changed_by_step": None}), ["tracked"]),
    "training skipped": (
        seen(w={"changed_by_step": False},
             phases={"trained": PhaseRecord(Status.SKIPPED, reason="no loss")}), ["tracked"]),
    "not in the file": (seen(w={"in_weights_file": False}), ["unsaved"]),
    "does not come back": (seen(w={"restored_from_weights_file": False}), ["unsaved"]),
    "other output": (
        seen(phases={"reloaded-weights": PhaseRecord(Status.DONE, same_output=False)}),
        ["unsaved"]),
    "integer state cannot be searched for": (
        seen(extra=[variable("dropout/seed_generator_state", (2,), "uint32", in_weights=0,
                             in_weights_file=None)]), ["tracked"]),
    "integer state counted": (seen(extra=[variable("steps", (2,), "int64")], called=85),
                              ["tracked"]),
    "no model at all": (
        seen(phases={
            **dict.fromkeys(PHASES),
            "constructed": PhaseRecord(Status.RAISED, raised=Raised("NotAModel", "a Layer")),
        }),
        ["case-wrong"]),
    "counted too high": (seen(called=90), ["overcounted"]),
    "listed twice": (seen(w={"in_weights": 2}), ["overcounted"]),
    "listed and never read": (
        seen(extra=[variable("idle", (7,), used=False)], called=90), ["overcounted"]),
    "constructor raises": (
        seen(phases={**dict.fromkeys(PHASES), "constructed": RAISED}), ["raises"]),
    "call raises": (seen(phases={"called": RAISED, "trained": None}), ["raises"]),
    "fit raises": (seen(phases={"trained": RAISED}), ["raises"]),
    "saving raises": (seen(phases={"saved-weights": RAISED}), ["raises"]),
    "loading raises": (seen(phases={"reloaded-weights": RAISED}), ["raises"]),
    "counting raises": (
        seen(phases={"called": PhaseRecord(
            Status.DONE, model=ModelRecord(raised={"count_params": ERROR}))}), ["raises"]),
    "count not measured": (seen(called=None), ["unavailable"]),
    "call not reported": (seen(phases={"called": None}), ["unavailable"]),
    "model file and clone raise": (
        seen(phases={"saved-model": RAISED, "cloned": RAISED}), ["tracked"]),
    "checkpoint loses it": (seen(w={"in_checkpoint": False}), ["tracked"]),
    "loss outranks an error": (seen(called=33, phases={"trained": RAISED}),
                               ["uncounted", "raises"]),
    "an error outranks overcounting": (seen(called=90, phases={"trained": RAISED}),
                                       ["raises", "overcounted"]),
    "the arithmetic is wrong": (seen(extra=[variable("more", (1,))], called=84), ["case-wrong"]),
    "killed": (
        seen(phases=dict.fromkeys(PHASES), outcome=Outcome(OutcomeKind.CRASHED, "SIGSEGV")),
        ["crashed"]),
    "killed after a loss was measured": (
        seen(called=33, phases=dict.fromkeys(PHASES[3:]),
             outcome=Outcome(OutcomeKind.CRASHED, "SIGSEGV", "trained")),
        ["uncounted", "crashed"]),
    "killed with half of its variables seen": (
        seen(w={"used": False}, outcome=Outcome(OutcomeKind.CRASHED, "SIGSEGV", "trained")),
        ["crashed"]),
    "ended itself": (
        seen(phases=dict.fromkeys(PHASES), outcome=Outcome(OutcomeKind.EXITED, "exit status 0")),
        ["crashed"]),
    "out of memory": (
        seen(phases=dict.fromkeys(PHASES), outcome=Outcome(OutcomeKind.OUT_OF_MEMORY)),
        ["crashed"]),
    "hangs": (
        seen(phases=dict.fromkeys(PHASES), outcome=Outcome(OutcomeKind.TIMED_OUT, "60 s")),
        ["timed-out"]),
    "does not apply": (seen(outcome=Outcome(OutcomeKind.NOT_APPLICABLE, "no GRU")),
                       ["not-applicable"]),
    "does not load": (seen(outcome=Outcome(OutcomeKind.NOT_LOADED, "SyntaxError")),
                      ["unavailable"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CALL_CASES)
def test_entry_call(name):
    observation, findings = CALL_CASES[name]
    judged, _ = judge(observation, 83, 83)
    assert judged.entry == Entry.CALL
    assert [str(finding) for finding in judged.findings] == findings
    assert judged.headline == judged.findings[0]
    assert judged.evidence
    assert all(judged.evidence)


UNBUILT = PhaseRecord(Status.DONE, model=ModelRecord(raised={"count_params": ERROR}))
BUILD_CASES = {
    "all well": (seen(), ["tracked"]),
    "nothing built": (seen(built=0), ["uncounted"]),
    "counted too high": (seen(built=90), ["overcounted"]),
    "not built: counting raises": (seen(phases={"built": UNBUILT}), ["raises"]),
    "build raises": (seen(phases={"built": RAISED}), ["raises"]),
    "skipped": (seen(phases={"built": PhaseRecord(Status.SKIPPED, reason="a list")}),
                ["not-applicable"]),
    "not reported": (seen(phases={"built": None}), ["unavailable"]),
    "no oracle": (seen(phases={"called": RAISED}), ["unavailable"]),
    "no oracle and raises": (seen(phases={"called": RAISED, "built": RAISED}), ["raises"]),
    "killed before": (
        seen(phases=dict.fromkeys(PHASES), outcome=Outcome(OutcomeKind.CRASHED)), ["crashed"]),
    "killed later": (
        seen(phases={"cloned": None}, outcome=Outcome(OutcomeKind.CRASHED, phase="cloned")),
        ["tracked"]),
    "does not apply": (seen(outcome=Outcome(OutcomeKind.NOT_APPLICABLE, "no GRU")),
                       ["not-applicable"]),
    "a loss after the call is not its": (seen(called=33, w=LOST), ["tracked"]),
    "the arithmetic is wrong": (seen(extra=[variable("more", (1,))], built=84), ["case-wrong"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BUILD_CASES)
def test_entry_build(name):
    observation, findings = BUILD_CASES[name]
    _, judged = judge(observation, 83, 83)
    assert judged.entry == Entry.BUILD
    assert [str(finding) for finding in judged.findings] == findings


def test_evidence_has_numbers_and_names():
    judged, _ = judge(seen(w=LOST, called=33), 83, 83)
    said = "; ".join(judged.evidence)
    assert "count_params() 33 after the call, the forward pass reads 83" in said
    assert "not in weights: inner/w (5, 10)" in said
    assert "changes 33 of 83 scalars" in said
    assert (judged.counted, judged.expected) == (33, 83)


def test_a_case_that_means_not_to_train():
    frozen = seen(w={"changed_by_step": False, "trainable": False})
    assert judge(frozen, 83, 33)[0].headline == Verdict.TRACKED
    nothing = replace(frozen, variables=[replace(one, changed_by_step=False) for one in frozen.variables])
    refused = replace(nothing, phases={**nothing.phases, "trained": RAISED})
    assert judge(refused, 83, 0)[0].headline == Verdict.TRACKED
    overtrained, _ = judge(frozen, 83, 3)
    assert overtrained.headline == Verdict.OVERTRAINED
    assert "3 were meant to be trained" in overtrained.evidence[0]


ABOUT_CASES = {
    "the model file loses it": ("model-file", seen(w={"in_model_file": False}), ["unsaved"]),
    "the checkpoint loses it": ("checkpoint", seen(w={"in_checkpoint": False}), ["unsaved"]),
    "it stays in the checkpoint": ("checkpoint", seen(w={"restored_from_checkpoint": False}), ["unsaved"]),
    "the model does not save": ("model-file", seen(phases={"saved-model": RAISED}), ["raises"]),
    "another output": (
        "model-file", seen(phases={"reloaded-model": PhaseRecord(Status.DONE, same_output=False)}),
        ["unsaved"]),
    "the clone raises": ("clone", seen(phases={"cloned": RAISED}), ["raises"]),
    "the clone is smaller": (
        "clone",
        seen(phases={"cloned": PhaseRecord(Status.DONE, model=ModelRecord(count_params=33))}), ["uncounted"]),
    "the summary raises after fit": (
        "summary-after-fit",
        seen(phases={"trained": PhaseRecord(Status.DONE, model=ModelRecord(raised={"summary": ERROR}))}),
        ["raises"]),
    "the summary says less": (
        "summary",
        seen(
            phases={
                "called": PhaseRecord(Status.DONE, model=ModelRecord(count_params=83, summary_total=33))
            }
        ),
        ["uncounted"]),
    "the summary says more": (
        "summary",
        seen(
            phases={
                "called": PhaseRecord(Status.DONE, model=ModelRecord(count_params=83, summary_total=166))
            }
        ),
        ["overcounted"]),
    "the summary says more after fit": (
        "summary-after-fit",
        seen(phases={"trained": PhaseRecord(Status.DONE, model=ModelRecord(summary_total=85))}),
        ["overcounted"]),
}  # fmt: skip


def test_a_case_about_what_a_backend_lacks_is_not_applicable_there():
    skipped = seen(phases={"saved-checkpoint": PhaseRecord(Status.SKIPPED, reason="Keras computes with jax")})
    judged, _ = judge(skipped, 83, 83, ("checkpoint",))
    assert judged.headline == Verdict.NOT_APPLICABLE
    assert "computes with jax" in judged.evidence[0]
    lost = replace(skipped, variables=[replace(one, in_weights_file=False, restored_from_weights_file=False)
                                       for one in skipped.variables])  # fmt: skip
    assert judge(lost, 83, 83, ("checkpoint",))[0].headline == Verdict.UNSAVED


def test_a_weight_saved_in_another_form_is_not_lost():
    merged = {"in_weights_file": False, "restored_from_weights_file": False}
    same = {"reloaded-weights": PhaseRecord(Status.DONE, same_output=True)}
    assert judge(seen(w=merged, phases=same), 83, 83)[0].headline == Verdict.TRACKED
    unread = {**merged, "used_in_inference": False}  # the output of inference proves nothing for it
    assert judge(seen(w=unread, phases=same), 83, 83)[0].headline == Verdict.UNSAVED


@pytest.mark.parametrize(("word", "observation", "findings"), ABOUT_CASES.values(), ids=ABOUT_CASES)
def test_what_a_case_is_about_decides_and_is_a_note_for_others(word, observation, findings):
    assert list(judge(observation, 83, 83, (word,))[0].findings) == findings
    assert judge(observation, 83, 83)[0].headline == Verdict.TRACKED


def test_a_moving_statistic_that_changes_makes_up_for_no_parameter():
    moving = variable("norm/moving_mean", (50,), trainable=False, in_trainable_weights=0, gradient=False)
    lost = seen(w={"changed_by_step": False}, extra=[moving], called=133)
    judged, _ = judge(lost, 133, 83)
    assert list(judged.findings) == ["untrained"]
    assert "changes 33 of 83 scalars meant to be trained; unchanged: inner/w (5, 10)" in judged.evidence[0]
    assert judge(seen(extra=[moving], called=133), 133, 83)[0].headline == Verdict.TRACKED
    # Changed without a gradient that the tape saw: nothing stayed as it was.
    assert judge(seen(w={"gradient": False}), 83, 83)[0].headline == Verdict.TRACKED


def test_notes_hold_what_changes_no_verdict():
    judged, _ = judge(
        seen(w={"in_checkpoint": False, "gradient": False, "in_model_file": False},
             phases={"saved-model": RAISED,
                     "cloned": PhaseRecord(Status.SKIPPED, reason="no config"),
                     "reloaded-model": PhaseRecord(Status.SKIPPED,
                                                   reason="saved-model did not succeed")}),
        83, 83,
    )  # fmt: skip
    said = "\n".join(judged.notes)
    assert "saved-model raised ValueError: no" in said
    assert "not in a TF checkpoint: inner/w (5, 10)" in said
    assert "gets no gradient: inner/w" in said
    assert "cloned was skipped: no config" in said
    assert "reloaded-model was skipped" not in said  # follows from the first note


def test_tracked_claims_only_what_was_measured():
    whole, _ = judge(seen(), 83, 83)
    assert len(whole.evidence) == 4
    half, _ = judge(seen(phases={"trained": PhaseRecord(Status.SKIPPED, reason="x")}), 83, 83)
    assert not any("optimizer" in sentence for sentence in half.evidence)


def test_rank_is_that_of_the_design():
    names = [str(verdict) for verdict in Verdict]
    order = ["uncounted", "untrained", "unsaved", "raises", "overcounted", "tracked"]
    assert [name for name in names if name in order] == order


def test_unmeasured():
    call, build = unmeasured(Verdict.UNAVAILABLE, "no interpreter")
    assert (call.headline, build.headline) == (Verdict.UNAVAILABLE, Verdict.UNAVAILABLE)
    assert call.evidence == ("no interpreter",)
