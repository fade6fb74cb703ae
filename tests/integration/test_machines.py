"""A plan on a scheduler and three workers of Dask that are killed, cut off, slow and full: the same bytes."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from machines_stage import ENVIRON, Machines, why_no_namespaces

from nestbench.run.workspace import find_workspace
from nestbench.store import Store

pytestmark = [pytest.mark.integration, pytest.mark.machines]

STACKS = ("tf2.1", "tf2.15", "tf2.21")
SELECTION = ["--group", "article", "--group", "attributes"]
ENVS = find_workspace(Path(__file__)).root / ".nestbench" / "envs"
#: One of them has no Python 3.7, as it says.
WORKERS = {"w1": "disk=1", "w2": "disk=1,py37=1", "w3": "disk=1,py37=1"}

APART = why_no_namespaces()
needs_namespaces = pytest.mark.skipif(bool(APART), reason=APART or "never")


def command(folder, *more):
    return [
        sys.executable, "-m", "nestbench", "run", *SELECTION, "--envs", str(ENVS), "--workers", "1",
        "--results", str(folder / "results"), *more,
    ]  # fmt: skip


def held(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in (folder / "results").glob("*/*.json")
        if path.name != "_host.json"
    }


def observed(files):
    """Each observation with its file: of a run that was interrupted, a file may hold a part of them."""
    read = {name: json.loads(text).get("observations", ()) for name, text in files.items()}
    return {(name, json.dumps(one)) for name, some in read.items() for one in some}


@pytest.fixture(scope="module")
def alone(python_of_stack, tmp_path_factory):
    """What a run on this machine alone gives."""
    for stack in STACKS:
        python_of_stack(stack)
    folder = tmp_path_factory.mktemp("alone")
    done = subprocess.run(
        command(folder, *STACKS), cwd=folder, env=ENVIRON, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return held(folder)


class Far:
    """A run on the workers, as it goes."""

    def __init__(self, folder, machines, *more):
        folder.mkdir(exist_ok=True)
        self.folder, self._log = folder, folder / "log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command(folder, "--scheduler", machines.address, *more),
                cwd=folder,
                env=ENVIRON,
                stdout=log,
                stderr=log,
                # Started in the background, pytest ignores SIGINT and its children would.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads
            )

    @property
    def said(self):
        return self._log.read_text()

    def cases(self, stack):
        return len(list((self.folder / "results" / stack).glob("[!_]*.json")))

    def reaches(self, stack, cases):
        """Waits until so many cases of the stack are stored; the machine that measures it."""
        deadline = time.monotonic() + 300
        while self.cases(stack) < cases:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)
        return re.findall(rf"{re.escape(stack)}: on (\w+)", self.said)[-1]

    def ends(self):
        return self.process.wait(600)


@pytest.fixture
def machines(tmp_path):
    with Machines(tmp_path / "machines", WORKERS, apart=not APART) as started:
        yield started


def test_every_stack_goes_where_it_can_and_the_results_are_the_same_bytes(alone, machines, tmp_path):
    far = Far(tmp_path / "far", machines, "--tasks-per-stack", "2", *STACKS)
    assert far.ends() == 0, far.said
    assert held(far.folder) == alone
    if not APART:
        taken = set(re.findall(r"tf2\.1: on (\w+)", far.said))
        assert taken
        assert taken <= {"w2", "w3"}
        hosts = [Store(far.folder / "results").load_host(stack) for stack in STACKS]
        assert len({one.host["id"] for one in hosts} | {id_ for one in hosts for id_ in one.others}) > 1


def test_what_no_worker_can_take_is_told_before_and_not_waited_for(tmp_path, python_of_stack):
    python_of_stack("tf2.15")
    with Machines(tmp_path / "machines", {"w1": "disk=1"}, apart=not APART) as machines:
        far = Far(tmp_path / "far", machines, "tf2.1", "tf2.15", "--case", "article-example-1")
        assert far.ends() == 3
    left_out = far.said.index("tf2.1: left out: none of 1 worker offers py37")
    assert left_out < far.said.index("tf2.15: on ")
    assert far.cases("tf2.15") == 1


@needs_namespaces
def test_a_worker_is_killed_in_the_middle_of_a_stack(alone, machines, tmp_path):
    far = Far(tmp_path / "far", machines, "tf2.15", "tf2.21", "tf2.1")
    name = far.reaches("tf2.15", 5)
    machines.workers[name].kill()
    assert far.ends() == 0, far.said
    assert held(far.folder) == alone
    again = r"tf2\.15: .*; (\d+) cells? of it to be given once more(?:, (\d+) of them since)?"
    told = re.search(again, far.said)
    left, unlooked = int(told[1]), int(told[2] or 0)
    assert 0 < left <= 30 - 5 + unlooked  # cells; never more than was not yet stored, or not looked at
    assert machines.workers[name].probes() == []


@needs_namespaces
def test_the_scheduler_is_restarted(alone, machines, tmp_path):
    far = Far(tmp_path / "far", machines, *STACKS)
    far.reaches("tf2.15", 5)
    machines.scheduler.kill()
    time.sleep(2)
    machines.scheduler.start()
    assert far.ends() == 0, far.said
    assert "is gone; waiting for it to come back." in far.said
    assert held(far.folder) == alone


@needs_namespaces
def test_a_worker_is_cut_off(alone, machines, tmp_path):
    far = Far(tmp_path / "far", machines, *STACKS)
    name = far.reaches("tf2.21", 5)
    machines.workers[name].cut()
    assert far.ends() == 0, far.said
    assert "was lost with its task" in far.said
    assert held(far.folder) == alone


@needs_namespaces
def test_a_worker_is_slow(alone, machines, tmp_path):
    far = Far(tmp_path / "far", machines, *STACKS)
    slow = machines.workers[far.reaches("tf2.15", 2)]
    while far.process.poll() is None:
        slow.signal(signal.SIGSTOP)
        time.sleep(2.0)
        slow.signal(signal.SIGCONT)
        time.sleep(0.5)
    assert far.ends() == 0, far.said
    assert held(far.folder) == alone


@needs_namespaces
def test_the_disk_of_a_worker_fills(alone, machines, tmp_path):
    """All that w1 writes is on a disk that gets full while it measures."""
    name = "w1"
    machines.workers[name].kill()
    folder = machines.workers[name].folder
    machines.small_disk(name, 400)
    machines.workers[name].start()
    machines.wait()  # else the two others may take all
    far = Far(tmp_path / "far", machines, *STACKS)
    deadline = time.monotonic() + 120
    while not re.search(r"on w1:\d+\n", far.said) and time.monotonic() < deadline:
        time.sleep(0.1)
    stack = re.search(r"(\S+): on w1:\d+\n", far.said)[1]
    far.reaches(stack, 5)
    (folder / "somebody-elses").write_bytes(b"\0" * 200 * 2**20)
    assert far.ends() == 0, far.said
    assert re.search(rf"{re.escape(stack)}: on w1:\d+: The disk of ", far.said), far.said
    assert held(far.folder) == alone


def test_an_interrupted_run_goes_on_where_it_stopped(alone, machines, tmp_path):
    far = Far(tmp_path / "far", machines, *STACKS)
    far.reaches("tf2.15", 3)
    far.process.send_signal(signal.SIGINT)
    assert far.ends() == 3
    assert "The same command goes on from here" in far.said
    stored = held(far.folder)
    deadline = time.monotonic() + 60
    while any(worker.probes() for worker in machines.workers.values()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    far = Far(tmp_path / "far", machines, *STACKS)
    assert far.ends() == 0, far.said
    assert held(far.folder) == alone
    assert observed(stored) <= observed(alone)
