"""A run against its baseline: what fails, what is missing, and which exit code that is."""

import pytest

from nestbench.gate.finding import Kind, kind_of


def test_a_run_that_is_as_accepted_is_clean(stage):
    stage.measure()
    stage.accept()
    done = stage.check()
    assert done.exit_code == 0
    assert done.stdout == "Gate clean: 1 stack, 3 as accepted.\n"


@pytest.mark.parametrize(
    ("before", "after", "kind", "says"),
    [
        ({}, {"counted": 20}, "regression", "counted 50 -> 20"),
        ({"counted": 30}, {"counted": 20}, "regression", "counted 30 -> 20"),
        ({}, {"restored": False}, "regression", "call tracked -> unsaved"),
        ({}, {"raises": "ValueError"}, "regression", "called-raises nothing -> ValueError"),
        ({"raises": "ValueError"}, {"counted": 20}, "regression", "call raises -> uncounted"),
        ({"counted": 20}, {"raises": "ValueError"}, "regression", "call uncounted -> raises"),
        ({"raises": "ValueError"}, {"raises": "KeyError"}, "change", "ValueError -> KeyError"),
        ({"counted": 20}, {}, "improvement", "call uncounted -> tracked"),
        ({"counted": 20}, {"counted": 30}, "improvement", "counted 20 -> 30"),
    ],
)
def test_a_difference_fails_and_says_what_it_is(stage, before, after, kind, says):
    stage.measure(plain=before)
    stage.accept()
    stage.measure(plain=after)
    done = stage.check()
    assert done.exit_code == 1
    assert f"{kind}: plain on tf2.15 (cases/page.py:" in done.output
    assert says in done.output
    assert stage.kinds() == [(kind, "tf2.15", "plain")]
    assert stage.check("--allow-improvements").exit_code == (0 if kind == "improvement" else 1)


def test_silent_loss_is_graver_than_what_becomes_better_beside_it():
    before = {
        "call": "unsaved",
        "used": 50,
        "counted": 50,
        "saved": 0,
        "saved-checkpoint-raises": "ValueError",
    }
    after = {"call": "uncounted, unsaved", "used": 50, "counted": 0, "saved": 50}
    assert kind_of(before, after) is Kind.REGRESSION
    # Neither graver nor milder, and one thing for the better, one for the worse.
    mixed = {
        "call": "unsaved",
        "used": 50,
        "counted": 40,
        "saved": 10,
        "saved-checkpoint-raises": "ValueError",
    }
    assert kind_of(before, mixed) is Kind.CHANGE
    # A word that no verdict has (a hand that slipped) is a difference and no crash.
    assert kind_of({"call": "trackd"}, {"call": "tracked"}) is Kind.IMPROVEMENT


def test_more_that_is_trained_is_an_improvement_only_where_the_verdict_says_so():
    frozen = {"call": "tracked", "used": 83, "counted": 83, "trainable": 33, "trained": 33}
    thawed = {**frozen, "trainable": 83}
    assert kind_of(frozen, thawed) is Kind.CHANGE
    assert kind_of(frozen, {**frozen, "trained": 50}) is Kind.CHANGE
    assert kind_of({**frozen, "counted": 33}, thawed) is Kind.CHANGE
    assert kind_of(frozen, {**frozen, "trained": 20}) is Kind.REGRESSION
    still = {**frozen, "call": "untrained", "trained": 0}
    assert kind_of(still, frozen) is Kind.IMPROVEMENT


def test_a_missing_cell_is_neither_clean_nor_a_regression(stage):
    stage.measure()
    stage.accept()
    stage.store.path("tf2.15", "plain").unlink()
    done = stage.check()
    assert done.exit_code == 3
    assert "missing: 1 cell of tf2.15\n  not measured\n  plain\n" in done.output
    stage.edit("held[owner=layer]", counted=60)
    assert stage.check().exit_code == 1  # a regression that was seen is one, whatever is missing


def test_what_was_measured_before_the_probe_changed_is_missing(stage):
    stage.measure()
    stage.accept()
    stage.measure(probe="an older probe", plain={"counted": 20})
    assert stage.check().exit_code == 3
    assert {kind for kind, _, _ in stage.kinds()} == {"missing"}


def test_a_stack_that_could_not_be_made_is_missing_by_name(stage):
    stage.measure("tf2.15")
    stage.accept()
    stage.measure("tf2.16")
    stage.accept()
    for path in (stage.store.root / "tf2.16").glob("*.json"):
        path.unlink()
    assert stage.check("tf2.15").exit_code == 0
    assert stage.check().exit_code == 0  # those with results, where none are named
    done = stage.check("tf2.15", "tf2.16")
    assert done.exit_code == 3
    assert "missing: 3 cells of tf2.16" in done.output
    assert stage.check("--every-stack").exit_code == 3
    assert stage.check("tf2.1[56]").exit_code == 3


def test_a_stack_with_neither_a_baseline_nor_results_is_missed_where_it_is_asked_for(stage):
    stage.measure("tf2.15")
    stage.accept()
    held = stage.check("--every-stack")
    assert held.exit_code == 0
    others = len(stage.matrix.meant(["*"])) - 1
    assert f"Not looked at: {others} stacks of the matrix" in held.stderr
    assert "`nestbench check '*'` expects every one" in held.stderr
    for asked in ("tf2.16", "tf2.1[56]", "*"):
        done = stage.check(asked)
        assert done.exit_code == 3
        assert "0 of 3 cells are measured, and nothing is accepted" in done.output
        assert ("no baseline", "tf2.16", "") in stage.kinds(asked)


def test_results_that_are_nowhere_are_incomplete(stage):
    stage.measure()
    stage.accept()
    assert stage.check("--results", "nowhere").exit_code == 3
    done = stage.check("tf2.15", "--results", "nowhere")
    assert done.exit_code == 3
    assert "3 cells of tf2.15" in done.output


def test_a_stack_without_a_baseline_says_so(stage):
    stage.measure("tf2.15")
    done = stage.check()
    assert done.exit_code == 3
    assert "no baseline: tf2.15\n  3 of 3 cells are measured, and nothing is accepted" in done.output
    assert "nestbench accept STACK" in done.output


def test_a_cell_that_no_baseline_has_is_not_accepted_yet(stage):
    stage.measure(leave_out=["plain"])
    stage.accept("--incomplete")
    stage.measure()
    done = stage.check()
    assert done.exit_code == 3
    assert stage.kinds() == [("not accepted yet", "tf2.15", "plain")]


def test_a_broken_result_costs_its_stack_and_no_other(stage):
    stage.measure("tf2.15")
    stage.measure("tf2.16")
    stage.accept()
    stage.store.path("tf2.15", "plain").write_text("{")
    done = stage.check()
    assert done.exit_code == 4
    assert "plain.json is broken" in done.output
    assert "3 as accepted" in done.output


def test_the_same_on_several_stacks_is_told_once_the_gravest_first(stage):
    stage.measure("tf2.15")
    stage.measure("tf2.16")
    stage.accept()
    for stack in ("tf2.15", "tf2.16"):
        stage.measure(stack, held={"raises": "ValueError"}, plain={"counted": 0})
    lines = stage.check().stdout.splitlines()
    assert lines[0] == "Gate failed: 2 stacks, 6 regressions, 0 as accepted."
    assert lines[1].startswith("regression: plain on tf2.15, tf2.16 (")
    assert lines[3].startswith("regression: held (2 variants) on tf2.15, tf2.16 (")


def test_wrong_usage(stage):
    stage.measure()
    for arguments in (["tf2.99"], ["--case", "no-such"], ["--junit", "no/where.xml"]):
        assert stage.check(*arguments).exit_code == 2
