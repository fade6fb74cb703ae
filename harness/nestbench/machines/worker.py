"""What runs on a worker: makes a stack's environment, runs its probe, and says what that says, as it goes.

Nothing of a result stays here, and nothing is decided here: whoever gave the task stores and judges.
"""

import hashlib
import os
import platform
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nestbench import staging
from nestbench.catalogue import Cell
from nestbench.errors import GroundError, IncompleteError
from nestbench.faults import explained
from nestbench.machine import this_machine
from nestbench.machines.task import (
    Began,
    Ended,
    Looked,
    Phase,
    Said,
    Saw,
    Task,
    Trouble,
    fingerprint,
    unpacked,
    written,
)
from nestbench.matrix.locks import lock_path
from nestbench.run.events import CellDone, Ready
from nestbench.run.observe import Listener, observe
from nestbench.run.session import tox_prepare
from nestbench.run.workspace import Workspace, find_workspace
from nestbench.store import disk

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["perform"]

_LOOK_SECONDS = 1.0
#: Between two looks at the environment, times as long as one takes. What a worker that is lost saw since its
#: last one is measured again.
_PAUSES = 20
#: On a disk with less, cases fail that fail nowhere else, and what is seen of them is not believed.
_ROOM_BYTES = 256 * 2**20


def perform(task: Task) -> None:
    """Measure the cells of ``task``. Raises nothing: how it ended is said as the rest is."""
    from distributed import get_worker

    worker = get_worker()

    def say(said: Said) -> None:
        worker.log_event(task.topic, written(said))

    stop = threading.Event()
    threading.Thread(target=_look_out, args=(worker, task.key, stop), daemon=True).start()
    say(Began(key=task.key, worker=worker.address, name=_shown(worker), host=this_machine()))
    trouble = None
    try:
        jobs = task.jobs or max(1, _processors() // worker.state.nthreads)
        _measure(task, jobs, say, stop)
    except Exception as error:  # noqa: BLE001 - every failure is an answer
        trouble = Trouble.of(explained(error))
    if not stop.is_set():  # else whoever gave it has moved on, or this worker is leaving: a lost task
        say(Ended(key=task.key, trouble=trouble))
    stop.set()


def _processors() -> int:
    """Those it may use: the affinity shows no quota, and no share of a job that nothing pins."""
    from dask.system import CPU_COUNT  # affinity and quota

    given = (os.environ.get(name, "") for name in ("SLURM_CPUS_PER_TASK", "NCPUS"))  # by Slurm, and by PBS
    return min([CPU_COUNT, *(int(count) for count in given if count.isdecimal())])


def _shown(worker: "Worker") -> str:
    """Its machine, and which of the workers there it is."""
    machine = platform.node()
    if worker.name == worker.address:  # it was given none
        return f"{machine}:{worker.address.rpartition(':')[2]}"
    return machine if worker.name == machine else f"{machine} ({worker.name})"


def _look_out(worker: "Worker", key: str, stop: threading.Event) -> None:
    """Set ``stop`` when nobody wants the task any more: it was taken back, or the scheduler is gone."""
    while not stop.wait(_LOOK_SECONDS):
        task = worker.state.tasks.get(key)
        if task is None or task.state != "executing" or worker.status.name not in ("running", "paused"):
            stop.set()


def _measure(task: Task, jobs: int, say: Callable[[Said], None], stop: threading.Event) -> None:
    if task.fingerprint != fingerprint():
        raise GroundError(
            f"The nestbench of this worker is {fingerprint()}, and not {task.fingerprint}.",
            why="the worker was started from another release or checkout",
            do="Install the same on every worker, and start it again.",
        )
    workspace = find_workspace()
    files = _laid_out(workspace, task.files)
    own = workspace.folder("tasks") / _digest(task.lock.encode())
    stack = replace(task.stack, matrix_file=own / "stacks.toml")  # its lock lies in locks beside that
    disk.write_text(lock_path(stack), task.lock)
    prepared = tox_prepare([stack], workspace, envs=task.envs, allow_download=task.allow_download)(
        stack.id, lambda text: say(Phase(key=task.key, text=text))
    )

    def ready(said: Ready) -> None:
        prepared.require_meant(stack.id, said)
        say(Saw(key=task.key, event=said))

    look_due = 0.0

    def look() -> None:
        nonlocal look_due
        began = time.monotonic()
        prepared.require_unaltered(stack.id)
        say(Looked(key=task.key))
        ended = time.monotonic()
        look_due = ended + _PAUSES * (ended - began)

    with workspace.scratch(stack.id) as scratch:

        def done(_: Cell, answer: CellDone) -> None:
            _require_room(scratch)
            say(Saw(key=task.key, event=answer))
            if time.monotonic() >= look_due:
                look()

        _require_room(scratch)
        ground = prepared.ground(
            scratch,
            staging.stage(workspace.folder("probe")),
            files=files,
            log=workspace.log(stack.id),
            launch=task.launch,
            jobs=jobs,
            limits=task.limits,
        )
        listener = Listener(ready=ready, started=lambda _: None, done=done)
        try:
            why = observe(ground, task.cells, listener, stop=stop)
        finally:
            if not stop.is_set():
                look()
    if why is not None:
        raise IncompleteError(why)


def _laid_out(workspace: Workspace, files: bytes) -> list[Path]:
    """The case files on this machine's disk. Raises StoreError."""
    folder = workspace.folder("tasks") / _digest(files)
    paths = []
    for name, text in unpacked(files).items():
        paths.append(folder / name)
        if disk.read_text(paths[-1]) != text:
            disk.write_text(paths[-1], text)
    return paths


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _require_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _ROOM_BYTES:
        raise GroundError(
            f"The disk of {folder} is full: {free >> 20} MB are free, and {_ROOM_BYTES >> 20} are needed.",
            why="environments or other programs took it",
            do="Free some space there, and offer less disk with --resources.",
        )
