"""A model that runs on the old stack and raises on the new one."""

import json

import pytest
from audit_stage import Stacks, not_made, observation, side, whole
from typer.testing import CliRunner

from nestbench.audit.stopping import stop_of
from nestbench.cli import app
from nestbench.errors import UnavailableError
from nestprobe.observation import Outcome, PhaseRecord, Raised

OLD, MIDDLE, NEW = "tf2.15", "tf2.16", "tf2.21"
SAID = "You cannot add new elements of state to a layer that is already built. Make all of it before."
FINDING = {
    "rule": "state-after-build",
    "kind": "raises",
    "place": "model",
    "line": "models.py:7 in call: self.d = Dense(4)",
    "variables": [],
    "said": f"called raised ValueError: {SAID}",
    "mend": "self.d = ...  # in __init__()",
}
#: What the probe answers where the weights cannot be listed, and the doctor sees why.
LOOKED = {
    "errors": {"weights": {"type": "ValueError", "message": SAID}},
    "examined": [],
    "findings": [FINDING],
    "unseen": [],
}


@pytest.fixture
def stacks(tmp_path, monkeypatch):
    (tmp_path / "models.py").write_text("def make(): ...\n")
    (tmp_path / ".nestbench").mkdir()
    monkeypatch.chdir(tmp_path)
    return Stacks(tmp_path, monkeypatch)


def raising(said=SAID, kind="ValueError", outcome=None):
    seen = observation(outcome=outcome, raised={"called": Raised(kind, said)})
    seen.phases["trained"] = PhaseRecord("skipped", reason="called did not succeed")
    return seen


def audit(*options):
    command = ["audit", "models.py:make", "--from", OLD, "--to", NEW, "--input-shape", "2,5", "-q"]
    return CliRunner().invoke(app, [*command, "--results", "none", *options])


def test_that_the_model_does_not_run_any_more_is_the_answer(stacks):
    stacks.answer(OLD, whole())
    stacks.answer(NEW, raising(), listed=LOOKED)
    done = audit("--format", "json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["exit_code"], found["stopped"]) == (3, 3, True)
    assert found["headline"] == (
        "From tf2.15 to tf2.21: the model does not run any more on tf2.21: calling it raises ValueError: "
        f"{SAID}"
    )
    (one,) = found["differences"]
    assert (one["gravity"], one["evidence"]) == ("loud", [f"ValueError: {SAID}"])
    (why,) = one["explanations"]
    assert (why["rule"], why["mend"]) == ("state-after-build", FINDING["mend"])
    assert why["places"] == ["model (models.py:7 in call: self.d = Dense(4))"]
    for form in ("text", "markdown", "html"):
        shown = audit("--format", form).stdout
        assert "Mend the model as shown, and audit it again" in shown
        assert FINDING["mend"] in shown
        assert "models.py:7 in call" in shown
        assert "was not measured" not in shown
        assert "--input-shape" not in shown


def test_what_the_doctor_does_not_know_is_told_all_the_same(stacks):
    stacks.answer(OLD, whole())
    stacks.answer(NEW, not_made("TypeError", "an argument \x1b[31m\n" + "very " * 90 + "long"))
    done = audit()
    assert done.exit_code == 3
    first = done.stdout.splitlines()[0]
    assert "making it raises TypeError: an argument" in first
    assert first.endswith("very ...")
    assert "Change the model so that it runs on tf2.21, and audit it again" in done.stdout
    assert "no rule of the doctor explains it" in done.stdout
    assert "\x1b" not in audit("-o", "page.html", "--format", "html").stderr


@pytest.mark.parametrize(("old", "new", "names"), [
    (raising(), whole(), "tf2.15"), (raising(), raising(), "tf2.15 and tf2.21"),
])  # fmt: skip
def test_one_that_did_not_run_before_either_is_no_such_answer(stacks, old, new, names):
    stacks.answer(OLD, old)
    stacks.answer(NEW, new)
    done = audit()
    assert done.exit_code == 3
    said = f"nothing can be said, since {names} could not be measured."
    assert done.stdout.splitlines()[0] == f"From tf2.15 to tf2.21: {said}"
    assert "(--input-shape)" in done.stdout


@pytest.mark.parametrize("seen", [
    whole(),
    not_made("Missing", "there is no module x"),
    not_made("NoInputs", "no inputs"),
    raising(outcome=Outcome("timed-out", "limit of 9 s", "built")),
    None,
])  # fmt: skip
def test_what_does_not_come_of_the_model_does_not_stop_it(seen):
    assert stop_of(side(OLD, whole()), side(NEW, seen)) is None


def test_where_on_the_way_it_stops_and_the_inputs_are_not_blamed(stacks):
    stacks.answer(OLD, whole())
    stacks.answer(NEW, raising(), listed=LOOKED)
    stacks.answer("tf2.18", raising(), listed=LOOKED)
    stacks.errors[MIDDLE] = UnavailableError("no such Python", do="x")
    done = audit("--via", "tf2.16,tf2.18")
    assert "appears from tf2.15 to tf2.18 (tf2.16 could not be measured)" in done.stdout
    assert "tf2.18 was not measured: calling the model raised ValueError" in done.stdout
    assert "--input-shape" not in done.stdout
    stacks.answer("tf2.18", whole())
    assert "appears from tf2.18 to tf2.21" in audit("--via", "tf2.16,tf2.18").stdout
