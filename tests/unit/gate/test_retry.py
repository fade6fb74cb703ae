"""What failed is tried once more in a fresh process; the fake probe answers for a stack."""

import json
import sys
from datetime import date
from pathlib import Path

import pytest
from gate_stage import seen
from run_stage import FAKE_PROBE, Memory

from nestbench import staging
from nestbench.gate import Kind, check, retrying
from nestbench.gate.asking import ask
from nestbench.gate.checking import tried_again
from nestbench.gate.retrying import Trying, try_again
from nestbench.run import session
from nestbench.run.orchestrate import Prepared
from nestbench.run.selection import Selection
from nestbench.run.session import How
from nestbench.run.workspace import Workspace
from nestbench.store import Store, StoreError
from nestbench.store.again import forget, second_tries
from nestprobe.observation import to_data


@pytest.fixture
def failing(stage, monkeypatch):
    """One cell of a run fails; a second try is answered by the fake probe, with a bare observation."""
    monkeypatch.setattr(staging, "stage", lambda _folder: FAKE_PROBE)
    stage.measure()
    stage.accept()
    stage.measure(plain={"counted": 20})
    return stage


def question(stage):
    return ask(
        ["tf2.15"], store=stage.store, catalogue=stage.catalogue, matrix=stage.matrix,
        baselines=stage.baselines, whole=True, today=date(2026, 1, 1),
    )  # fmt: skip


def again(stage, *, prepare=lambda _stack, _say: Prepared(python=Path(sys.executable)), plain=None):
    """The findings after a second try, which sees ``plain`` (keywords of ``seen``), or nothing."""
    ready = stage.root / "cases" / "plain.observation"
    ready.unlink(missing_ok=True)
    if plain is not None:
        ready.write_text(json.dumps(to_data(seen("plain", **plain))))
    asked = question(stage)
    checked = check(asked)
    trying = Trying(
        store=stage.store, workspace=Workspace(root=stage.root), matrix=stage.matrix,
        catalogue=stage.catalogue, how=How(workers=1), reporter=Memory(), prepare=prepare,
    )  # fmt: skip
    tried = try_again(checked.failed, trying)
    return tried_again(checked, asked, tried.results, tried.why_not)


def test_only_what_failed_is_asked_again_and_its_answer_is_kept_apart(failing):
    (one,) = again(failing, plain={}).findings
    assert (one.kind, one.again) == (Kind.UNSTABLE, "as accepted in a fresh process")
    assert Store(failing.store.root / "again").cases("tf2.15") == ["plain"]
    first = failing.store.observation("tf2.15", "plain", {})
    assert first.phases["called"].model.count_params == 20  # the first try's own result stays
    requests = (failing.root / "cases" / "requests.jsonl").read_text().splitlines()
    (asked,) = map(json.loads, requests)
    assert (asked["launch"], [cell["case"] for cell in asked["cells"]]) == ("fresh", ["plain"])


def test_what_fails_again_counts_and_the_second_answer_is_told(failing):
    (one,) = again(failing, plain={"counted": 20}).findings
    assert (one.kind, one.again) == (Kind.REGRESSION, "again in a fresh process: the same")
    (one,) = again(failing, plain={"counted": 30}).findings
    assert one.again.startswith("again in a fresh process: call tracked -> uncounted; build")
    (one,) = again(failing).findings
    assert one.again == "not tried again: not measured: the probe did not report a call"


def answered(stage, **by_case):
    """What an earlier second try left, as a job of a CI brings it along."""
    kept = Store(stage.store.root / "again")
    stage.measure(store=kept, leave_out=["held[owner=layer]", "held[owner=model]"], **by_case)


def elsewhere(stage):
    return stage.call("check", "--envs", "no-environments", "--quiet")


def test_a_failure_that_passes_the_second_time_is_unstable_and_no_failure(failing):
    answered(failing)
    done = elsewhere(failing)
    assert done.exit_code == 0, done.output
    assert "unstable: plain on tf2.15" in done.output
    assert "counted 50 -> 20" in done.output
    assert "\n  as accepted in a fresh process\n" in done.output


def test_a_second_try_that_was_killed_before_it_looked_at_its_environment_stands_for_none(failing):
    answered(failing)
    Store(failing.store.root / "again").save_unconfirmed("tf2.15", {"plain": "another"})
    done = elsewhere(failing)
    assert done.exit_code == 1
    assert "not tried again: " in done.output


def test_a_second_try_that_failed_elsewhere_counts(failing):
    answered(failing, plain={"counted": 20})
    done = elsewhere(failing)
    assert done.exit_code == 1
    assert "again in a fresh process: the same" in done.output


def test_without_an_environment_the_failure_counts_and_why_is_said(failing):
    done = elsewhere(failing)
    assert done.exit_code == 1
    assert "not tried again: " in done.output
    answered(failing)
    assert failing.call("check", "--no-retry").exit_code == 1


def test_an_answer_of_another_probe_is_no_second_try(failing):
    answered(failing, probe="an older probe")
    assert elsewhere(failing).exit_code == 1


@pytest.fixture
def unstable(stage, monkeypatch):
    """Results with second tries; the fake probe measures, every Python is there, and no environment."""
    monkeypatch.setattr(staging, "stage", lambda _folder: FAKE_PROBE)
    monkeypatch.setattr(session.selection, "asked_for", lambda stacks, *_, **__: Selection(stacks=stacks))
    monkeypatch.setattr(
        session, "tox_prepare", lambda *_, **__: lambda _stack, _say: Prepared(python=Path(sys.executable))
    )
    stage.measure()
    stage.measure(store=second_tries(stage.store), plain={"counted": 20})
    return stage


def run_again(stage, *options):
    return stage.call("run", "tf2.15", "--again", "--quiet", "--workers", "1", *options)


def kept_of(stage):
    return {case: [dict(one.variant) for one in second_tries(stage.store).load("tf2.15", case).observations]
            for case in second_tries(stage.store).cases("tf2.15")}  # fmt: skip


def test_a_run_that_measures_nothing_leaves_the_second_tries(unstable):
    before = kept_of(unstable)
    with Workspace(root=unstable.root).lock(unstable.store.root, "tf2.15", own_folder=True):
        done = run_again(unstable)
    assert (done.exit_code, "another run" in done.output) == (3, True), done.output
    assert kept_of(unstable) == before != {}


def test_what_is_measured_anew_has_had_no_second_try(unstable):
    done = run_again(unstable, "--case", "plain")
    assert done.exit_code == 0, done.output
    assert kept_of(unstable) == {"held": [{"owner": "layer"}, {"owner": "model"}]}
    forget(unstable.store, "tf2.15", "held", {"owner": "model"})
    assert kept_of(unstable) == {"held": [{"owner": "layer"}]}


@pytest.mark.parametrize("error", [OSError(30, "Read-only file system", "again"), StoreError("read-only")])
def test_a_regression_counts_where_the_second_tries_cannot_be_written(failing, monkeypatch, error):
    def refuse(*_):
        raise error

    monkeypatch.setattr(retrying, "forget", refuse)
    monkeypatch.setattr(retrying.environments, "why_not_at_hand", lambda *_, **__: "")
    done = failing.call("check", "--quiet", "--json", failing.root / "found.json")
    assert done.exit_code == 1, done.output
    assert "not tried again: " in done.output
    assert "ead-only" in (failing.root / "found.json").read_text()


def test_a_second_try_that_cannot_be_made_leaves_the_failure(failing):
    def prepare(_stack, _say):
        raise OSError(28, "No space left on device")

    answered(failing)  # and what an earlier try saw does not stand in for it
    (one,) = again(failing, prepare=prepare).findings
    assert one.kind is Kind.REGRESSION
    assert "not tried again: " in one.again
    assert "No space left" in one.again
