"""A process of its own for one cell: forked after the import, or fresh; limited, watched, cleaned up."""

import ctypes
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback

from nestprobe.cell import kept_in, observe_into
from nestprobe.confinement import confine
from nestprobe.device import DeviceError
from nestprobe.observation import Outcome, OutcomeKind

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1024 * 1024
_LARGEST_FILE = 1024 * _MEGABYTE
#: A cell that breaks the protocol itself, not the case, ends with this status.
PROBE_FAILED = 70


def _prctl(option, value):
    try:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (OSError, AttributeError):
        pass  # not Linux: an orphan is then found by its process group alone


def adopt_orphans():
    """Make what the cells leave behind children of this process, so that it can be ended."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent():
    """Let the system end this process, without a word, when the one that started it is gone."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Limits(object):
    """``seconds`` of wall time and ``megabytes`` of resident memory for one cell."""

    def __init__(self, seconds=60, megabytes=4096):
        self.seconds, self.megabytes = seconds, megabytes


class Child(object):
    """One running cell. ``start`` it, ``poll`` it until it gives the cell's result.

    ``work(cell, kit, scratch, path)`` is what a forked child does; it keeps what it knows in ``path``. A
    fresh one runs the probe's command ``fresh`` instead, whose request holds ``extra`` beside the cell.
    ``confined``: it can write into ``folder`` only, where the kernel knows how. ``key``: what the cell has
    to sign its result with, and ``work`` takes as a fifth argument. ``company``: whether other cells ran
    beside it; ``whole``, once it has ended: whether it came to its end by itself, and ``compiled``: files
    that it imported and that have no byte code.
    """

    def __init__(
        self, cell, folder, limits, work=observe_into, fresh="cell", extra=None, confined=False, key=None
    ):
        self.cell, self.folder, self.limits = cell, folder, limits
        self._work, self._fresh, self._extra = work, fresh, extra or {}
        self._confined, self._key = confined, key
        self.company = self.whole = False
        self.compiled = ()
        self.result = os.path.join(folder, "result.json")
        self.log = os.path.join(folder, "stderr.log")
        self.started = time.perf_counter()
        self.pid = None
        self.case_seconds = None  # of wall time in the case itself; None where it did not finish
        self._ended_by = None
        self._next_look = 0.0

    def start(self, kit=None):
        """Fork; the child observes with ``kit``, or becomes a fresh interpreter where it is None."""
        scratch = os.path.join(self.folder, "scratch")
        os.makedirs(scratch)
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid:
            return
        status = PROBE_FAILED
        try:
            self._enter(scratch)
            if kit is None:
                self._become_fresh(scratch)
            signed = () if self._key is None else (self._key,)
            self._work(self.cell, kit, scratch, self.result, *signed)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def _enter(self, scratch):
        os.setsid()
        end_with_parent()
        signal.set_wakeup_fd(-1)
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(name, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        log = os.open(self.log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        os.dup2(log, 2)
        os.closerange(3, 256)  # TensorFlow opens nothing before its first op; the pipes are not ours
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
        os.chdir(scratch)
        # For what TensorFlow writes at a whim, such as autograph's copies of functions, also where
        # this becomes a fresh interpreter.
        tempfile.tempdir = os.environ["TMPDIR"] = scratch
        if self._confined:
            confine(self.folder)

    def _become_fresh(self, scratch):
        request = os.path.join(self.folder, "cell.json")
        with open(request, "w") as stream:
            asked = dict(
                self._extra,
                file=self.cell.file,
                case=self.cell.case,
                variant=self.cell.variant,
                scratch=scratch,
                result=self.result,
                key=self._key,
            )
            json.dump(asked, stream)
        os.execv(sys.executable, [sys.executable, "-s", "-m", "nestprobe", self._fresh, request])

    def poll(self):
        """None while it runs; then ``{"phase", "observation"}`` or an Observation of its end.

        Raises DeviceError where it found no GPU although one was asked for.
        """
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            self._enforce()
            return None
        self.sweep()
        return self._read(status)

    def _enforce(self):
        now = time.perf_counter()
        if now - self.started > self.limits.seconds:
            self._end(Outcome(OutcomeKind.TIMED_OUT, "limit of %g s" % self.limits.seconds))
        elif now >= self._next_look:
            self._next_look = now + 0.05
            if resident(self.pid) > self.limits.megabytes * _MEGABYTE:
                text = "limit of %d MB" % self.limits.megabytes
                self._end(Outcome(OutcomeKind.OUT_OF_MEMORY, text))

    def _end(self, outcome):
        if self._ended_by is None:
            self._ended_by = outcome
            self.kill()

    def kill(self):
        """End the cell and all of its process group."""
        for send in (os.killpg, os.kill):
            try:
                send(self.pid, signal.SIGKILL)
            except OSError:
                pass

    def sweep(self):
        """End what the cell left running in its process group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            pass

    def _read(self, status):
        kept = kept_in(self.result, self._key) or kept_in(self.result + ".part", self._key)
        if kept is not None and "no_device" in kept:
            raise DeviceError(kept["no_device"])
        if kept is not None and kept["phase"] is None and self._ended_by is None:
            self.case_seconds, self.whole = kept["seconds"], True
            self.compiled = kept.get("compiled", ())
            return kept["observation"]
        data = kept["observation"] if kept is not None else None
        phase = kept["phase"] if kept is not None else None
        return _ended(self.cell, data, self._ended_by or _outcome(status), phase)

    def close(self):
        """Remove the cell's folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _ended(cell, data, outcome, phase):
    if data is None:
        data = {"case": cell.case, "variant": dict(cell.variant), "phases": {}, "variables": []}
    data["outcome"] = {"kind": outcome.kind, "detail": outcome.detail}
    if phase is not None:
        data["outcome"]["phase"] = phase
    return data


def _outcome(status):
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = "signal %d" % number
        return Outcome(OutcomeKind.CRASHED, name)
    return Outcome(OutcomeKind.EXITED, "exit status %d" % os.WEXITSTATUS(status))


def resident(pid):
    """Resident memory of a process in bytes; 0 where it is gone or the system does not tell."""
    try:
        with open("/proc/%d/statm" % pid) as stream:
            return int(stream.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def end_orphans(known):
    """End every child of this process that is not in ``known``: what cells left behind."""
    try:
        with open("/proc/self/task/%d/children" % os.getpid()) as stream:
            children = [int(word) for word in stream.read().split()]
    except (OSError, ValueError):
        return
    for pid in children:
        if pid not in known:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except OSError:
                pass
