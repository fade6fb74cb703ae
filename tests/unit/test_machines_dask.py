"""`nestbench run --scheduler` at a real scheduler of Dask, whose workers have nothing to measure with."""

import platform
import re

import dask
import pytest
from distributed import LocalCluster, Worker
from typer.testing import CliRunner

from nestbench.cli import app
from nestbench.errors import GroundError
from nestbench.machines import measuring, worker
from nestbench.machines.cluster import Cluster


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A scheduler without workers. Those that come, threads of this process, have no room for anything."""

    def full(*_, **__):
        raise GroundError("it is full")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "tox_prepare", full)
    monkeypatch.setattr(measuring, "_MORE_SECONDS", 0.5)
    apart = dask.config.set(temporary_directory=str(tmp_path))
    with apart, LocalCluster(
        n_workers=0, processes=False, protocol="tcp://", dashboard_address=":0",
    ) as started:  # fmt: skip
        started.came = []
        yield started
        started.sync(leave, started)


async def come(at, *names):
    for name in names:
        one = Worker(at.scheduler_address, name=name, nthreads=1, resources={"disk": 1}, dashboard=False)
        at.came.append(await one)


async def leave(at):
    await at.scheduler.retire_workers(close_workers=True)
    while at.came:  # or the scheduler goes first, and the loop does not end in time
        await at.came.pop().finished()


def run(at, *more):
    arguments = ["run", "tf2.15", "--case", "article-example-1", "--results", "results", "--scheduler"]
    return CliRunner().invoke(app, [*arguments, at.scheduler_address, *more])


def test_a_first_worker_is_waited_for(here, monkeypatch):
    seen = Cluster.offers

    def offers(cluster):
        found = seen(cluster)
        if not here.scheduler.workers:
            here.sync(come, here, "one")  # when it was seen that none is there
        return found

    monkeypatch.setattr(Cluster, "offers", offers)
    monkeypatch.setattr(measuring, "FIRST_SECONDS", 20.0)
    done = run(here)
    assert done.exit_code == 4
    waits, *_, last = done.stderr.splitlines()
    assert waits == "No worker that can be used is there yet: waiting 20 s at most for one."
    assert "tf2.15: on " in done.stderr
    assert last.endswith("it is full")


def test_workers_of_one_machine_are_told_apart_on_the_screen(here):
    here.sync(come, here, None, None)
    shown = set(re.findall(r"^tf2\.15: on (\S+)$", run(here).stderr, re.MULTILINE))
    assert shown == {f"{platform.node()}:{address.split(':')[-1]}" for address in here.scheduler.workers}
    here.sync(leave, here)
    here.sync(come, here, "one", platform.node())
    shown = set(re.findall(r"^tf2\.15: on (\S+(?: \(\S+\))?)$", run(here).stderr, re.MULTILINE))
    assert shown == {f"{platform.node()} (one)", platform.node()}


def test_a_worker_that_does_not_come_is_not_waited_for_long(here, monkeypatch):
    monkeypatch.setattr(measuring, "FIRST_SECONDS", 1.0)
    done = run(here)
    assert done.exit_code == 4
    assert "has no worker that can be used.\n  likely why: none was started" in done.stderr


def test_a_task_keeps_the_processors_of_its_container_or_job_busy_and_no_more(here, monkeypatch):
    hands = []

    def measure(_, jobs, *__):
        hands.append(jobs)
        raise GroundError("it is full")

    monkeypatch.setattr(worker, "_measure", measure)
    monkeypatch.setattr("dask.system.CPU_COUNT", 6)
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    monkeypatch.delenv("NCPUS", raising=False)
    here.sync(come, here, "one")
    for name, count in ((None, 6), ("SLURM_CPUS_PER_TASK", 3), ("NCPUS", 2)):
        if name:
            monkeypatch.setenv(name, str(count))
        run(here)
        assert hands.pop() == count, name
    run(here, "--workers", "5")
    assert hands.pop() == 5
