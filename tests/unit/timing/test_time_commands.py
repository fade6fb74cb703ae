"""``nestbench time`` and ``nestbench timings`` as people call them; launches are made up."""

import csv
import io
import json
import os
from datetime import datetime
from pathlib import Path

import pytest
from timing_stage import FakeLauncher, fill, session
from typer.testing import CliRunner

from nestbench.cli import app
from nestbench.run.orchestrate import Prepared
from nestbench.timing import Shelf
from nestbench.timing.record import Ended

STACKS = ("tf2.15", "tf2.16")
CHOSEN = ("--case", "list-of-layers", "--case", "raw-variable-attribute", "--measure", "construct")


@pytest.fixture
def call(tmp_path, monkeypatch):
    (tmp_path / ".nestbench").mkdir()
    monkeypatch.chdir(tmp_path)
    ready = Prepared(python=Path("python"))
    monkeypatch.setattr("nestbench.run.session.tox_prepare", lambda *_, **__: lambda _stack, _say: ready)
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


def time(call, *more, stacks=STACKS):
    return call("time", *stacks, *CHOSEN, "--blocks", 10, *more)


def test_a_session_is_measured_kept_and_shown_again(call, monkeypatch, tmp_path):
    factors = {"tf2.16": 2.0, "tf2.16+control": 2.0}
    fake = FakeLauncher(factors=factors).install(monkeypatch)
    done = time(call, "--session", "mine")
    assert done.exit_code == 0, done.output
    assert len(fake.launches) == 30
    assert "block 1, launch 1 of 3" in done.stderr
    assert done.stdout.count("slower") == 3 + 1  # a row each, and the sum
    assert "Control: tf2.16 against itself, 3 comparisons, no difference found" in done.stdout
    assert (tmp_path / "results" / "local-timings" / "mine" / "session.json").exists()
    assert "block" not in time(call, "--session", "mine").stderr
    assert len(fake.launches) == 30
    shown = call("timings")
    assert shown.exit_code == 0
    assert shown.stdout == done.stdout
    assert "local-timings/mine" in shown.stderr


def test_a_session_is_shown_as_at_its_own_end(call, monkeypatch, tmp_path):
    FakeLauncher(cv=0.5).install(monkeypatch)
    for blocks in (12, 15):
        done = time(call, "--session", "mine", "--blocks", blocks)
        assert f"{blocks} blocks, fork" in done.stdout
        assert call("timings").stdout == done.stdout
    assert Shelf(root=tmp_path / "results" / "local-timings").load("mine").planned == 15


def test_what_is_read_by_programs(call, monkeypatch):
    FakeLauncher(factors={"tf2.16": 2.0, "tf2.16+control": 2.0}).install(monkeypatch)
    data = json.loads(time(call, "-q", "--session", "mine", "--format", "json").stdout)
    assert {row["answer"] for row in data["comparisons"]} == {"slower"}
    rows = list(csv.DictReader(io.StringIO(call("timings", "mine", "--format", "csv").stdout)))
    assert len(rows) == 6


def test_a_broken_control_is_told(call, monkeypatch):
    FakeLauncher(factors={"tf2.16+control": 2.0}).install(monkeypatch)
    done = time(call, "-q")
    assert (
        "NOT TO BE TRUSTED: the control, tf2.16 against itself, shows a difference in 3 of 3" in done.stdout
    )
    assert json.loads(call("timings", "--format", "json").stdout)["trusted"] is False


def test_no_control(call, monkeypatch):
    fake = FakeLauncher().install(monkeypatch)
    assert "NO CONTROL was run" in time(call, "-q", "--no-control").stdout
    assert {arm for _, _, arm in fake.launches} == set(STACKS)


def test_the_control_is_the_stack_that_is_named(call, monkeypatch):
    fake = FakeLauncher().install(monkeypatch)
    assert "tf2.15 against itself" in time(call, "-q", "--control", "tf2.15").stdout
    assert {arm for _, _, arm in fake.launches} == {*STACKS, "tf2.15+control"}


def test_too_few_blocks_are_told(call, monkeypatch):
    FakeLauncher(factors={"tf2.16": 2.0, "tf2.16+control": 2.0}).install(monkeypatch)
    done = call("time", *STACKS, *CHOSEN, "--blocks", 5, "-q")
    assert done.exit_code == 0
    assert "5 complete blocks: of fewer than 10" in done.stdout


def test_where_nothing_was_timed_the_folder_is_said_to_be_missing(call, tmp_path):
    done = call("timings")
    assert done.exit_code == 3
    assert f"there is no folder {tmp_path / 'results' / 'local-timings'}.\n" in done.stderr
    named = call("timings", "mine")
    assert named.exit_code == 2
    assert f"None is in {tmp_path / 'results' / 'local-timings'}." in named.stderr


def test_an_interrupted_session_is_incomplete_and_goes_on(call, monkeypatch, tmp_path):
    fake = FakeLauncher().install(monkeypatch)
    fake.fails_at = 1
    cut = time(call, "-q")
    assert cut.exit_code == 3
    name = Shelf(root=tmp_path / "results" / "local-timings").last().name
    again = f"The same command with --session {name} goes on from here: finished blocks are kept."
    assert f"nestbench: Interrupted.\n  what to do: {again}" in cut.stderr
    shown = call("timings")
    assert shown.exit_code == 3
    assert "Traceback" not in shown.output
    assert "0 complete blocks" in shown.stdout
    fake.fails_at = None
    assert time(call, "-q").exit_code == 0
    assert len(fake.launches) == 1 + 30


class Calendar:
    """What day it is; sessions begin then, too."""

    def __init__(self, monkeypatch):
        self.patch = monkeypatch

    def turn(self, day):
        from nestbench.timing import beginning

        class Now:
            @staticmethod
            def now(zone):
                return datetime.fromisoformat(f"{day} 23:50").replace(tzinfo=zone)

        self.patch.setattr(beginning, "datetime", Now)


def test_midnight_cuts_no_session(call, monkeypatch, tmp_path):
    fake, calendar = FakeLauncher().install(monkeypatch), Calendar(monkeypatch)
    shelf = Shelf(root=tmp_path / "results" / "local-timings")
    calendar.turn("2026-11-28")
    fake.fails_at = 15
    assert time(call, "-q").exit_code == 3
    fake.fails_at = None
    calendar.turn("2026-11-29")
    done = time(call, "-q")
    assert (done.exit_code, len(fake.launches)) == (0, 30)
    assert "Goes on with session 2026-11-28, begun 2026-11-28 23:50." in done.stderr
    assert shelf.names() == ["2026-11-28"]
    calendar.turn("2026-11-30")  # of one that has come to its end, it is asked how it is now
    assert "Goes on" not in time(call, "-q").stderr
    assert shelf.names() == ["2026-11-28", "2026-11-30"]
    assert len(fake.launches) == 60
    assert "Goes on with session 2026-11-30" in time(call, "-q").stderr
    assert len(fake.launches) == 60


def test_a_session_without_a_name_goes_on_with_none_of_another_kind(call, monkeypatch, tmp_path):
    fake = FakeLauncher().install(monkeypatch)
    Calendar(monkeypatch).turn("2026-11-28")
    fake.fails_at = 3
    time(call, "-q")
    fake.fails_at = None
    for more in (("--timeout", 9), ("--seed", 5), ("--case", "set-of-layers")):
        done = time(call, "-q", *more)
        assert (done.exit_code, "Goes on" in done.stderr) == (0, False)
    shelf = Shelf(root=tmp_path / "results" / "local-timings")
    assert sorted(shelf.names()) == ["2026-11-28", *(f"2026-11-28-{number}" for number in (2, 3, 4))]
    assert len(fake.launches) == 3 + 3 * 30
    (shelf.root / "2026-11-28-4" / "session.json").write_text("{")  # what is broken is in nobody's way
    assert "Goes on with session 2026-11-28, " in time(call, "-q").stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--launch", "fresh"), "launch mode: fork, now fresh"),
        (("--timeout", "9"), "seconds for one cell: 60.0, now 9.0"),
        (("--case", "set-of-layers"), "cases chosen anew: set-of-layers[owner=layer]"),
        (("--no-control",), "arms: tf2.15, tf2.16, tf2.16+control, now tf2.15, tf2.16"),
    ],
)
def test_other_conditions_are_refused_with_the_reason(call, monkeypatch, more, words):
    fake = FakeLauncher().install(monkeypatch)
    time(call, "-q", "--session", "mine")
    done = time(call, "-q", "--session", "mine", *more)
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(fake.launches) == 30


def test_a_broken_session_stands_in_no_others_way(call, monkeypatch, tmp_path):
    FakeLauncher().install(monkeypatch)
    broken = tmp_path / "results" / "local-timings" / "broken" / "session.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    assert time(call, "-q", "--session", "mine").exit_code == 0
    assert call("timings", "mine").exit_code == 0
    done = time(call, "-q", "--session", "broken")
    assert done.exit_code == 4
    assert f"{broken} is broken" in done.stderr


def test_launches_without_their_session_are_nobodys(call, monkeypatch, tmp_path):
    fake = FakeLauncher().install(monkeypatch)
    time(call, "-q", "--session", "mine")
    folder = tmp_path / "results" / "local-timings" / "mine"
    text = (folder / "session.json").read_text()
    (folder / "session.json").unlink()
    done = time(call, "-q", "--session", "mine", "--timeout", 9)
    assert done.exit_code == 2
    assert f"{folder} holds launches, and no session.json" in done.stderr
    assert not (folder / "session.json").exists()
    assert time(call, "-q", "--session", "other").exit_code == 0
    (folder / "session.json").write_text(text)
    assert time(call, "-q", "--session", "mine").exit_code == 0
    assert len(fake.launches) == 60


@pytest.mark.parametrize(
    "arguments",
    [
        ("time", "tf2.15", "--no-control"),
        ("time", "tf2.15", "tf2.99"),
        ("time", "tf2.15", "tf2.16", "--control", "tf2.14"),
        ("time", "tf2.15", "tf2.16", "--launch", "auto"),
        ("time", "tf2.20-gpu", "tf2.21-gpu", "--launch", "fork"),
        ("time", "tf2.20", "tf2.21-gpu"),
        ("time", "tf2.20", "tf2.21-gpu", "--launch", "fresh"),
        ("time", "tf2.15", "tf2.16", "--cpus", "9999"),
        ("time", "tf2.15", "tf2.16", "--cpus", "all"),
        ("time", "tf2.15", "tf2.16", "--blocks", "31"),
        ("time", "tf2.15", "tf2.16", "--measure", "patience"),
        ("time", "tf2.15", "tf2.16", "--session", "../mine"),
        ("time", "tf2.15", "tf2.16", "--session", "Mine"),
        ("time", "tf2.15", "tf2.16", "--case", "no-such-case"),
    ],
)
def test_wrong_usage(call, monkeypatch, arguments, tmp_path):
    fake = FakeLauncher().install(monkeypatch)
    assert call(*arguments).exit_code == 2
    assert fake.launches == []
    assert not (tmp_path / "results").exists()


def test_on_a_gpu_each_case_gets_a_fresh_process(call, monkeypatch, tmp_path):
    FakeLauncher().install(monkeypatch)
    assert time(call, "-q", "--session", "gpu", stacks=("tf2.20-gpu", "tf2.21-gpu")).exit_code == 0
    assert time(call, "-q", "--session", "cpu").exit_code == 0
    shelf = Shelf(root=tmp_path / "results" / "local-timings")
    assert [shelf.load(name).launch for name in ("gpu", "cpu")] == ["fresh", "fork"]


def test_no_session_and_an_unknown_one(call, tmp_path):
    assert call("timings").exit_code == 3
    fill(Shelf(root=tmp_path / "kept"), session(), 1)
    assert call("timings", "no-such", "--results", "kept").exit_code == 2


def test_a_control_alone_is_no_comparison(call, tmp_path):
    of, raises = session(), Ended(kind="raises", detail="ValueError: no")
    lost = {"a": {(part.label, measure): raises for part in of.parts for measure in of.measures}}
    fill(Shelf(root=tmp_path / "kept"), of, 10, ended=lost)
    done = call("timings", "--results", "kept")
    assert "Control: b against itself" in done.stdout
    assert done.exit_code == 3


def test_all_shows_every_row(call, tmp_path):
    of = session(parts=tuple(f"case-{number}" for number in range(30)))
    memory = {"a": {part.label: {"began": 10**8, "peak": 2 * 10**8} for part in of.parts}}
    fill(Shelf(root=tmp_path / "kept"), of, 5, memory=memory)
    some, every = (call("timings", "--results", "kept", *more).stdout for more in ((), ("--all",)))
    assert "20 more: `nestbench timings made-up --all`" in some
    assert some.count("case-") < every.count("case-")
    assert every.count("case-") == 60 + 30
    assert "200 MB (+100.0)" in some


def test_the_files_of_pytest_benchmark_are_unpacked_where_one_says(call, tmp_path):
    of = session()
    fill(Shelf(root=tmp_path / "kept"), of, 2)
    done = call("timings", "made-up", "--results", "kept", "--export", "out")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "6 files of pytest-benchmark written to out" in done.stderr
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.json")}
    assert found == {f"{arm}/block-00{block}.json" for arm in ("a", "b", "b+control") for block in (0, 1)}
    assert all(json.loads((tmp_path / "out" / name).read_text())["benchmarks"] for name in found)


def test_where_nothing_was_measured_there_is_nothing_to_unpack(call, tmp_path):
    Shelf(root=tmp_path / "kept").save(session())
    assert call("timings", "--results", "kept", "--export", "out").exit_code == 3


def test_a_processor_is_set_aside_for_the_launches(call, monkeypatch, tmp_path):
    FakeLauncher().install(monkeypatch)
    time(call, "-q", "--session", "mine")
    kept = Shelf(root=tmp_path / "results" / "local-timings").load("mine")
    assert kept.cpus == (max(os.sched_getaffinity(0)),)
    assert set(kept.host) >= {"id", "processor", "kernel", "governor"}
