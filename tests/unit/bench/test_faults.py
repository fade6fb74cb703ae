"""The bench of faults: finds nothing to complain of, and would if there were something."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from nestbench.bench.faults import damaging, disks
from nestbench.bench.faults.place import STACK
from nestbench.bench.faults.tally import Tally
from nestbench.cli import app
from nestbench.store import results
from nestbench.store.seal import sealed

SEAL = re.compile(r',\n "seal": "[0-9a-f]{16}"(?=\n}\n\Z)')


def planted(*words):
    done = CliRunner().invoke(app, ["bench", "faults", *words, "--times", "1", "--format", "json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout else done.stderr


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_nothing_is_lost_and_nothing_wrong():
    code, tallies = planted("killed", "together", "cut", "flipped", "schemas", "altered")
    assert [(one["fault"], one["lost"], one["wrong"], one["untold"], one["found"]) for one in tallies] == [
        (name, 0, 0, 0, []) for name in ("killed", "together", "cut", "flipped", "schemas", "altered")
    ]
    assert code == 0
    assert all(one["runs"] for one in tallies)
    assert tallies[0]["saw"]["killed"] == tallies[-1]["saw"]["killed"] == 1
    assert tallies[-1]["saw"]["wrong before"] > 0


def test_what_is_believed_although_it_is_damaged_is_counted(monkeypatch):
    monkeypatch.setattr(results, "unsealed", lambda text, _path: SEAL.sub("", text))
    code, (tally,) = planted("flipped")
    assert code == 1
    assert tally["wrong"] > 0
    assert "was believed" in tally["found"][0]


class Stage:
    """Stands for a Place: eleven results, and commands that end at once."""

    def __init__(self, root):
        self.root, self.ran, self.seconds = root, [], 0.0
        folder = root / "reference" / STACK
        folder.mkdir(parents=True)
        for number in range(11):
            text = '{\n "schema": 1,\n "text": "' + "x" * 3000 + '"\n}\n'
            (folder / f"planted-{number}.json").write_text(sealed(text))

    def fresh(self, name):
        shutil.rmtree(self.root / name, ignore_errors=True)
        return self.root / name

    def copy(self, name):
        return shutil.copytree(self.root / "reference", self.fresh(name))

    def run(self, results):
        self.ran.append(results)

    def expect(self, *_):
        pass

    def judge(self, *_, **__):
        return {}


@pytest.mark.parametrize("fault", [damaging.cut, damaging.flipped, damaging.schemas])
def test_files_are_damaged_as_often_as_asked(tmp_path, monkeypatch, fault):
    monkeypatch.setattr(damaging, "_each", lambda *_: None)
    place = Stage(tmp_path)
    fault(place, Tally(fault="x"), 25 * 60)
    assert len(place.ran) >= 60


def test_no_disk_is_so_large_that_all_results_fit(tmp_path, monkeypatch):
    sizes = []

    def mount(how, options, _folder):
        if how == "mount":
            sizes.append(int(options.removeprefix("size=").removesuffix("k")))
        return True

    monkeypatch.setattr(disks, "_mount", mount)
    monkeypatch.setattr(disks.subprocess, "run", lambda *_, **__: None)
    disks.full(Stage(tmp_path), Tally(fault="x"), 500)
    assert len(sizes) == 100
    assert (min(sizes), max(sizes)) == (8, 40)  # eleven results take a page of four kilobytes each


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
