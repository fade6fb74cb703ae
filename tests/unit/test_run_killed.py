"""Runs that are killed: what was measured is kept, and what kills them again and again is named."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from run_stage import FAKE_PROBE, Stage, alive, run

from nestbench import staging
from nestbench.machine import this_machine


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "stage", lambda _folder: FAKE_PROBE)
    return Stage(tmp_path)


CONTROLLER = """
import sys
from pathlib import Path
from nestbench import staging
from nestbench.run.orchestrate import Run
from run_stage import Stage

staging.stage = lambda _folder: Path(sys.argv[2])
stage = Stage(Path(sys.argv[1]))
(result,) = Run([stage.plan("a", *sys.argv[3:])], stage.settings(), stage.reporter).execute()
print(*stage.reporter.said, result.reason, sep="\\n")
"""


def controller(stage, *cases):
    return subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, stage.root, FAKE_PROBE, *cases],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_server_ends_when_the_controller_is_killed(stage):
    with controller(stage, "good", "hangs") as killed:
        deadline = time.monotonic() + 20
        while not (stage.store.root / "a" / "good.json").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        killed.kill()
    (request,) = stage.requests()
    while alive(request["pid"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(request["pid"])
    assert stage.outcome("a", "good").kind == "observed"


def test_where_cells_were_measured_is_kept_of_a_run_that_is_killed(stage):
    with controller(stage, "good-1", "kills-controller") as killed:
        killed.communicate(timeout=30)
    assert killed.returncode == -signal.SIGKILL
    before = stage.store.load_host("a")
    assert (before.seconds, before.host["id"]) == ({"good-1": 0.01}, this_machine()["id"])
    elsewhere = replace(before, host={**before.host, "id": "elsewhere"})
    stage.store.host_path("a").unlink()
    stage.store.save_host(elsewhere)
    run(stage, stage.plan("a", "good-1", "good-2", "good-3"))
    assert stage.reporter.said == []
    after = stage.store.load_host("a")
    assert set(after.seconds) == {"good-1", "good-2", "good-3"}
    assert (after.host["id"], after.at) == (this_machine()["id"], {"good-1": "elsewhere"})
    assert after.others == {"elsewhere": elsewhere.host}


def test_a_cell_that_kills_the_run_comes_last_the_next_time_and_is_named_in_the_end(stage):
    cases = ("good-1", "kills-controller", "good-2")
    codes, said = [], ""
    for _ in range(4):
        with controller(stage, *cases) as started:
            said = started.communicate(timeout=30)[0]
            codes.append(started.returncode)
    assert codes == [-signal.SIGKILL] * 3 + [0]
    assert stage.outcome("a", "good-2").kind == "observed"
    assert stage.outcome("a", "kills-controller") is None
    told = "3 runs were killed while nothing else was measured than kills-controller"
    assert said.splitlines()[-1] == f"{told}; left out of this run, not of the next"
    assert "a run was killed while it measured kills-controller: last this time" in said
    asked = [[one["case"] for one in request["cells"]] for request in stage.requests()]
    assert asked == [[*cases], ["good-2"], ["kills-controller"], ["kills-controller"]]
    (result,) = run(stage, stage.plan("a", "good-3", *cases[::2]))
    assert result.missing == 0


@pytest.mark.parametrize("held", ["", "[]", "{}", '{"kills": [], "under way": []}', '{"kills": {"a": "x"}}'])
def test_a_journal_that_cannot_be_read_is_none(stage, held):
    stage.workspace.journal(stage.store.root, "a").write_text(held)
    (result,) = run(stage, stage.plan("a", "good-1"))
    assert (result.missing, stage.reporter.said) == (0, [])


def test_what_a_case_writes_into_the_results_is_undone_before_the_run_is_killed(stage):
    with controller(stage, "good-1", "forges", "kills-controller"):
        pass
    assert stage.store.cases("a") == ["forges", "good-1"]
    assert stage.outcome("a", "good-1").kind == "observed"
    assert stage.store.load_stack("a") is not None
