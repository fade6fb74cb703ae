"""Observes many cells in one environment: one import, a child per cell, events on the way."""

import binascii
import collections
import gc
import os
import select
import shutil
import signal
import time

from nestprobe import confinement, device, translations
from nestprobe.backend import Backend
from nestprobe.bytecode import ByteCode
from nestprobe.cell import observe
from nestprobe.child import Child, Limits, adopt_orphans, end_orphans
from nestprobe.observation import to_data

#: More threads than this after the import means that something started a pool: a fork could hang.
MOST_THREADS_TO_FORK = 4


class Observer(object):
    """``emit(event)`` is called with dicts: ready, started, cell, done.

    ``launch``: ``fork`` (a child forked after the import), ``fresh`` (a new interpreter per cell),
    ``inline`` (no isolation: for measuring what isolation costs) or ``auto``: fork where the import
    left few threads, else fresh. On a GPU every cell is ``fresh``, where it is not ``inline``. ``scratch``
    is an existing folder of its own. ``alive`` is a file descriptor whose end of file means that nobody
    listens any more.

    Where the kernel does not keep cells apart, a neighbour may have ended a cell, or written to its result:
    what did not come to its end by itself beside others is observed again, alone, and that is what counts.
    """

    def __init__(self, cells, emit, scratch, launch="auto", jobs=1, limits=None, alive=None):
        self._cells = collections.deque(cells)
        self._emit, self._launch, self._jobs = emit, launch, jobs
        self._limits = limits or Limits()
        self._alive = alive
        self._scratch = scratch
        self._apart = confinement.keeps_apart()
        self._active = {}
        self._alone = collections.deque()  # cells that are observed again
        self._count = 0
        self._byte_code = ByteCode()

    def run(self):
        """Observe all cells; returns when each has been reported.

        Raises DeviceError where the device that is asked for is not there, or no longer.
        """
        backend = Backend()
        launch = self._choose(backend)
        self._emit(
            {
                "event": "ready",
                "versions": backend.versions,
                "flavour": backend.flavour,
                "launch": launch,
                "threads": backend.threads,
                "import_seconds": backend.import_seconds,
                "device": device.facts(backend.kit) if launch == "inline" else device.found(),
            }
        )
        if launch == "inline":
            self._run_inline(backend.kit)
        else:
            self._run_children(backend.kit if launch == "fork" else None)
        self._emit({"event": "done"})

    def _choose(self, backend):
        if device.asked() == device.GPU and self._launch != "inline":
            return "fresh"  # a forked child cannot use what its parent began on a GPU
        if self._launch != "auto":
            return self._launch
        few = backend.threads is not None and backend.threads <= MOST_THREADS_TO_FORK
        return "fork" if few else "fresh"

    def _folder(self):
        self._count += 1
        folder = os.path.join(self._scratch, "cell-%d" % self._count)
        os.makedirs(folder)
        return folder

    def _run_inline(self, kit):
        for cell in self._cells:
            self._started(cell)
            began = time.perf_counter()
            folder = self._folder()
            data = to_data(observe(cell, kit, folder, lambda *_: None))
            device.synchronise(kit)
            seconds = time.perf_counter() - began
            self._finished(data, seconds, seconds)
            shutil.rmtree(folder, ignore_errors=True)

    def _started(self, cell):
        self._emit({"event": "started", "case": cell.case, "variant": cell.variant})

    def _finished(self, data, seconds, case_seconds):
        event = {"event": "cell", "observation": data, "seconds": round(seconds, 4)}
        if case_seconds is not None:
            event["case_seconds"] = round(case_seconds, 4)
        self._emit(event)

    def _run_children(self, kit):
        adopt_orphans()
        if kit is not None:
            translations.prepare(kit, self._scratch)
        # A collection in a child (Keras 3 asks for one per model) need not walk what was imported.
        gc.collect()
        gc.freeze()
        wake, wake_write = os.pipe()
        for descriptor in (wake, wake_write):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        watched = [wake] if self._alive is None else [wake, self._alive]
        try:
            while self._cells or self._active or self._alone:
                while self._cells and len(self._active) < self._jobs:
                    cell = self._cells.popleft()
                    self._started(cell)
                    self._start(cell, kit)
                if self._alone and not self._active:
                    self._start(self._alone.popleft(), kit)
                ready, _, _ = select.select(watched, [], [], 0.05)
                if wake in ready:
                    os.read(wake, 4096)
                if self._alive in ready and not os.read(self._alive, 4096):
                    raise KeyboardInterrupt("nobody listens any more")
                self._collect()
        finally:
            signal.set_wakeup_fd(-1)
            for child in self._active.values():
                child.kill()
            end_orphans(())

    def _start(self, cell, kit):
        # On a GPU the driver keeps what it compiles in the person's own home.
        confined = device.asked() != device.GPU
        key = binascii.hexlify(os.urandom(16)).decode()
        child = Child(cell, self._folder(), self._limits, confined=confined, key=key)
        child.start(kit)
        if not (confined and self._apart) and self._active:
            for one in [child] + list(self._active.values()):
                one.company = True
        self._active[child.pid] = child

    def _collect(self):
        for child in list(self._active.values()):
            data = child.poll()
            if data is not None:
                del self._active[child.pid]
                end_orphans(self._active)
                self._byte_code.write(child.compiled)
                if child.whole or not child.company:
                    self._finished(data, time.perf_counter() - child.started, child.case_seconds)
                else:
                    self._alone.append(child.cell)
                child.close()
