"""Workers that are lost: what they saw, and since when nobody knows of their environment."""

import pytest
from machines_fake import FakeCluster, began, offer, ready, run, saw, well
from run_stage import Stage

from nestbench.errors import ExitCode
from nestbench.machines import dispatch
from nestbench.machines.task import Looked, Phase, Saw
from nestbench.run.confirming import not_confirmed


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setattr(dispatch, "_LOOK_SECONDS", 0.0)
    made = Stage(tmp_path)
    (made.state / "fake.py").write_text("# a case file\n")
    return made


def test_a_lost_worker_costs_what_was_under_way_and_the_rest_goes_to_another(stage):
    cluster = FakeCluster({})

    def killed(task):
        yield began(task, "one")
        yield Saw(key=task.key, event=ready())
        yield Saw(key=task.key, event=saw("a"))
        yield Looked(key=task.key)
        cluster.workers = [offer("two")]
        yield Phase(key=task.key, text="never heard of again")

    cluster.plays = {"one": killed, "two": well("two")}
    cluster.workers = [offer("one"), offer("two")]
    (result,) = run(stage, cluster, "a", "b", "c")
    assert result.missing == 0
    asked = [[cell.case.id for cell in task.cells] for _, task in cluster.tasks]
    assert asked == [["a", "b", "c"], ["b", "c"]]
    assert "tf2.15: one was lost with its task; 2 cells of it to be given once more." in stage.reporter.said
    assert stage.reporter.finished == {"tf2.15": 3}


def lost_without_a_look(cluster, name="one"):
    """A worker that forges what it sees in an environment that was altered, and is lost before it looks."""

    def play(task):
        yield began(task, name)
        yield Saw(key=task.key, event=ready())
        yield Saw(key=task.key, event=saw("a"))
        yield Looked(key=task.key)
        yield Saw(key=task.key, event=saw("b", "crashed"))
        cluster.workers = [one for one in cluster.workers if one.address != name]
        yield Phase(key=task.key, text="never heard of again")

    return play


def test_what_a_lost_worker_saw_since_it_looked_at_its_environment_is_measured_by_another(stage):
    cluster = FakeCluster({})
    cluster.plays = {"one": lost_without_a_look(cluster), "two": well("two")}
    cluster.workers = [offer("one"), offer("two")]
    (result,) = run(stage, cluster, "a", "b", "c")
    assert (result.missing, result.exit_code) == (0, ExitCode.CLEAN)
    assert [[cell.case.id for cell in task.cells] for _, task in cluster.tasks] == [
        ["a", "b", "c"],
        ["b", "c"],
    ]
    assert stage.outcome("tf2.15", "b").kind == "observed"
    (said,) = [line for line in stage.reporter.said if "was lost" in line]
    assert said.endswith(
        "2 cells of it to be given once more, 1 of them since nobody looked there whether its environment "
        "was altered."
    )
    assert not stage.store.unconfirmed_path("tf2.15").exists()
    assert stage.reporter.finished == {"tf2.15": 3}


def test_where_no_other_measures_it_that_is_told_and_the_next_run_does(stage, monkeypatch):
    monkeypatch.setattr(dispatch, "PATIENCE_SECONDS", 0.0)
    cluster = FakeCluster({})
    cluster.plays, cluster.workers = {"one": lost_without_a_look(cluster)}, [offer("one")]
    (result,) = run(stage, cluster, "a", "b")
    assert (result.missing, result.exit_code) == (0, ExitCode.INCOMPLETE)
    assert set(stage.store.unconfirmed("tf2.15")) == {"b"}
    (told_,) = not_confirmed(stage.store)
    assert told_.startswith("tf2.15: not confirmed: 1 cell (b): ")
    cluster = FakeCluster({"two": well("two")})
    (result,) = run(stage, cluster, "a", "b")
    assert [[cell.case.id for cell in task.cells] for _, task in cluster.tasks] == [["b"]]
    assert (result.missing, result.exit_code) == (0, ExitCode.CLEAN)
    assert stage.outcome("tf2.15", "b").kind == "observed"
    assert list(not_confirmed(stage.store)) == []


def test_what_a_lost_worker_says_late_is_not_believed_before_what_another_sees(stage):
    late = []

    def play(task):
        late.append(Saw(key=task.key, event=saw("a", "crashed")))
        late.append(Looked(key=task.key))
        yield from lost_without_a_look(cluster)(task)

    def second(task):
        yield began(task, "two")
        yield Saw(key=task.key, event=ready())
        yield late
        yield from list(well("two")(task))[2:]

    cluster = FakeCluster({})
    cluster.plays, cluster.workers = {"one": play, "two": second}, [offer("one"), offer("two")]
    (result,) = run(stage, cluster, "b", "a")
    assert (result.missing, result.exit_code) == (0, ExitCode.CLEAN)
    assert stage.outcome("tf2.15", "a").kind == "observed"
    assert not stage.store.unconfirmed_path("tf2.15").exists()
