"""Whoever has another's code run is told so: once a command, on stderr, not with -q."""

import pytest
from typer.testing import CliRunner

from nestbench.cli import app
from nestprobe import subject

CASE = "from nestprobe import case\n\n@case(parameters=3)\ndef my_own(k):\n    '''Mine.'''\n"
SAID = subject.is_code("")


@pytest.fixture
def call(tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.py").write_text(CASE)
    (tmp_path / "model.py").write_text("make = None\n")
    monkeypatch.chdir(tmp_path)
    return lambda line: CliRunner().invoke(app, line.split()).stderr


RUN = "run tf2.15 --shard 1/1 --matrix none.toml"  # ends before anything is made: there is no such matrix
AUDIT = "audit model.py:make --from tf2.15 --to tf2.21-gpu"  # as this one: it wants no GPU


@pytest.mark.parametrize("line", [f"{RUN} --cases own", AUDIT, f"{AUDIT} --cases own", "cases --cases own"])
def test_it_is_said_once(call, line):
    assert call(line).count(SAID) == 1


@pytest.mark.parametrize("line", [f"{RUN} --cases own -q", f"{AUDIT} --cases own -q"])
def test_it_is_not_said_with_q(call, line):
    assert SAID not in call(line)


@pytest.mark.parametrize("line", [RUN, "cases", "matrix tf2.0"])
def test_it_is_not_said_of_what_nestbench_ships(call, line):
    assert SAID not in call(line)


@pytest.mark.parametrize("line", ["cases --cases nowhere", "cases --cases own --cases own/mine.py"])
def test_it_is_not_said_of_a_folder_that_is_refused(call, line):
    said = call(line)
    assert SAID not in said
    assert said.startswith("nestbench: ")
    assert "--cases" in said


def test_it_is_said_of_a_case_that_becomes_a_script(call):
    assert call("repro my-own --stack tf2.15 --cases own").count(f"own{SAID}") == 1


@pytest.mark.parametrize(("quiet", "times"), [([], 1), (["-q"], 0)])
def test_the_doctor_says_it_of_the_model(call, capfd, quiet, times):
    CliRunner().invoke(app, ["doctor", "nowhere:make", "--input-shape", "2,5", *quiet])
    assert capfd.readouterr().err.count(f"nowhere:make{SAID}") == times
