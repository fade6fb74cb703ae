"""A launch on real stacks: what can be measured is, what cannot is named. No time is asserted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import Workspace
from nestbench.timing import Arm, Shelf
from nestbench.timing.beginning import begin, parts_of
from nestbench.timing.launching import Launcher
from nestbench.timing.record import PROCESSES
from nestbench.timing.samples import samples

pytestmark = pytest.mark.integration

PLANTED = Path(__file__).parent.parent / "planted"
#: Seconds until a cell that hangs is given up: far above what another takes on a busy machine.
PATIENCE = {"fork": 15.0, "fresh": 40.0}
MEASURES = ("construct", "build", "first-call", "steady-build", "summary", "first-step")
OWN = '''
from nestprobe import NotApplicable, case


@case(parameters=1)
def raises_when_made(k):
    """It raises."""
    raise ZeroDivisionError("by design")


@case(parameters=1)
def not_for_this_stack(k):
    """It has not what it needs."""
    raise NotApplicable("no moon")


@case(parameters=5 * 3 + 3)
def plain(k):
    """A Dense."""
    return k.Sequential([k.layers.Dense(3)])
'''


@pytest.fixture
def launcher(probe, tmp_path):
    """A function: the launcher of a session of the cells whose labels are given."""
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "own.py").write_text(OWN)
    catalogue = load_catalogue([PLANTED, tmp_path / "cases"], shipped=False)

    def made(launch, *labels, measures=MEASURES, limit=60.0):
        every = {part.label: part for part in parts_of(catalogue)}
        arms = tuple(Arm(name=name, stack=probe.stack, lock="l") for name in ("one", "other"))
        one = begin(
            "real", arms, tuple(every[label] for label in labels), measures=measures, launch=launch,
            limit=limit, cpus=tuple(sorted(os.sched_getaffinity(0)))[-1:], seed=0,
        )  # fmt: skip
        files = sorted({entry.file for entry in catalogue})
        return Launcher(session=one, workspace=Workspace(root=tmp_path), files=files)

    return made


def launch(of, probe, **more):
    return of.launch(of.session.arms[0], Prepared(python=Path(probe.command[0]), **more), 0, 0)


GOOD = ("planted-wellbehaved[which=first]", "plain")


@pytest.mark.parametrize("mode", ["fork", "fresh"])
def test_two_cells_are_timed_and_load_in_pytest_benchmark(probe, launcher, tmp_path, mode):
    of = launcher(mode, *GOOD)
    kept, text = launch(of, probe)
    assert {one.kind for ended in kept.ended.values() for one in ended.values()} == {"measured"}, kept.ended
    assert set(kept.memory) == set(GOOD)
    assert all(0 < one["began"] <= one["peak"] for one in kept.memory.values())
    assert kept.versions["tensorflow"] is not None
    shelf = Shelf(root=tmp_path / "shelf")
    shelf.save(of.session)
    shelf.keep(of.session, kept, text)
    frame = samples(shelf, of.session)
    assert list(zip(frame["part"], frame["measure"], strict=True)) == [
        (part, measure) for part in GOOD for measure in MEASURES
    ]
    assert (frame["seconds"] > 0).all()
    assert frame["rounds"].tolist() == [PROCESSES * rounds for rounds in (1, 1, 1, 5, 5, 1)] * 2
    told = json.loads(text)["benchmarks"][3]["stats"]
    data = told["data"]
    assert (told["rounds"], told["min"], told["max"]) == (len(data), min(data), max(data))

    shelf.keep(of.session, replace(kept, arm="other"), text)
    paths = map(str, shelf.export(of.session, tmp_path / "unpacked"))
    compare = Path(sys.executable).parent / "pytest-benchmark"
    done = subprocess.run(
        [compare, "compare", *paths], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    for word in (*GOOD, "test_first_call", "test_first_step"):
        assert word in done.stdout
    info = json.loads(text)["benchmarks"][0]["extra_info"]
    assert info == {
        "arm": "one", "block": 0, "case": "planted-wellbehaved", "session": "real", "stack": probe.stack,
        "variant": {"which": "first"},
    }  # fmt: skip


@pytest.mark.parametrize("mode", ["fork", "fresh"])
def test_what_cannot_be_measured_is_named_and_harms_nobody(probe, launcher, mode):
    bad = ("planted-misbehaviour[way=hang-in-c]", "planted-misbehaviour[way=raise]", "raises-when-made")
    measures = ("construct", "first-call")
    of = launcher(mode, *bad, "not-for-this-stack", "plain", measures=measures, limit=PATIENCE[mode])
    kept, text = launch(of, probe)
    hangs, raises, at_once = (kept.ended[label] for label in bad)
    assert {name: one.kind for name, one in hangs.items()} == {
        "construct": "measured", "first-call": "timed-out",
    }  # fmt: skip
    assert "in first-call" in hangs["first-call"].detail
    assert raises["construct"].kind == "measured"
    assert raises["first-call"].kind == "raises"
    assert "ZeroDivisionError" in raises["first-call"].detail
    assert at_once["construct"].kind == "raises"
    assert "by design" in at_once["construct"].detail
    assert {one.kind for one in kept.ended["not-for-this-stack"].values()} == {"not-applicable"}
    assert {one.kind for one in kept.ended["plain"].values()} == {"measured"}
    rounds = {one["fullname"]: len(one["stats"]["data"]) for one in json.loads(text)["benchmarks"]}
    assert set(rounds.values()) == {PROCESSES}
    assert set(rounds) == {
        "measures.py::test_construct[planted-misbehaviour[way=hang-in-c]]",
        "measures.py::test_construct[planted-misbehaviour[way=raise]]",
        "measures.py::test_construct[plain]",
        "measures.py::test_first_call[plain]",
    }


@pytest.mark.parametrize("mode", ["fork", "fresh"])
def test_a_summary_needs_no_other_measurement(probe, launcher, mode):
    raises = "planted-misbehaviour[way=raise]"
    kept, _ = launch(launcher(mode, "plain", raises, measures=("summary",)), probe)
    assert kept.ended["plain"]["summary"].kind == "measured"
    assert kept.ended[raises]["summary"].kind == "raises"
    assert "ZeroDivisionError" in kept.ended[raises]["summary"].detail


@pytest.mark.parametrize("mode", ["fork", "fresh"])
def test_a_slowdown_is_planted_where_it_is_asked_for(probe, launcher, mode):
    of = launcher(mode, *GOOD)
    arm = replace(of.session.arms[0], planted={"plain": 1.5})
    kept, text = of.launch(arm, Prepared(python=Path(probe.command[0])), 0, 0)
    assert {one.kind for ended in kept.ended.values() for one in ended.values()} == {"measured"}, kept.ended
    planted = {
        (one["extra_info"]["case"], one["extra_info"].get("planted"))
        for one in json.loads(text)["benchmarks"]
    }
    assert planted == {("plain", 1.5), ("planted-wellbehaved", None)}


def test_a_launch_ends_with_a_controller_that_was_killed(probe, launcher, tmp_path):
    of = launcher("fork", "planted-misbehaviour[way=hang-in-c]", measures=("first-call",))
    script = tmp_path / "controller.py"
    script.write_text(
        "import subprocess, sys\n"
        "print(subprocess.Popen(sys.argv[1:], cwd=sys.argv[-1].rpartition('/')[0]).pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    request = {
        "files": [str(path) for path in of.files], "measures": ["first-call"], "launch": "fork",
        "cells": [{"case": "planted-misbehaviour", "variant": {"way": "hang-in-c"}}],
        "processes": 1, "limits": {"seconds": 300}, "facts": {}, "scratch": str(tmp_path),
        "outcomes": str(tmp_path / "outcomes.json"), "benchmarks": str(tmp_path / "benchmarks.json"),
    }  # fmt: skip
    (tmp_path / "request.json").write_text(json.dumps(request))
    command = [sys.executable, str(script), *probe.command, "launch", str(tmp_path / "request.json")]
    with subprocess.Popen(
        command, env=probe.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as controller:
        launched = int(controller.stdout.readline())
        result = tmp_path / "cell-0" / "result.json"
        assert within(120, lambda: result.exists() and "first-call" in result.read_text())
        cells = Path(f"/proc/{launched}/task/{launched}/children").read_text().split()
        controller.send_signal(signal.SIGKILL)
    assert cells
    assert within(10, lambda: not any(map(alive, [launched, *map(int, cells)])))


def within(seconds, true):
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def alive(pid):
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
