"""Results of several jobs in one place: parts are fine, equal ones are one, contradictions are refused."""

import json
from dataclasses import replace

import pytest

from nestbench.run.workspace import Workspace
from nestbench.store import HostFacts, Store


@pytest.fixture
def jobs(stage):
    """Two jobs that each measured a part, as artifacts lie when they are fetched."""
    first, second = (Store(stage.root / "artifacts" / name / "results") for name in ("one", "two"))
    stage.measure(store=first, leave_out=["plain"])
    stage.measure(store=second, leave_out=["held[owner=layer]"])
    (first.root / "table.json").write_text("{}")  # beside the results, as a run writes it
    return stage


def held(stage, stack="tf2.15"):
    return {path.name: path.read_bytes() for path in (stage.store.root / stack).glob("*.json")}


def test_parts_become_a_whole_and_what_is_there_twice_is_one(jobs):
    done = jobs.call("collect", "artifacts")
    assert done.exit_code == 0, done.output
    assert "3 cells of 1 stack from 2 folders; 1 were there more than once, and the same." in done.stdout
    assert "1 of 1 stack whole." in done.stdout
    collected = held(jobs)
    for path in (jobs.store.root / "tf2.15").glob("*.json"):
        path.unlink()
    jobs.measure()
    assert collected == held(jobs)  # as one run alone would have written it
    assert jobs.call("collect", "artifacts/one/results", "artifacts/two").exit_code == 0
    assert collected == held(jobs)


def test_a_stack_that_is_being_measured_is_not_written_to(jobs):
    before = held(jobs)
    with Workspace(root=jobs.root / "elsewhere").lock(jobs.store.root, "tf2.15", own_folder=True):
        done = jobs.call("collect", "artifacts")
    assert done.exit_code == 3
    assert "another run is measuring this stack" in done.stderr
    assert f"likely why: it writes to {jobs.store.root}, and began before this one" in done.stderr
    assert held(jobs) == before


def test_an_archive_with_a_way_out_is_refused(jobs):
    outside = jobs.root / "outside.json"
    outside.write_text("{}")
    (jobs.root / "artifacts" / "one" / "results" / "tf2.15" / "link.json").symlink_to(outside)
    done = jobs.call("collect", "artifacts")
    assert done.exit_code == 2
    assert "leads out of artifacts" in done.stderr


def test_what_is_missing_is_listed(jobs):
    done = jobs.call("collect", "artifacts/one", "--stack", "tf2.15", "--stack", "tf2.16")
    assert done.exit_code == 0  # parts are fine
    assert "tf2.15: 1 cell of 3 missing: plain" in done.stdout
    assert "tf2.16: 3 cells of 3 missing: held[owner=layer], held[owner=model], plain" in done.stdout
    assert "0 of 2 stacks whole." in done.stdout


def test_contradicting_results_are_shown_and_nothing_is_written(jobs):
    jobs.measure(store=Store(jobs.root / "artifacts" / "two" / "results"), held={"counted": 20})
    before = held(jobs)
    done = jobs.call("collect", "artifacts")
    assert done.exit_code == 1
    assert "held[owner=model] on tf2.15: phase built, phase called: " in done.stderr
    assert "artifacts/one/results and " in done.stderr
    assert "what to do: " in done.stderr
    assert held(jobs) == before


def test_what_is_there_already_is_held_against_what_comes(jobs):
    jobs.measure(leave_out=["held[owner=layer]", "held[owner=model]"], plain={"counted": 20})
    before = held(jobs)
    assert jobs.call("collect", "artifacts").exit_code == 1
    assert held(jobs) == before
    jobs.measure(plain={"counted": 20}, probe="an older probe")
    done = jobs.call("collect", "artifacts")
    assert done.exit_code == 0
    assert "Replaced: 3 cells measured with another version of the case" in done.stdout
    assert "count" not in json.dumps(jobs.kinds())


def test_other_digests_and_other_versions_contradict_too(jobs):
    other = Store(jobs.root / "artifacts" / "three")
    jobs.measure(store=other, probe="an older probe")
    done = jobs.call("collect", "artifacts")
    assert done.exit_code == 1
    assert "tf2.15 plain: measured with other digests" in done.stderr
    facts = other.load_stack("tf2.15")
    other.save_stack(replace(facts, versions=facts.versions | {"tensorflow": "2.15.0"}))
    said = jobs.call("collect", "artifacts").stderr
    assert "tf2.15: what was imported: tensorflow 2.15.0 and 2.15.1: " in said


def test_another_patch_release_of_python_is_told_and_another_minor_contradicts(jobs):
    stores = [Store(jobs.root / "artifacts" / name / "results") for name in ("one", "two")]
    for store, python in zip(stores, ("3.11.9", "3.11.4"), strict=True):
        facts = store.load_stack("tf2.15")
        store.save_stack(replace(facts, versions=facts.versions | {"python": python}))
    done = jobs.call("collect", "artifacts")
    assert done.exit_code == 0, done.output
    note = "tf2.15: measured with Python 3.11.9 and 3.11.4 on different machines; _stack.json names the first"
    assert done.stdout.splitlines().count(f"{note}.") == 1
    assert jobs.store.load_stack("tf2.15").versions["python"] == "3.11.9"
    store.save_stack(replace(facts, versions=facts.versions | {"python": "3.12.9"}))
    done = jobs.call("collect", "artifacts")
    assert (done.exit_code, "python 3.11.9 and 3.12.9" in done.stderr) == (1, True), done.output


def test_what_second_tries_saw_comes_along(jobs):
    jobs.accept("tf2.15", "--incomplete", "--results", "artifacts/one/results")
    jobs.accept("tf2.15", "--incomplete", "--results", "artifacts/two/results")
    two, rest = jobs.root / "artifacts/two/results", ["held[owner=layer]", "held[owner=model]"]
    jobs.measure(store=Store(two), leave_out=rest, plain={"counted": 20})
    jobs.measure(store=Store(two / "again"), leave_out=rest)
    assert jobs.call("collect", "artifacts").exit_code == 0
    done = jobs.call("check", "--envs", "nowhere")
    assert "unstable: plain on tf2.15" in done.output
    assert done.exit_code == 0


@pytest.mark.parametrize(("folder", "code"), [("nowhere", 2), ("empty", 3)])
def test_folders_without_results(stage, folder, code):
    (stage.root / "empty").mkdir()
    done = stage.call("collect", folder)
    assert done.exit_code == code
    assert folder in done.stderr
    assert not stage.store.root.exists()


@pytest.mark.parametrize("alone", [True, False])
def test_results_without_their_stack_are_named_and_nothing_is_written(jobs, alone):
    (jobs.root / "artifacts/two/results/tf2.15/_stack.json").unlink()
    done = jobs.call("collect", "artifacts/two" if alone else "artifacts")
    assert done.exit_code == 4
    assert "Results without _stack.json" in done.stderr
    assert "artifacts/two/results/tf2.15: 2 cases" in done.stderr
    assert not jobs.store.root.exists()


@pytest.mark.parametrize("whole", [True, False])
def test_the_folder_of_one_stack_is_sent_to_the_one_above(jobs, whole):
    stack = jobs.root / "artifacts/two/results/tf2.15"
    if not whole:
        (stack / "_stack.json").unlink()
    done = jobs.call("collect", "artifacts/two/results/tf2.15")
    assert done.exit_code == 2
    assert f"Name the folder above it: {stack.parent}." in done.stderr


def test_a_broken_file_is_told_and_nothing_is_written(jobs):
    (jobs.root / "artifacts/two/results/tf2.15/plain.json").write_text("{")
    assert jobs.call("collect", "artifacts").exit_code == 4
    assert not jobs.store.root.exists()


def test_hosts_are_kept_apart_in_whatever_order_they_come(jobs):
    for name, cells in (("one", ["a", "b"]), ("two", ["b", "c"])):
        store = Store(jobs.root / "artifacts" / name / "results")
        host = {"id": name, "date": "2026-01-02"}
        store.save_host(HostFacts(stack="tf2.15", host=host, seconds=dict.fromkeys(cells, 1.0)))
    path = jobs.store.root / "tf2.15" / "_host.json"
    found = []
    for order in (["one", "two"], ["two", "one"], ["two", "one", "two"]):
        path.unlink(missing_ok=True)
        assert jobs.call("collect", *(f"artifacts/{name}" for name in order)).exit_code == 0
        found.append(path.read_bytes())
    assert found[0] == found[1] == found[2]
    facts = jobs.store.load_host("tf2.15")
    assert facts.host["id"] == "two"
    assert facts.at == {"a": "one"}
    assert facts.others == {"one": {"id": "one", "date": "2026-01-02"}}
