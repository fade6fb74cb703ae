"""One probe server as a child process: started, listened to, and ended with all it started."""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event as Flag
from types import TracebackType
from typing import Self

from nestbench.run.events import Ended, Event, Ready, parse

#: A first import of TensorFlow from a cold disk stays well below this.
IMPORT_SECONDS = 300.0
#: What a server may need beyond a cell's own limit: to end the child, a fresh import, a swap.
GRACE_SECONDS = 120.0
_POLL_SECONDS = 0.25
_TERM_SECONDS = 3.0
#: Set in a server's environment to a value of its own; all that it starts inherits it.
MARK = "NESTBENCH_SERVER"
#: One observation is a few kilobytes; a line longer than this is no event.
_LINE_LIMIT = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one cell may use: ``seconds`` of wall time, ``megabytes`` of memory."""

    seconds: float = 60
    megabytes: int = 4096


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a probe server is asked to observe."""

    files: Sequence[str]  # absolute paths
    cells: Sequence[Mapping[str, object]]  # {"case": id, "variant": {...}}
    launch: str  # "fork", "fresh" or "inline"
    jobs: int
    limits: Limits
    scratch: str  # absolute path of a folder that is the server's own

    def to_json(self) -> str:
        """The request file's text."""
        return json.dumps(asdict(self), indent=1)


class ProbeProcess:
    """A running probe server; a context manager that leaves nothing of it running.

    The server's stdin is a pipe that only this process holds: if the controller is killed the
    server reads end-of-file and ends itself and its children. Its stdout is a socket, not a pipe: what is
    in /proc of a pipe can be opened, and written to, by any process of the same person.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        log: Path,
        folder: Path,
    ) -> None:
        self._mark = uuid.uuid4().hex
        self._log = log.open("ab")
        self._said, speaks = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=speaks.fileno(),
                stderr=self._log,
                env={**environ, MARK: self._mark},
                cwd=folder,
                start_new_session=True,
            )
        except BaseException:
            self._log.close()
            self._said.close()
            raise
        finally:
            speaks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def events(self, *, stop: Flag, silence: float) -> Iterator[Event]:  # noqa: C901 - each end has a name
        """What the server says until it is gone; ends with exactly one Ended.

        ``silence``: seconds after "ready" without a word after which the server is given up.
        Before "ready" that limit is at least IMPORT_SECONDS. When ``stop`` is set the server is
        ended and so is the iteration.
        """
        allowed = max(silence, IMPORT_SECONDS)
        heard = time.monotonic()
        pending = b""
        stream = self._said.fileno()
        self._said.setblocking(False)
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while True:
                if stop.is_set():
                    self.close()
                    yield Ended(how="interrupted", clean=False)
                    return
                if not selector.select(_POLL_SECONDS):
                    if time.monotonic() - heard > allowed:
                        self.close()
                        yield Ended(how=f"silent for {allowed:.0f} s", clean=False)
                        return
                    # A grandchild that outlives the server may hold its stdout open for ever.
                    if self._running() or selector.select(0):
                        continue
                    break
                try:
                    chunk = os.read(stream, 2**16)
                except ConnectionError:  # it died before it had read what somebody sent it
                    chunk = b""
                if not chunk:
                    break
                heard = time.monotonic()
                *lines, pending = (pending + chunk).split(b"\n")
                if len(pending) > _LINE_LIMIT:
                    self.close()
                    yield Ended(how="wrote a line without end", clean=False)
                    return
                for line in lines:
                    if line.strip():
                        event = parse(line)
                        allowed = silence if isinstance(event, Ready) else allowed
                        yield event
        yield self._ended()

    def _ended(self) -> Ended:
        stayed = not self._wait(_TERM_SECONDS)
        status = self.close()
        if stayed:
            return Ended(how="closed its output and stayed", clean=False)
        return Ended(how=describe_status(status), clean=status == 0)

    def _running(self) -> bool:
        # Not Popen.poll(): that reaps, and a reaped pid may be another's by the time we kill.
        if self._process.returncode is not None:
            return False
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return ended is None

    def close(self) -> int:
        """End the server and everything in its session; its return code. Safe to call again."""
        assert self._process.stdin is not None
        if self._process.returncode is not None:
            return self._process.returncode
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # the polite word: end-of-file
        if not self._wait(_TERM_SECONDS):
            self._process.terminate()
            self._wait(_TERM_SECONDS)
        kill_marked(self._mark)
        status = self._process.wait()
        self._said.close()
        self._log.close()
        return status

    def _wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._running():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS / 10)
        return True


def kill_marked(mark: str) -> None:
    """SIGKILL every process that was started with ``mark`` in its environment.

    The server's children are in sessions of their own, and some of them start others: what they
    share is the environment that they were born with.
    """
    wanted = f"{MARK}={mark}".encode()
    for _ in range(3):  # one of them may start another while we look
        found = False
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)
                    found = True
        if not found:
            return


def describe_status(status: int) -> str:
    """``returncode`` of subprocess in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
