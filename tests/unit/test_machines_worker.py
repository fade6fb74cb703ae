"""What a worker says of the environment in which it measures: while it does, and however it ends."""

import sys
import threading
from pathlib import Path

import pytest
from run_stage import FAKE_PROBE, Stage

from nestbench import staging
from nestbench.errors import AlteredError, GroundError
from nestbench.machines import worker
from nestbench.machines.task import Task, fingerprint, packed
from nestbench.matrix import load_matrix
from nestbench.matrix.locks import read_lock
from nestbench.run.orchestrate import Prepared
from nestbench.run.probe_process import Limits


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Measures these cases on a worker whose environment looks as ``looks`` says; what it said, in words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(staging, "stage", lambda _folder: FAKE_PROBE)
    stage = Stage(tmp_path)
    (stage.state / "fake.py").write_text("# a case file\n")
    stack = load_matrix().get("tf2.15")

    def measure(cases, looks, stop=None):
        seen = iter(looks)
        made = Prepared(python=Path(sys.executable), altered=lambda: next(seen))
        monkeypatch.setattr(worker, "tox_prepare", lambda *_, **__: lambda _stack, _say: made)
        task = Task(
            key="key",
            topic="topic",
            stack=stack,
            lock=read_lock(stack),
            files=packed([stage.state / "fake.py"]),
            cells=stage.catalogue(*cases).cells([stack.id]),
            fingerprint=fingerprint(),
            launch="auto",
            jobs=1,
            limits=Limits(seconds=30),
            envs=None,
            allow_download=False,
        )
        said = []
        try:
            worker._measure(task, 1, said.append, stop or threading.Event())
        finally:
            measure.said = [getattr(one, "event", one) for one in said]
            measure.said = [getattr(one, "said", "") or one.event for one in measure.said]
        return measure.said

    return measure


def test_it_looks_at_its_environment_as_it_goes_on_and_at_its_end(measured, monkeypatch):
    monkeypatch.setattr(worker, "_PAUSES", 0)
    said = measured(["good-1", "good-2"], ["", "", ""])
    assert said == ["ready", "cell", "looked", "cell", "looked", "looked"]
    monkeypatch.setattr(worker, "_PAUSES", 1e9)  # it takes a while each time
    assert measured(["good-1", "good-2"], ["", ""]) == ["ready", "cell", "looked", "cell", "looked"]


def test_what_it_saw_before_its_ground_failed_is_looked_at_too(measured, monkeypatch):
    monkeypatch.setattr(worker, "_PAUSES", 1e9)
    room = iter([None, None, GroundError("it is full")])

    def require_room(_folder):
        error = next(room)
        if error is not None:
            raise error

    monkeypatch.setattr(worker, "_require_room", require_room)
    with pytest.raises(GroundError, match="it is full"):
        measured(["good-1", "good-2"], ["", ""])
    assert measured.said == ["ready", "cell", "looked", "looked"]


@pytest.mark.parametrize("looks", [["it was altered"] * 2, ["", "it was altered"]])
def test_nothing_is_said_of_one_that_was_altered_but_that(measured, monkeypatch, looks):
    monkeypatch.setattr(worker, "_PAUSES", 1e9)
    with pytest.raises(AlteredError, match="it was altered"):
        measured(["good-1", "good-2"], looks)
    assert measured.said.count("looked") == looks.count("")
