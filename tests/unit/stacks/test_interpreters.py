"""Interpreters: real ones are found, shims and others that lie are not."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nestbench import interpreters
from nestbench.interpreters import (
    Available,
    Interpreter,
    Source,
    Unavailable,
    availabilities,
    availability,
    find,
)

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
VERSION = ".".join(str(part) for part in sys.version_info[:3])


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch, tmp_path):
    """No interpreter anywhere, no answer remembered, no uv."""
    for function in (interpreters._find, interpreters._facts):
        function.cache_clear()
    for name in list(os.environ):
        if name.startswith(("NESTBENCH_", "UV_")):
            monkeypatch.delenv(name)
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(interpreters, "_uv", lambda *arguments, **options: None)
    yield
    for function in (interpreters._find, interpreters._facts):
        function.cache_clear()


def fake(path: Path, version: str = "3.7.16", **facts: object) -> Path:
    """A program that answers the probe as an interpreter of that version would."""
    told = {"path": str(path), "version": version, "name": "cpython", "wide": True}
    told |= {"free_threaded": False, **facts}
    text = str(told).replace("'", '"').replace("True", "true").replace("False", "false")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{text}'\n")
    path.chmod(0o755)
    return path


def test_running_interpreter_serves_its_own_version():
    found = find(PYTHON, allow_download=False)
    assert isinstance(found, Interpreter)
    assert (found.version, found.source) == (VERSION, Source.CURRENT)
    assert found.path.is_absolute()


def test_on_path(tmp_path):
    path = fake(tmp_path / "path" / "python3.7")
    found = find("3.7", allow_download=False)
    assert found == Interpreter(version="3.7.16", path=path, source=Source.PATH)


def test_under_a_name_without_version(tmp_path):
    path = fake(tmp_path / "path" / "python3")
    assert find("3.7", allow_download=False) == Interpreter(version="3.7.16", path=path, source=Source.PATH)


def test_under_pyenv_the_latest_patch(tmp_path):
    for version in ("3.7.9", "3.7.16", "3.8.1"):
        fake(tmp_path / "pyenv" / "versions" / version / "bin" / "python", version)
    fake(tmp_path / "pyenv" / "versions" / "3.7.99-dev" / "bin" / "python", "3.7.99")
    found = find("3.7", allow_download=False)
    assert isinstance(found, Interpreter)
    assert (found.version, found.source) == ("3.7.16", Source.PYENV)


def test_shims_are_never_run(tmp_path, monkeypatch):
    shims = tmp_path / "pyenv" / "shims"
    ran = tmp_path / "ran"
    shims.mkdir(parents=True)
    (shims / "python3.7").write_text(f"#!/bin/sh\ntouch {ran}\nexit 127\n")
    (shims / "python3.7").chmod(0o755)
    monkeypatch.setenv("PATH", str(shims))
    assert isinstance(find("3.7", allow_download=False), Unavailable)
    assert not ran.exists()


@pytest.mark.parametrize(
    "facts",
    [{"version": "3.8.1"}, {"name": "pypy"}, {"wide": False}, {"free_threaded": True}],
    ids=["another version", "not CPython", "32 bit", "free-threaded"],
)
def test_what_does_not_fit_is_passed_over(tmp_path, facts):
    fake(tmp_path / "path" / "python3.7", **{"version": "3.7.16", **facts})
    good = fake(tmp_path / "pyenv" / "versions" / "3.7.1" / "bin" / "python", "3.7.1")
    found = find("3.7", allow_download=False)
    assert isinstance(found, Interpreter)
    assert found.path == good


@pytest.mark.parametrize("body", ["exit 1", "echo nonsense", "echo '[1]'"])
def test_program_that_is_no_interpreter(tmp_path, body):
    path = tmp_path / "path" / "python3.7"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    assert isinstance(find("3.7", allow_download=False), Unavailable)


def test_named_by_the_user_comes_first(tmp_path, monkeypatch):
    fake(tmp_path / "path" / "python3.7")
    mine = fake(tmp_path / "mine", "3.7.2")
    monkeypatch.setenv("NESTBENCH_PYTHON_3_7", str(mine))
    found = find("3.7", allow_download=False)
    assert found == Interpreter(version="3.7.2", path=mine, source=Source.OVERRIDE)


def test_named_by_the_user_but_wrong_is_no_silent_fallback(tmp_path, monkeypatch):
    fake(tmp_path / "path" / "python3.7")
    monkeypatch.setenv("NESTBENCH_PYTHON_3_7", str(tmp_path / "nothing"))
    found = find("3.7", allow_download=False)
    assert isinstance(found, Unavailable)
    assert "NESTBENCH_PYTHON_3_7" in found.reason


def test_3_7_is_never_downloaded():
    found = find("3.7", allow_download=True)
    assert isinstance(found, Unavailable)
    assert "uv offers no download" in found.reason
    assert "NESTBENCH_PYTHON_3_7" in found.remedy
    assert not found.downloadable


def test_what_uv_does_not_know_is_not_offered(monkeypatch):
    done = subprocess.CompletedProcess((), 0, stdout="", stderr="")
    monkeypatch.setattr(interpreters, "_uv", lambda *arguments, **options: done)
    found = find("3.99", allow_download=False)
    assert isinstance(found, Unavailable)
    assert not found.downloadable


@pytest.mark.parametrize(
    ("variable", "value"), [("NESTBENCH_NO_DOWNLOAD", "1"), ("UV_PYTHON_DOWNLOADS", "never")]
)
def test_download_forbidden_by_variable(monkeypatch, variable, value):
    monkeypatch.setattr(interpreters, "_download", lambda python: pytest.fail("downloaded"))
    monkeypatch.setenv(variable, value)
    found = find("3.8", allow_download=True)
    assert isinstance(found, Unavailable)
    assert found.downloadable


def test_failed_download_is_a_reason_and_tried_once(monkeypatch):
    tried = []
    monkeypatch.setattr(interpreters, "_download", lambda python: tried.append(python) or "no DNS")
    for _ in range(2):
        found = find("3.8", allow_download=True)
        assert isinstance(found, Unavailable)
        assert "no DNS" in found.reason
        assert not found.downloadable
    assert tried == ["3.8"]


def test_downloaded_interpreter_is_used(monkeypatch, tmp_path):
    arrived = Interpreter(version="3.8.20", path=tmp_path / "python3.8", source=Source.UV)
    there = []
    monkeypatch.setattr(interpreters, "_download", lambda python: there.append(python) or "")
    monkeypatch.setattr(interpreters, "_managed", lambda python: arrived if there else None)
    assert find("3.8", allow_download=True) == arrived


def test_availability_of_another_platform(tiny, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    found = availability(tiny, allow_download=False)
    assert isinstance(found, Unavailable)
    assert "darwin-arm64" in found.reason
    assert "nestbench run --here" in found.remedy


def test_availability_without_glibc(tiny, monkeypatch):
    monkeypatch.setattr(interpreters, "_has_glibc", lambda: False)
    found = availability(tiny, allow_download=False)
    assert isinstance(found, Unavailable)
    assert "glibc" in found.reason


def test_availabilities_by_id(tiny):
    other = replace(tiny, id="old", python="3.7")
    found = availabilities([tiny, other], allow_download=False)
    assert isinstance(found["tiny"], Available)
    assert isinstance(found["old"], Unavailable)
