"""Plans on many machines, with a cluster that says what the test wants it to: no Dask, no TensorFlow."""

import pytest
from machines_fake import FakeCluster, began, failing, offer, ready, run, saw, well
from run_stage import Stage

from nestbench.errors import AlteredError, ExitCode, GroundError, IncompleteError, UsageError
from nestbench.machines import dispatch
from nestbench.machines.needs import needs_of
from nestbench.machines.task import Began, Ended, Looked, Phase, Saw, Trouble, parse, unpacked, written
from nestbench.matrix import load_matrix
from nestbench.run.summary import told
from nestbench.run.workspace import Workspace
from nestbench.store import HostFacts


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setattr(dispatch, "_LOOK_SECONDS", 0.0)
    made = Stage(tmp_path)
    (made.state / "fake.py").write_text("# a case file\n")
    return made


def test_what_workers_say_is_stored_as_it_comes(stage):
    stored = []

    def play(task):
        for word in well("one")(task):
            stored.append(len(stage.store.cases("tf2.15")))
            yield word

    cluster = FakeCluster({"one": play})
    (result,) = run(stage, cluster, "a", "b", "c")
    assert (result.missing, result.exit_code) == (0, ExitCode.CLEAN)
    assert stored == [0, 0, 0, 0, 1, 2, 3]
    assert stage.store.load_stack("tf2.15").versions == {"tensorflow": "2.15.1"}
    host = stage.store.load_host("tf2.15")
    assert (host.host["id"], host.host["launch"], host.seconds["b"]) == ("one", "fork", 0.5)
    (_, task), *more = cluster.tasks
    assert not more
    assert list(unpacked(task.files).values()) == ["# a case file\n"]
    assert task.lock.startswith("#")


def test_the_parts_of_a_stack_are_by_case_and_say_which_host_measured_which(stage):
    cluster = FakeCluster({"one": well("one"), "two": well("two")}, parts=2)
    (result,) = run(stage, cluster, "a", "b", "c")
    assert result.missing == 0
    asked = [(name, [cell.case.id for cell in task.cells]) for name, task in cluster.tasks]
    assert asked == [("one", ["a", "c"]), ("two", ["b"])]
    host = stage.store.load_host("tf2.15")
    where = {label: host.at.get(label, host.host["id"]) for label in ("a", "b", "c")}
    assert where == {"a": "one", "b": "two", "c": "one"}
    assert {host.host["id"], *host.others} == {"one", "two"}


def test_a_task_that_dask_gives_to_a_second_worker_is_given_anew_with_what_is_left(stage):
    def twice(task):
        yield began(task, "one")
        yield Saw(key=task.key, event=ready())
        yield Saw(key=task.key, event=saw("a"))
        yield Looked(key=task.key)
        yield began(task, "two")
        raise AssertionError("it was not taken back")

    plays = iter([twice, well("one")])
    cluster = FakeCluster({"one": lambda task: next(plays)(task)})  # noqa: PLW0108 - another one each time
    (result,) = run(stage, cluster, "a", "b")
    assert result.missing == 0
    assert [[cell.case.id for cell in task.cells] for _, task in cluster.tasks] == [["a", "b"], ["b"]]
    assert cluster.taken_back == [cluster.tasks[0][1].key]


def test_where_the_ground_fails_another_worker_takes_it(stage):
    cluster = FakeCluster({"bad": failing("bad", after=1), "good": well("good")})
    (result,) = run(stage, cluster, "a", "b")
    assert (result.missing, result.exit_code) == (0, ExitCode.CLEAN)
    assert [name for name, _ in cluster.tasks] == ["bad", "good"]
    assert "tf2.15: on bad: it is full; 1 cell of it to be given once more." in stage.reporter.said


def test_a_worker_that_only_fails_is_given_nothing_while_there_are_others(stage):
    stacks = [stack.id for stack in load_matrix().stacks if needs_of(stack, allow_download=True) == ("disk",)]
    cluster = FakeCluster({"bad": failing("bad"), "good": well("good")})
    results = run(stage, cluster, "a", stacks=stacks[:12])
    assert [result.missing for result in results] == [0] * 12
    assert sum(name == "bad" for name, _ in cluster.tasks) == dispatch._BAD


def test_tries_are_bounded_and_then_the_ground_is_told(stage):
    cluster = FakeCluster({"bad": failing("bad")})
    (result,) = run(stage, cluster, "a")
    assert (result.missing, result.exit_code) == (1, ExitCode.GROUND)
    assert result.reason == "on bad: it is full"
    assert result.error.do == "Free some."
    assert len(cluster.tasks) == dispatch.TRIES


def test_the_fault_of_a_stack_is_not_tried_again(stage):
    cluster = FakeCluster({"one": failing("one", kind="incomplete", after=1)})
    (result,) = run(stage, cluster, "a", "b")
    assert (result.missing, result.exit_code, len(cluster.tasks)) == (1, ExitCode.INCOMPLETE, 1)


@pytest.mark.parametrize("after", [1, 2])
def test_of_an_environment_that_was_altered_on_a_worker_nothing_is_kept(stage, after):
    cluster = FakeCluster({"one": failing("one", kind="altered", after=after), "two": well("two")})
    (result,) = run(stage, cluster, "a", "b")
    assert (result.missing, result.exit_code) == (2, ExitCode.GROUND)
    assert stage.store.cases("tf2.15") == []
    assert len(stage.plan("tf2.15", "a", "b").to_run) == 2
    assert told([result], [])[1] == "tf2.15: 2 cells not measured: on one: it is full"


@pytest.mark.parametrize("workers", [["one", "two"], ["one"]])
def test_nor_of_the_parts_of_it_that_others_had_and_what_was_before_stays(stage, workers):
    run(stage, FakeCluster({"one": well("one")}), "a")
    folder = stage.store.root / "tf2.15"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    plays = {"one": failing("one", kind="altered", after=1), "two": well("two")}
    cluster = FakeCluster({name: plays[name] for name in workers}, parts=2)
    (result,) = run(stage, cluster, "a", "b", "c", again=True)
    assert (result.missing, result.exit_code) == (2, ExitCode.GROUND)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert len(cluster.tasks) == len(workers)


def test_a_device_that_is_away_is_unavailable_when_no_other_has_it(stage):
    cluster = FakeCluster({"one": failing("one", kind="unavailable")})
    (result,) = run(stage, cluster, "a")
    assert (result.missing, result.exit_code) == (1, ExitCode.INCOMPLETE)
    assert isinstance(result.error, IncompleteError)


def test_one_stack_that_fails_costs_no_other(stage):
    def play(task):
        return (failing if task.stack.id == "tf2.15" else well)("one")(task)

    first, second = run(stage, FakeCluster({"one": play}), "a", stacks=("tf2.15", "tf2.16"))
    assert (first.missing, second.missing) == (1, 0)


def test_equal_duplicates_are_one_and_contradicting_ones_are_told(stage):
    def twice(task):
        yield began(task, "one")
        yield Saw(key=task.key, event=ready())
        yield Saw(key=task.key, event=saw("a"))
        yield Saw(key=task.key, event=saw("a"))
        yield Saw(key=task.key, event=saw("b"))
        yield Saw(key=task.key, event=saw("b", "crashed"))
        yield Ended(key=task.key)

    (result,) = run(stage, FakeCluster({"one": twice}), "a", "b")
    assert (result.missing, result.exit_code) == (0, ExitCode.FOUND)
    assert "b: one saw something else" in result.reason
    assert stage.outcome("tf2.15", "b").kind == "observed"


def test_late_words_and_what_nobody_asked_for_do_no_harm(stage):
    keys = []

    def play(task):
        keys.append(task.key)
        yield Saw(key=task.key, event=saw("a"))  # before it began
        yield began(task, "one")
        yield Saw(key=task.key, event=saw("nobody-asked"))
        yield Saw(key="another run's", event=saw("a"))
        yield [Saw(key=key, event=ready()) for key in keys]
        yield from list(well("one")(task))[1:] if len(keys) > 1 else ()

    (result,) = run(stage, FakeCluster({"one": play}), "a")
    assert result.missing == 0
    assert stage.store.cases("tf2.15") == ["a"]


def test_a_scheduler_that_comes_back_is_given_what_is_left(stage):
    def cut(task):
        yield began(task, "one")
        yield Saw(key=task.key, event=ready())
        yield Saw(key=task.key, event=saw("a"))
        yield Looked(key=task.key)
        yield "cut"

    plays = iter([cut, well("one")])
    cluster = FakeCluster({"one": lambda task: next(plays)(task)})  # noqa: PLW0108 - another one each time
    (result,) = run(stage, cluster, "a", "b")
    assert (result.missing, cluster.begun_again) == (0, 1)
    assert [len(task.cells) for _, task in cluster.tasks] == [2, 1]


def test_a_scheduler_that_stays_away_is_told(stage):
    cluster = FakeCluster({"one": lambda _: iter(["cut"])})
    cluster.connect_again = lambda _: False
    (result,) = run(stage, cluster, "a")
    assert (result.missing, result.exit_code) == (1, ExitCode.GROUND)
    assert "did not come back" in result.reason


def test_the_last_worker_that_could_is_not_waited_for_for_ever(stage, monkeypatch):
    cluster = FakeCluster({})

    def leaves(task):
        yield began(task, "one")
        cluster.workers = []
        yield Phase(key=task.key, text="gone")

    cluster.plays, cluster.workers = {"one": leaves}, [offer("one")]
    monkeypatch.setattr(dispatch, "PATIENCE_SECONDS", 0.1)
    (result,) = run(stage, cluster, "a")
    assert (result.missing, result.exit_code) == (1, ExitCode.INCOMPLETE)
    assert "no worker left that offers disk" in result.reason


def test_an_interrupt_takes_everything_back_and_keeps_what_there_is(stage):
    def interrupted(task):
        yield began(task, "one")
        yield Saw(key=task.key, event=ready())
        yield Saw(key=task.key, event=saw("a"))
        raise KeyboardInterrupt

    cluster = FakeCluster({"one": interrupted})
    (result,) = run(stage, cluster, "a", "b")
    assert (result.missing, result.reason) == (1, "interrupted")
    assert cluster.taken_back == [cluster.tasks[0][1].key]
    assert stage.store.load_host("tf2.15").seconds == {"a": 0.5}
    with stage.workspace.lock(stage.store.root, "tf2.15"):  # it is free
        pass


def test_a_store_that_cannot_be_written_ends_the_stack_and_is_not_tried_elsewhere(stage, monkeypatch):
    def full(*_, **__):
        raise GroundError("no space")

    monkeypatch.setattr(stage.store, "add", full)
    cluster = FakeCluster({"one": well("one")})
    (result,) = run(stage, cluster, "a")
    assert (result.reason, result.exit_code, len(cluster.tasks)) == ("no space", ExitCode.GROUND, 1)


def test_two_runs_do_not_write_the_same_stack_at_once(stage):
    cluster = FakeCluster({"one": well("one")})
    elsewhere = Workspace(root=stage.root / "elsewhere")
    for lock in (
        stage.workspace.lock(stage.store.root, "tf2.15"),
        elsewhere.lock(stage.store.root, "tf2.15", own_folder=True),
    ):
        with lock:
            (result,) = run(stage, cluster, "a")
        assert "another run" in result.reason
        assert cluster.tasks == []


def test_what_is_said_comes_through_as_json_and_nothing_else_is_believed():
    for said in (
        Began(key="k", worker="w", name="n", host={"id": "1"}),
        Phase(key="k", text="t"),
        Saw(key="k", event=ready()),
        Saw(key="k", event=saw("a", variant={"kind": "x"})),
        *(
            Ended(key="k", trouble=Trouble.of(kind("w", why="y", do="d")))
            for kind in (GroundError, AlteredError, IncompleteError)
        ),
    ):
        assert parse(written(said)) == said
    for text in ("", "{}", '{"said": "began"}', '{"said": "applause", "key": "k"}', "[" * 10**5):
        with pytest.raises(ValueError):
            parse(text)


def test_more_parts_than_cases_are_refused(stage):
    with pytest.raises(UsageError, match="some would be empty"):
        run(stage, FakeCluster({"one": well("one")}, parts=3), "a", "b")


def test_hosts_are_told_apart_whatever_the_order():
    one = HostFacts(stack="s", host={"id": "1"}, seconds={"a": 1.0, "b": 1.0})
    two = HostFacts(stack="s", host={"id": "2"}, seconds={"b": 2.0})
    three = HostFacts(stack="s", host={"id": "3"}, seconds={"c": 3.0})
    merged = three.after(two.after(one))
    assert merged.at == {"a": "1", "b": "2"}
    assert merged.others == {"1": {"id": "1"}, "2": {"id": "2"}}
    assert merged.seconds == {"a": 1.0, "b": 2.0, "c": 3.0}
    assert merged.after(merged) == merged
    assert HostFacts(stack="s", host={"id": "1"}, seconds={"b": 4.0}).after(merged).at == {"c": "3"}
