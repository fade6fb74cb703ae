"""What a run stored before somebody looked at its environment: believed, or measured again, and told."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_stage import FAKE_PROBE, Stage, run
from store_stage import observation
from typer.testing import CliRunner

from nestbench import environments, staging
from nestbench.catalogue import Cell, Variant
from nestbench.cli import app
from nestbench.digests import Digests
from nestbench.errors import ExitCode
from nestbench.matrix import load_matrix
from nestbench.run import session
from nestbench.run.confirming import ON_WORKERS, Confirming, Doubts, not_confirmed
from nestbench.run.orchestrate import Prepared, Run
from nestbench.store import StackFacts, Store, StoreError
from nestbench.store.collecting import gather
from nestbench.store.seal import sealed
from nestprobe.observation import Observation, Outcome

STACK = load_matrix().get("tf2.15")
AWAY = "its environment is not at hand (the file six.py was changed)"

CONTROLLER = """
import sys
from pathlib import Path
from nestbench import staging
from nestbench.run.orchestrate import Prepared, Run
from run_stage import Stage

staging.stage = lambda _folder: Path(sys.argv[2])
stage = Stage(Path(sys.argv[1]))
made = Prepared(python=Path(sys.executable), made="one")
plan = stage.plan("tf2.15", *sys.argv[3:])
Run([plan], stage.settings(prepare=lambda *_: made, workers=1), stage.reporter).execute()
"""


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "stage", lambda _folder: FAKE_PROBE)
    return Stage(tmp_path)


@pytest.fixture
def found(monkeypatch):
    """What is found of an environment, by what tells it; of others, that it is away."""
    whys = {}
    monkeypatch.setattr(
        environments, "why_not_unaltered", lambda _stack, _root, made, folder: whys.get(made, AWAY)
    )
    return whys


def killed(stage, *cases):
    words = [sys.executable, "-c", CONTROLLER, stage.root, FAKE_PROBE, *cases, "hangs"]
    with subprocess.Popen(words, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        deadline = time.monotonic() + 60
        while not stage.store.path("tf2.15", cases[-1]).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()


def doubted(stage, **more):
    return Doubts(store=stage.store, workspace=stage.workspace, **more).of(STACK)


def never_looked_at(made, said="nobody may look"):
    def look():
        raise StoreError(said)

    return lambda *_: Prepared(python=Path(sys.executable), made=made, altered=look)


def looked_at(made, altered=""):
    return lambda *_: Prepared(python=Path(sys.executable), made=made, altered=lambda: altered)


def test_a_killed_run_loses_nothing_where_its_environment_is_as_it_was(stage, found):
    killed(stage, "good-1", "good-2")
    assert set(stage.store.unconfirmed("tf2.15").values()) == {"one"}
    (line,) = not_confirmed(stage.store)
    assert line.startswith("tf2.15: not confirmed: 2 cells (good-1, good-2): ")
    found["one"] = ""
    plan = stage.plan("tf2.15", "good-1", "good-2", "good-3", doubts=doubted(stage))
    assert [cell.label for cell in plan.to_run] == ["good-3"]
    assert list(not_confirmed(stage.store)) == []
    run(stage, plan, prepare=looked_at("two"))
    assert not stage.store.unconfirmed_path("tf2.15").exists()


def test_where_it_was_altered_or_is_away_its_cells_are_measured_again_and_that_is_told(stage, found):
    killed(stage, "good-1", "good-2")
    stage.store.save_unconfirmed("tf2.15", {**stage.store.unconfirmed("tf2.15"), "of-another-case": "one"})
    plan = stage.plan("tf2.15", "good-1", "good-2", "good-3", doubts=doubted(stage))
    assert [cell.label for cell in plan.to_run] == ["good-1", "good-2", "good-3"]
    session.begin([plan], stage.store, stage.reporter)
    (said,) = stage.reporter.said
    assert said.startswith(
        "tf2.15: 2 cells not believed: nobody has looked, after they were measured, whether"
    )
    assert said.endswith(f"altered, and it cannot be told any more ({AWAY}): they are measured again.")
    (result,) = run(stage, plan, prepare=looked_at("two"))
    assert (result.missing, result.error) == (0, None)
    assert stage.store.unconfirmed("tf2.15").keys() == {"hangs", "of-another-case"}
    assert list(not_confirmed(stage.store)) == []


def test_of_what_a_worker_measured_it_is_said_that_nobody_here_can_look(stage, found):
    made = f"{ON_WORKERS}0123"
    run(stage, stage.plan("tf2.15", "good-1", "good-2"), prepare=never_looked_at(made))
    (line,) = not_confirmed(stage.store)
    assert "the run that measured them was killed or interrupted before it looked" in line
    found[made] = ""  # whatever is found of the one here
    (why,) = set(doubted(stage).values())
    assert "(it was on a worker, and nobody can look at it from here): they are measured again" in why
    assert set(stage.store.unconfirmed("tf2.15").values()) == {made}


def test_of_what_is_measured_again_only_what_was_is_confirmed(stage, found):
    cases = ("good-1", "slow", "good-2")
    run(stage, stage.plan("tf2.15", *cases), prepare=never_looked_at("one"))
    plan = stage.plan("tf2.15", *cases, doubts=doubted(stage))
    only = Run([plan], stage.settings(prepare=looked_at("two"), workers=1), stage.reporter)
    stage.reporter.cell = lambda _stack, done, _label: only.stop() if done else None
    only.execute()
    assert stage.store.unconfirmed("tf2.15") == {"slow": "one", "good-2": "one"}


def test_what_is_measured_again_and_once_more_not_looked_at_is_of_the_new_environment(stage, found):
    run(stage, stage.plan("tf2.15", "good-1"), prepare=never_looked_at("one"))
    run(stage, stage.plan("tf2.15", "good-1", doubts=doubted(stage)), prepare=never_looked_at("two"))
    assert stage.store.unconfirmed("tf2.15") == {"good-1": "two"}
    found["two"] = ""
    assert doubted(stage) == {}
    assert not stage.store.unconfirmed_path("tf2.15").exists()


def test_of_an_altered_environment_what_was_doubted_before_stays_so(stage, found):
    run(stage, stage.plan("tf2.15", "good-1"), prepare=never_looked_at("one"))
    before = {path.name: path.read_bytes() for path in (stage.store.root / "tf2.15").glob("*.json")}
    plan = stage.plan("tf2.15", "good-1", "good-2", doubts=doubted(stage))
    run(stage, plan, prepare=looked_at("two", altered="it was"))
    assert {path.name: path.read_bytes() for path in (stage.store.root / "tf2.15").glob("*.json")} == before


def test_what_another_run_is_measuring_is_its_affair(stage, found):
    run(stage, stage.plan("tf2.15", "good-1"), prepare=never_looked_at("one"))
    found["one"] = ""
    with stage.workspace.lock(stage.store.root, "tf2.15", own_folder=True):
        plan = stage.plan("tf2.15", "good-1", doubts=doubted(stage))
        assert plan.doubted == {"another run is measuring them": 1}
        (result,) = run(stage, plan, prepare=looked_at("two"))
        assert (result.exit_code, "another run" in result.reason) == (ExitCode.INCOMPLETE, True)
    assert stage.store.unconfirmed("tf2.15") == {"good-1": "one"}


def test_where_it_cannot_be_read_which_cells_these_are_it_may_be_any(stage, found):
    run(stage, stage.plan("tf2.15", "good-1", "good-2"), prepare=never_looked_at("one"))
    found["one"] = ""
    path = stage.store.unconfirmed_path("tf2.15")
    path.write_text(path.read_text()[:-20])
    assert "cannot be read" in next(not_confirmed(stage.store))
    assert doubted(stage).keys() == {"good-1", "good-2"}
    newer = '{\n "schema": 9,\n "stack": "tf2.15"\n}\n'
    path.write_text(sealed(newer))
    with pytest.raises(StoreError, match="schema 9"):
        doubted(stage)


def test_an_environment_that_nobody_has_a_record_of_leaves_no_mark(stage):
    run(stage, stage.plan("tf2.15", "good-1"), prepare=never_looked_at(None))
    assert not stage.store.unconfirmed_path("tf2.15").exists()


def stored(root, *cases, stack="tf2.15"):
    store = Store(root)
    for case in cases:
        store.add(stack, Digests(case="d", lock="l", probe="p"), observation(case))
    store.save_stack(StackFacts(stack=stack, versions={}))
    return store


def called(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_commands_that_read_results_say_what_is_not_confirmed_and_go_on(tmp_path):
    cases = ("article-example-1", "article-example-2")
    store = stored(tmp_path / "part", *cases)
    store.save_unconfirmed("tf2.15", {cases[0]: "one"})
    clean = {path.name: path.read_bytes() for path in (store.root / "tf2.15").iterdir()}
    told = f"tf2.15: not confirmed: 1 cell ({cases[0]}): the run that measured it was killed or interrupted"
    whole = tmp_path / "whole"
    done = called("collect", store.root, "--results", whole)
    assert done.exit_code == 0
    assert told in done.output
    assert (whole / "tf2.15" / "_unconfirmed.json").read_bytes() == clean["_unconfirmed.json"]
    done = called("table", "--results", whole)
    assert (done.exit_code, told in done.stderr) == (0, True)
    assert told in called("check", "--results", whole, "--no-retry").stderr
    store.save_unconfirmed("tf2.15", {})
    assert {path.name for path in (store.root / "tf2.15").iterdir()} == clean.keys() - {"_unconfirmed.json"}
    assert "not confirmed" not in called("table", "--results", store.root).stderr


def test_of_what_is_brought_together_a_cell_is_confirmed_where_one_folder_says_so(tmp_path):
    killed, whole = stored(tmp_path / "killed", "a", "b"), stored(tmp_path / "whole", "b", "c")
    killed.save_unconfirmed("tf2.15", dict.fromkeys(("a", "b", "c", "never-measured"), "one"))
    target = stored(tmp_path / "target", "d", "c")
    target.save_unconfirmed("tf2.15", dict.fromkeys(("c", "d"), "two"))
    gather([killed, whole], target).save(target)
    assert target.cases("tf2.15") == ["a", "b", "c", "d"]
    assert target.unconfirmed("tf2.15") == {"a": "one", "d": "two"}
    gather([stored(tmp_path / "all", "a", "b", "c", "d")], target).save(target)
    assert not target.unconfirmed_path("tf2.15").exists()


def test_labels_are_the_same_whatever_the_order_of_a_variants_names(stage):
    (case,) = stage.catalogue("good").entries
    variant = Variant(values=(("owner", "layer"), ("kind", "list")), parameters=1, trainable=1)
    cell = Cell(stack="tf2.15", case=case, variant=variant)
    Confirming(stage.store, "tf2.15", [cell], "one").begin()
    seen = Observation(case="good", variant=variant.names, outcome=Outcome(kind="observed"))
    stage.store.add("tf2.15", Digests(case="d", lock="l", probe="p"), seen)
    (line,) = not_confirmed(stage.store)
    assert "1 cell (good[kind=list,owner=layer])" in line
