"""Results that a run shares with other runs, and with cases that reach for them."""

import sys
from pathlib import Path

import pytest
from run_stage import FAKE_PROBE, Stage, run

from nestbench import staging
from nestbench.environments import COMPILED_FOR_ONCE
from nestbench.errors import AlteredError, ExitCode
from nestbench.matrix import Device
from nestbench.run.orchestrate import Prepared, Run
from nestbench.run.probe_process import Limits
from nestbench.run.summary import told
from nestbench.run.workspace import BusyError, Workspace
from nestbench.store import StoreError


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "stage", lambda _folder: FAKE_PROBE)
    return Stage(tmp_path)


def test_two_runs_do_not_write_the_same_stack_at_once(stage):
    with stage.workspace.lock(stage.store.root, "a"):
        results = run(stage, stage.plan("a", "good"), stage.plan("b", "good"))
    assert [one.missing for one in results] == [1, 0]
    assert "another run" in results[0].reason


def test_nor_do_two_runs_that_were_started_in_different_places(stage, tmp_path):
    elsewhere = Workspace(root=tmp_path / "elsewhere")
    with elsewhere.lock(stage.store.root, "a", own_folder=True):
        results = run(stage, stage.plan("a", "good"), stage.plan("b", "good"))
    assert [one.missing for one in results] == [1, 0]
    with (
        elsewhere.lock(stage.store.root, "a", own_folder=True),
        pytest.raises(BusyError),
        elsewhere.lock(stage.store.root, "a", own_folder=True),
    ):
        pass


def test_a_lock_file_that_is_removed_lets_nobody_in(stage):
    with stage.workspace.lock(stage.store.root, "a", own_folder=True):
        for path in stage.workspace.folder("locks").glob("a-*"):
            path.unlink()
        (result,) = run(stage, stage.plan("a", "good"))
    assert "another run" in result.reason


def test_what_a_case_writes_into_the_results_is_found_and_undone(stage):
    run(stage, stage.plan("a", "good-1"))
    before = {path.name: path.read_bytes() for path in (stage.store.root / "a").glob("*.json")}
    (result,) = run(stage, stage.plan("a", "good-1", "forges", "good-2"))
    assert (result.missing, result.error) == (0, None)
    assert stage.store.cases("a") == ["forges", "good-1", "good-2"]
    assert stage.store.path("a", "good-1").read_bytes() == before["good-1.json"]
    assert stage.store.load_stack("a") is not None
    (said,) = [line for line in stage.reporter.said if "something else wrote" in line]
    assert "good-1.json" in said
    assert "forged.json" in said
    assert (stage.store.root / "a" / "forged.json.strange").exists()


ALTERED = Prepared(python=Path(sys.executable), altered=lambda: "the file extra.py is of no package")


def files_of(stage):
    return {path.name: path.read_bytes() for path in (stage.store.root / "a").glob("*.json")}


def test_of_an_environment_that_was_altered_meanwhile_nothing_is_kept(stage):
    (result,) = run(stage, stage.plan("a", "good-1", "good-2"), prepare=lambda *_: ALTERED)
    assert (result.missing, result.exit_code) == (2, ExitCode.GROUND)
    assert files_of(stage) == {}
    said = " ".join(told([result], []))
    assert "2 cells not measured: The environment of a was altered while it was measured: the file" in said
    assert "nothing that this run measured of it is kept" in said
    assert len(stage.plan("a", "good-1", "good-2").to_run) == 2
    (result,) = run(stage, stage.plan("a", "good-1", "good-2"))
    assert (result.missing, result.exit_code) == (0, ExitCode.CLEAN)


def test_an_environment_is_looked_at_although_the_last_write_fails(stage, monkeypatch):
    def full(*_):
        raise StoreError("_host.json could not be written")

    monkeypatch.setattr(type(stage.store), "save_host", full)
    (result,) = run(stage, stage.plan("a", "good-1"), prepare=lambda *_: ALTERED)
    assert (result.missing, type(result.error)) == (1, AlteredError)
    assert files_of(stage) == {}


@pytest.mark.parametrize("again", [False, True])
def test_what_was_there_before_it_stays(stage, again):
    run(stage, stage.plan("a", "good-1"))
    before = files_of(stage)
    plan = stage.plan("a", "good-1", "good-2", again=again)
    (result,) = run(stage, plan, prepare=lambda *_: ALTERED)
    assert (result.missing, result.exit_code) == (1, ExitCode.GROUND)
    assert files_of(stage) == before


def test_nor_is_anything_kept_of_one_that_was_interrupted(stage):
    plan = stage.plan("a", "good-1", "good-2")
    only = Run([plan], stage.settings(prepare=lambda *_: ALTERED, workers=1), stage.reporter)
    stage.reporter.cell = lambda _stack, done, _label: only.stop() if done else None
    (result,) = only.execute()
    assert (result.missing, result.exit_code) == (2, ExitCode.GROUND)
    assert files_of(stage) == {}


def test_what_was_to_be_measured_again_and_was_not_is_told_and_not_clean(stage):
    run(stage, stage.plan("a", "good"))
    with stage.workspace.lock(stage.store.root, "a"):
        (result,) = run(stage, stage.plan("a", "good", again=True))
    assert (result.missing, result.exit_code) == (0, ExitCode.INCOMPLETE)
    lines = told([result], [])
    assert lines[0] == "1 of 1 cell measured."
    assert lines[1].startswith("a: not all was measured again, earlier results stay: ")
    assert "another run" in lines[1]


@pytest.mark.parametrize(("device", "once"), [(Device.CPU, True), (Device.GPU, False)])
def test_only_what_is_observed_on_the_cpu_is_compiled_for_one_run(tmp_path, device, once):
    made = Prepared(python=Path("python"), device=device)
    ground = made.ground(
        tmp_path, tmp_path, files=(), log=tmp_path / "log", launch="auto", jobs=1, limits=Limits()
    )
    assert (COMPILED_FOR_ONCE.items() <= ground.environ.items()) is once
    assert not COMPILED_FOR_ONCE.keys() & made.environ(tmp_path, tmp_path).keys()  # as what is timed has it
