"""Who measures time measures alone: the lock, and the commands that take it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nestbench.cli import app
from nestbench.errors import GroundError
from nestbench.run import alone as module
from nestbench.run.alone import alone
from nestbench.run.workspace import BusyError

HARNESS = Path(module.__file__).parents[2]
FOLDERS = module._folders
HOLDS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from nestbench.run import alone
alone._folders = lambda: [Path(sys.argv[2])]
with alone.alone("nestbench growth"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_folders", lambda: [tmp_path / "cache"])
    return tmp_path / "cache"


@pytest.fixture
def other(folder):
    """Another process that measures."""
    command = [sys.executable, "-c", HOLDS, str(HARNESS), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_one_is_told_who_measures(other):
    with pytest.raises(BusyError) as told, alone("nestbench time"):
        pass
    assert f"by process {other.pid} (`nestbench growth`), so `nestbench time` does not" in told.value.what
    with pytest.raises(BusyError, match=f"process {other.pid} "), alone("nestbench time"):
        pass


def test_whoever_was_killed_keeps_nobody_out(other):
    other.kill()
    other.wait()
    mine = f"process {os.getpid()} "
    with alone("nestbench time"), pytest.raises(BusyError, match=mine), alone("nestbench time"):
        pass
    with alone("nestbench time"):
        pass


def test_it_is_the_users_and_of_one_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_folders", FOLDERS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with alone("nestbench time"):
        (path,) = (tmp_path / "nestbench").iterdir()
    assert module.this_machine()["id"] in path.name
    monkeypatch.setattr(module, "this_machine", lambda: {"id": "another"})
    with alone("nestbench time"):
        assert len(list((tmp_path / "nestbench").iterdir())) == 2


def test_where_the_cache_cannot_be_written_another_place_is_taken(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    places = [tmp_path / "file" / "cache", tmp_path / "temporary"]
    monkeypatch.setattr(module, "_folders", lambda: places)
    with alone("nestbench time"):
        assert len(list(places[1].iterdir())) == 1
    monkeypatch.setattr(module, "_folders", lambda: places[:1])
    with pytest.raises(GroundError, match="cannot be made"), alone("nestbench time"):
        pass


@pytest.mark.parametrize(
    "arguments",
    [
        ("time", "tf2.15", "tf2.16"),
        ("growth", "tf2.15", "--case", "deep-chain"),
        ("bench", "method", "tf2.15"),
        ("bench", "isolation", "tf2.15"),
        ("bench", "speed", "tf2.15"),
    ],
)
def test_every_command_that_measures_time_is_refused(folder, monkeypatch, tmp_path, arguments):
    (tmp_path / "place" / ".nestbench").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "place")
    prepared = []
    monkeypatch.setattr("nestbench.run.session.tox_prepare", lambda *_, **__: prepared.append)
    with alone("nestbench time"):
        done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 3, done.output
    name = " ".join(word for word in arguments[:2] if word != "tf2.15")
    assert f"by process {os.getpid()} (`nestbench time`), so `nestbench {name}` does not begin" in done.stderr
    assert prepared == []
    assert not (tmp_path / "place" / "results").exists()


def test_what_was_measured_is_shown_meanwhile(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with alone("nestbench time"):
        assert "There is no timing session" in CliRunner().invoke(app, ["timings"]).stderr
        done = CliRunner().invoke(app, ["growth", "--show", "--results", "nowhere"])
    assert "Nothing of that is in" in done.stderr
