"""The bench of faults: finds nothing to complain of, and would if there were something."""

import json
import re

import pytest
from typer.testing import CliRunner

from nestbench.bench.faults.tally import Tally
from nestbench.cli import app
from nestbench.store import results

SEAL = re.compile(r',\n "seal": "[0-9a-f]{16}"(?=\n}\n\Z)')


def planted(*words):
    done = CliRunner().invoke(app, ["bench", "faults", *words, "--times", "1", "--format", "json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout else done.stderr


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_nothing_is_lost_and_nothing_wrong():
    code, tallies = planted("killed", "together", "cut", "flipped", "schemas")
    assert [(one["fault"], one["lost"], one["wrong"], one["untold"], one["found"]) for one in tallies] == [
        (name, 0, 0, 0, []) for name in ("killed", "together", "cut", "flipped", "schemas")
    ]
    assert code == 0
    assert all(one["runs"] for one in tallies)
    assert tallies[0]["saw"]["killed"] == 1


def test_what_is_believed_although_it_is_damaged_is_counted(monkeypatch):
    monkeypatch.setattr(results, "unsealed", lambda text, _path: SEAL.sub("", text))
    code, (tally,) = planted("flipped")
    assert code == 1
    assert tally["wrong"] > 0
    assert "was believed" in tally["found"][0]


def test_a_fault_that_there_is_not():
    code, said = planted("kiled")
    assert code == 2
    assert "Did you mean 'killed'" in said


def test_cases_that_misbehave_are_part_of_a_checkout():
    code, said = planted("cases")
    assert code == 2
    assert "--planted" in said


def test_a_tally_keeps_the_first_few_of_what_it_found():
    tally = Tally(fault="x")
    tally.count(where="nothing")
    assert tally.clean
    for number in range(9):
        tally.count(lost=number, wrong=1, where=f"run {number}")
    assert (tally.lost, tally.wrong, tally.clean) == (36, 9, False)
    assert tally.found[:2] == ["1 wrong: run 0", "1 lost, 1 wrong: run 1"]
    assert len(tally.found) == 5
