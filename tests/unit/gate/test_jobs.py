"""A matrix of jobs, shards by case, and a run that ends in the check."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from gate_stage import LABELS, seen
from run_stage import FAKE_PROBE

from nestbench import staging
from nestbench.catalogue import load_catalogue
from nestbench.errors import UsageError
from nestbench.matrix import load_matrix
from nestbench.matrix.jobs import MOST
from nestbench.run import session
from nestbench.run.orchestrate import Prepared
from nestbench.store.seal import unsealed
from nestprobe.observation import Observation, Outcome, to_data


def jobs(stage, *arguments):
    done = stage.call("matrix", "--format", "github", *arguments)
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    return json.loads(line)["include"]


def test_a_job_a_stack_and_gpus_only_where_they_are_named(stage):
    every = jobs(stage)
    assert [one["stack"] for one in every] == [one.id for one in load_matrix().stacks if one.device == "cpu"]
    assert len({one["name"] for one in every}) == len(every) <= MOST
    assert jobs(stage, "tf2.15") == [
        {"name": "tf2.15", "stack": "tf2.15", "shard": "1/1", "python": "3.11", "device": "cpu"}
    ]
    assert [one["device"] for one in jobs(stage, "tf2.21-gpu")] == ["gpu"]


def test_shards_are_jobs_of_their_own(stage):
    found = jobs(stage, "tf2.1", "tf2.15", "--shards", "2")
    assert [one["name"] for one in found] == [
        "tf2.1-1-of-2", "tf2.1-2-of-2", "tf2.15-1-of-2", "tf2.15-2-of-2",
    ]  # fmt: skip
    assert [one["shard"] for one in found] == ["1/2", "2/2"] * 2


def test_more_jobs_than_there_may_be_are_refused(stage):
    done = stage.call("matrix", "--format", "github", "--shards", "5")
    assert done.exit_code == 2
    assert "GitHub Actions takes 256" in done.stderr
    assert "Ask for 4 shards or fewer" in done.stderr
    assert stage.call("matrix", "--shards", "2").exit_code == 2


@pytest.mark.parametrize("of", [1, 2, 7])
def test_shards_are_the_catalogue_each_case_in_one(of):
    catalogue = load_catalogue()
    parts = [catalogue.shard(number, of) for number in range(1, of + 1)]
    ids = [entry.id for part in parts for entry in part]
    assert sorted(ids) == sorted(entry.id for entry in catalogue)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    with pytest.raises(UsageError, match="some would be empty"):
        catalogue.shard(1, len(catalogue) + 1)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "a/b", "1/0", "1/9"])
def test_a_shard_that_is_none_is_wrong_usage(stage, shard):
    assert stage.call("run", "tf2.15", "--shard", shard).exit_code == 2


@pytest.fixture
def running(stage, monkeypatch):
    """``nestbench run`` on the fake probe, which sees what ``seen`` makes."""
    monkeypatch.setattr(staging, "stage", lambda _folder: FAKE_PROBE)
    made = Prepared(python=Path(sys.executable))
    monkeypatch.setattr(session, "tox_prepare", lambda *_, **__: lambda _stack, _say: made)
    (stage.root / "cases" / "plain.observation").write_text(json.dumps(to_data(seen("plain"))))

    def run(*arguments):
        return stage.call("run", "tf2.15", "--quiet", "--workers", "1", "--envs", "nowhere", *arguments)

    stage.run = run
    return stage


def test_a_run_that_ends_in_the_check(running):
    only = ("--case", "plain", "--check")
    done = running.run(*only)
    assert done.exit_code == 3
    assert "no baseline: tf2.15" in done.output
    running.accept("--incomplete")
    assert running.run(*only).exit_code == 0
    assert running.run("--case", "plain").exit_code == 0
    running.edit("plain", counted=60)
    done = running.run(*only)
    assert done.exit_code == 1
    assert "Gate failed: 1 stack, 1 improvement, 0 as accepted." in done.output
    assert "counted 60 -> 50" in done.output
    assert running.run("--case", "plain").exit_code == 0  # unasked, a run judges nothing


def test_a_run_of_one_case_leaves_the_others_in_the_table_of_the_folder(running):
    running.measure()
    assert running.run("--case", "plain", "--again").exit_code == 0
    table = (running.store.root / "table.csv").read_text()
    assert "plain" in table
    assert "held" in table


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (Observation("plain", {}, Outcome("timed-out", "9 s", "called")), "timed-out: tf2.15 plain. --again"),
        (Observation("plain", {}, Outcome("crashed", "SIGSEGV", "called")), "crashed: tf2.15 plain. `nestb"),
        (replace(seen("plain"), variables=[]), "case-wrong: tf2.15 plain. Correct the case"),
    ],
    ids=["timed-out", "crashed", "case-wrong"],
)  # fmt: skip
def test_what_was_measured_and_says_little_is_named_at_the_end_and_fails_the_check(running, found, named):
    only = ("--case", "plain")
    assert running.run(*only).stdout.splitlines()[-1] == "1 of 1 cell measured."
    running.accept("--incomplete")
    (running.root / "cases" / "plain.observation").write_text(json.dumps(to_data(found)))
    done = running.run(*only, "--again")
    assert done.exit_code == 0
    assert f"1 cell {named}" in done.stdout.splitlines()[-1]
    assert running.run(*only, "--check").exit_code == 1


def test_a_run_whose_stack_cannot_be_made_is_no_regression(running, monkeypatch):
    running.run("--case", "plain")
    running.accept("--incomplete")

    def fails(_stack, _say):
        raise OSError("no network")

    monkeypatch.setattr(session, "tox_prepare", lambda *_, **__: fails)
    done = running.run("--check", "--again", "--results", "elsewhere")
    assert done.exit_code == 4
    assert "Gate incomplete: neither clean nor a regression: 1 stack, 3 missing" in done.output


def test_a_shard_checks_its_own_cells_and_calls_no_other_gone(running):
    running.measure()
    running.accept()
    done = running.run("--shard", "2/2", "--check")
    assert done.exit_code == 0, done.output
    assert "1 as accepted" in done.output
    assert tuple(running.baselines.load("tf2.15").cells) == LABELS


def test_what_is_measured_anew_has_had_no_second_try(running):
    from nestbench.store import Store

    again = Store(running.store.root / "again")
    running.measure(store=again)
    running.run("--case", "plain")
    assert again.cases("tf2.15") == ["held"]


def test_a_count_changed_by_hand_in_a_file_without_a_seal_is_believed_by_nothing(running):
    running.measure("tf2.15")
    running.measure("tf2.16")
    running.accept()
    path = running.store.path("tf2.15", "plain")
    whole = path.read_text()
    changed = unsealed(whole, path).replace('"count_params": 50', '"count_params": 20')
    assert changed != unsealed(whole, path)
    path.write_text(changed)
    for words in (
        ["check", "--no-retry"], ["table"], ["compare", "tf2.15", "tf2.16"], ["history", "plain"],
        ["accept"], ["collect", running.store.root, "--results", "whole"],
    ):  # fmt: skip
        done = running.call(*words)
        assert done.exit_code == 4, words
        assert "plain.json is broken" in done.output, words
    done = running.call("run", "tf2.15", "--workers", "1", "--envs", "nowhere")
    assert done.exit_code == 0
    assert "2 cells current, 1 to run" in done.output
    assert "tf2.15: measured again: " in done.output
    assert path.read_text() == whole


@pytest.mark.parametrize("there", ["missing", "broken", "of another stack"])
def test_what_was_imported_is_told_again_by_a_run_that_finds_all_else_current(running, there):
    running.measure("tf2.15")
    running.measure("tf2.16")
    path = running.store.facts_path("tf2.15")
    path.unlink()
    if there == "broken":
        path.write_text("{")
    elif there == "of another stack":
        path.write_bytes(running.store.facts_path("tf2.16").read_bytes())
    words = ["run", "tf2.15", "--workers", "1", "--envs", "nowhere"]
    assert "a run there writes it again" in running.call("table").stderr
    done = running.call(*words)
    assert done.exit_code == 0
    assert "2 cells current, 1 to run" in done.output
    assert "tf2.15: 1 cell measured again, to tell what is imported: " in done.output
    assert running.store.load_stack("tf2.15").versions["keras"] == "2.15.0"
    assert "3 cells current, 0 to run" in running.call(*words).output
    assert "not known" not in running.call("table").stderr
