"""A run over fake probes: what dies, hangs or lies costs nothing that is not its own."""

import contextlib
import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from run_stage import FAKE_PROBE, Stage, alive, run

from nestbench import staging
from nestbench.errors import ExitCode, GroundError
from nestbench.matrix import Device
from nestbench.run import probe_process
from nestbench.run.orchestrate import Prepared, Run, StackResult
from nestbench.run.session import Report
from nestbench.run.workspace import BusyError, Workspace
from nestbench.store.disk import StoreError


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "stage", lambda _folder: FAKE_PROBE)
    return Stage(tmp_path)


def processes_with(argument):
    """Living processes that were given ``argument``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(argument) in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def test_every_cell_is_stored_with_what_was_imported(stage):
    (result,) = run(stage, stage.plan("tf2.15", "good-1", "good-2"))
    assert (result.expected, result.missing, result.exit_code) == (2, 0, ExitCode.CLEAN)
    assert stage.outcome("tf2.15", "good-1").kind == "observed"
    assert stage.store.load_stack("tf2.15").versions["tensorflow"] == "2.15.1"
    assert stage.store.load_host("tf2.15").seconds == {"good-1": 0.01, "good-2": 0.01}


def test_what_is_current_is_not_asked_again(stage):
    run(stage, stage.plan("a", "good-1"))
    plan = stage.plan("a", "good-1", "good-2")
    assert (plan.current, [cell.case.id for cell in plan.to_run]) == (1, ["good-2"])
    run(stage, plan)
    assert [len(one["cells"]) for one in stage.requests()] == [1, 1]
    assert stage.plan("a", "good-1", "good-2").to_run == ()
    assert len(stage.plan("a", "good-1", again=True).to_run) == 1
    assert len(stage.plan("a", "good-1", digest="changed").to_run) == 1


def test_a_cell_that_kills_the_server_twice_is_recorded_and_the_others_are_there(stage):
    (result,) = run(stage, stage.plan("a", "good-1", "kills-server", "good-2"))
    assert result.missing == 0
    assert stage.outcome("a", "kills-server").kind == "crashed"
    assert "SIGKILL" in stage.outcome("a", "kills-server").detail
    assert stage.outcome("a", "good-2").kind == "observed"
    assert [len(one["cells"]) for one in stage.requests()] == [3, 2, 1]


def test_a_server_that_died_once_is_started_again_for_what_is_left(stage):
    (result,) = run(stage, stage.plan("a", "good-1", "kills-once", "good-2"))
    assert result.missing == 0
    assert stage.outcome("a", "kills-once").kind == "observed"
    assert len(stage.requests()) == 2


def test_noise_and_unasked_answers_are_not_believed_and_are_in_the_log(stage):
    (result,) = run(stage, stage.plan("a", "garbage", "unasked"))
    assert result.missing == 0
    assert stage.store.cases("a") == ["garbage", "unasked"]
    log = stage.workspace.log("a").read_text()
    assert "W0000 libcuda" in log
    assert "nobody asked for" in log


@pytest.mark.parametrize("case", ["malformed", "unanswered"])
def test_a_cell_without_a_valid_answer_is_missing_and_forbids_success(stage, case):
    (result,) = run(stage, stage.plan("a", case, "good"))
    assert (result.missing, result.exit_code) == (1, ExitCode.INCOMPLETE)
    assert "unanswered" in result.reason
    assert stage.outcome("a", "good").kind == "observed"
    assert stage.outcome("a", case) is None


def test_an_answer_that_cannot_be_read_before_one_that_kills_the_server_costs_itself_alone(stage):
    (result,) = run(stage, stage.plan("a", "malformed", "kills-server", "good"))
    assert (result.missing, result.exit_code) == (1, ExitCode.INCOMPLETE)
    assert stage.outcome("a", "malformed") is None
    assert stage.outcome("a", "kills-server").kind == "crashed"
    assert stage.outcome("a", "good").kind == "observed"


def test_a_probe_that_one_at_a_time_alters_is_no_reason_to_begin_again(stage, tmp_path, monkeypatch):
    probe = shutil.copytree(FAKE_PROBE, tmp_path / "probe")
    monkeypatch.setattr(staging, "stage", lambda _folder: probe)
    started = Run([stage.plan("a", "malformed", "alters-probe", "good")], stage.settings(), stage.reporter)
    timer = threading.Timer(10, started.stop)
    timer.start()
    (result,) = started.execute()
    timer.cancel()
    assert "unanswered" in result.reason
    assert [len(one["cells"]) for one in stage.requests()] == [3, 3]
    assert stage.outcome("a", "good").kind == "observed"


def test_a_backend_that_does_not_import_is_the_reason(stage):
    (result,) = run(stage, stage.plan("a", "no-tensorflow", "good"))
    assert (result.missing, result.exit_code) == (2, ExitCode.INCOMPLETE)
    assert "no module named tensorflow" in result.reason


def test_a_server_that_never_begins_is_not_started_for_ever(stage):
    (result,) = run(stage, stage.plan("a", "dies-at-import"))
    assert result.missing == 1
    assert "exit status 1" in result.reason
    assert len(stage.requests()) == 2
    assert "cannot allocate memory" in stage.workspace.log("a").read_text()


def test_one_stack_that_cannot_be_prepared_costs_no_other(stage):
    def prepare(stack, _say):
        if stack == "bad":
            raise GroundError("no network", do="Get one.")
        return Prepared(python=Path(sys.executable))

    results = run(stage, *(stage.plan(name, "good") for name in ("bad", "a")), prepare=prepare)
    assert [(one.stack, one.missing) for one in results] == [("bad", 1), ("a", 0)]
    assert results[0].exit_code is ExitCode.GROUND
    assert results[0].reason == "no network"


def test_a_stack_that_imports_another_keras_than_its_row_names_is_not_measured(stage):
    def prepare(stack, _say):
        return Prepared(python=Path(sys.executable), imports={"keras": "99.0"})

    (result,) = run(stage, stage.plan("a", "good"), prepare=prepare)
    assert (result.missing, result.exit_code) == (1, ExitCode.GROUND)
    assert "and not 99.0" in result.reason
    assert stage.store.cases("a") == []


def on_gpu(_stack, _say):
    return Prepared(python=Path(sys.executable), device=Device.GPU)


def test_on_a_gpu_processes_are_fresh_and_its_facts_are_kept(stage):
    (result,) = run(stage, stage.plan("a", "good"), prepare=on_gpu, launch="fork")
    assert result.missing == 0
    assert stage.requests()[0]["launch"] == "fresh"
    assert stage.store.load_stack("a").device == "gpu"
    host = stage.store.load_host("a").host
    assert (host["device"], host["gpu"], host["driver"]) == ("gpu", "Fake 9000", "1.2")


def test_on_the_cpu_the_launch_is_as_asked(stage):
    run(stage, stage.plan("a", "good"), launch="fork")
    assert stage.requests()[0]["launch"] == "fork"
    assert stage.store.load_stack("a").device == "cpu"
    assert stage.store.load_host("a").host["device"] == "cpu"


def test_a_gpu_that_is_not_there_leaves_the_stack_unavailable_with_the_reason(stage):
    (result,) = run(stage, stage.plan("a", "no-gpu", "good"), prepare=on_gpu)
    assert (result.missing, result.exit_code) == (2, ExitCode.INCOMPLETE)
    assert result.reason == "no GPU to compute on: it is away"
    assert stage.store.stacks() == []
    assert len(stage.requests()) == 1
    report = Report(plans=(), results=(result,), left_out=(), interrupted=False)
    assert report.unavailable == {"a": "no GPU to compute on: it is away"}
    assert "a: 2 cells unavailable: no GPU to compute on: it is away" in report.lines()


def test_what_computes_on_the_cpu_is_never_stored_as_a_gpu(stage):
    (result,) = run(stage, stage.plan("a", "on-the-cpu"), prepare=on_gpu)
    assert (result.missing, result.exit_code) == (1, ExitCode.INCOMPLETE)
    assert "computes on cpu and not on the gpu" in result.reason
    assert stage.store.stacks() == []


def test_a_store_that_cannot_be_written_is_told_once_per_stack(stage, monkeypatch):
    def full(*_):
        raise StoreError("the disk is full")

    monkeypatch.setattr(stage.store, "add", full)
    (result,) = run(stage, stage.plan("a", "good"))
    assert (result.reason, result.exit_code) == ("the disk is full", ExitCode.GROUND)


def test_jobs_are_shared_out_among_the_stacks(stage):
    run(stage, stage.plan("a", "good"), workers=4)
    assert stage.requests()[0]["jobs"] == 4


def test_a_silent_server_is_given_up(stage, monkeypatch):
    monkeypatch.setattr("nestbench.run.observe._silence", lambda _ground: 0.5)
    (result,) = run(stage, stage.plan("a", "good", "hangs"))
    assert result.missing == 0
    assert stage.outcome("a", "hangs").kind == "crashed"
    assert "silent" in stage.outcome("a", "hangs").detail


def test_stop_ends_the_servers_and_keeps_what_is_finished(stage):
    started = Run(
        [stage.plan("a", "good", "hangs"), stage.plan("b", "slow", "hangs")], stage.settings(), stage.reporter
    )
    timer = threading.Timer(2.0, started.stop)
    timer.start()
    began = time.monotonic()
    results = started.execute()
    assert time.monotonic() - began < 20
    assert started.interrupted
    assert [(one.missing, one.reason) for one in results] == [(1, "interrupted")] * 2
    assert all(not alive(one["pid"]) for one in stage.requests())
    assert len(stage.plan("a", "good", "hangs").to_run) == 1


def test_what_a_dead_server_leaves_behind_is_ended(stage):
    run(stage, stage.plan("a", "leaves-child"))
    assert processes_with(stage.state) == []


FULL = {
    "case": "full", "variant": {}, "outcome": {"kind": "observed"},
    "phases": {"saved-weights": {
        "status": "raised",
        "raised": {"type": "OSError", "message": "[Errno 28] Can't write data (No space left on device)"},
    }},
}  # fmt: skip


def test_what_a_full_disk_says_is_no_result_of_a_case(stage, monkeypatch):
    (stage.state / "full.observation").write_text(json.dumps(FULL))
    (result,) = run(stage, stage.plan("a", "full", "good"))
    assert (result.missing, result.exit_code) == (1, ExitCode.INCOMPLETE)
    assert "what the disk said is no result of a case: full: No space left" in result.reason
    assert stage.outcome("a", "full") is None
    assert stage.outcome("a", "good").kind == "observed"
    monkeypatch.setattr("nestbench.run.observe.shutil.disk_usage", lambda _: SimpleNamespace(free=10**6))
    (result,) = run(stage, stage.plan("a", "full"))
    assert (result.missing, result.exit_code) == (1, ExitCode.GROUND)
    assert "The disk is full where cases are observed" in result.reason


def test_status_in_words():
    assert probe_process.describe_status(0) == "exit status 0"
    assert probe_process.describe_status(-11) == "SIGSEGV"
    assert probe_process.describe_status(-99) == "signal 99"


def test_what_a_killed_run_left_goes_and_what_is_in_use_stays(tmp_path):
    workspace = Workspace(root=tmp_path)
    (workspace.folder("scratch") / "tf2.15-left" / "server").mkdir(parents=True)
    with workspace.scratch("tf2.15") as first, workspace.scratch("tf2.15") as second:
        assert {path.name for path in workspace.folder("scratch").iterdir()} == {first.name, second.name}
    assert not list(workspace.folder("scratch").iterdir())


def test_a_run_beside_another_says_so_in_its_report():
    busy = StackResult(stack="a", expected=1, missing=1, error=BusyError("another run"))
    report = Report(plans=(), results=(busy,), left_out=(), interrupted=False)
    assert report.shared
