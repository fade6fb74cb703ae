"""One measurement of time on a machine at a time: two would measure each other."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nestbench.errors import GroundError
from nestbench.machine import this_machine
from nestbench.run.workspace import NO_LOCKS, BusyError

__all__ = ["alone"]

#: No link is followed: among temporary files, another user may have laid one there.
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


@contextlib.contextmanager
def alone(command: str) -> Iterator[None]:
    """Held while ``command`` (such as ``nestbench time``) measures time here, whatever processors it takes.

    Those of one core, and all that share a cache, slow each other. The lock is the user's, not the
    checkout's; the system lets go of it however its holder ends. What other users do is not known.
    Raises BusyError, with the holder's process and command, GroundError where no file can be made.
    """
    handle = _opened()
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 200, 0).decode(errors="replace").strip()
            raise BusyError(
                f"Time is being measured on this machine already, by {holder or 'another nestbench'}, so "
                f"`{command}` does not begin.",
                why="two measurements at once would measure each other",
                do="Let it finish, or end it, and run this command again: nothing is measured twice.",
            ) from error
        except OSError as error:
            if error.errno not in NO_LOCKS:  # a file system without locks keeps nobody from measuring
                raise
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} (`{command}`)\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _opened() -> int:
    """The lock's file, open. Raises GroundError."""
    # A home may be shared by many machines.
    name = f"measuring-{this_machine()['id']}.lock"
    failed = []
    for folder in _folders():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(folder / name, _FLAGS, 0o600)
        except OSError as error:
            failed.append(str(error))
    raise GroundError(
        "The file by which those who measure time keep out of each other's way cannot be made.",
        why="; ".join(failed),
        do="Name a folder that can be written to in XDG_CACHE_HOME.",
    )


def _folders() -> list[Path]:
    """The user's cache; where that cannot be written to, as in many a container, temporary files."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - never raises
    return [Path(cache) / "nestbench", Path(tempfile.gettempdir()) / f"nestbench-{os.getuid()}"]
