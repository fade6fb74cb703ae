"""Where a run keeps its things, and who may write a stack's results."""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from nestbench.errors import IncompleteError


class BusyError(IncompleteError):
    """Another run is writing the same results."""


LOCAL, PUBLISHED, ACCEPTED = "local", "published", "accepted"
_HELD = ".held"
NO_LOCKS = (errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The folder under which results and working files lie; working files under ``.nestbench``."""

    root: Path

    @property
    def local(self) -> Path:
        """Results of this machine; git ignores them."""
        return self.root / "results" / LOCAL

    @property
    def published(self) -> Path:
        """Results that are committed."""
        return self.root / "results" / PUBLISHED

    @property
    def accepted(self) -> Path:
        """Baselines of the gate, and the list of known deviations; committed."""
        return self.root / "results" / ACCEPTED

    def folder(self, name: str) -> Path:
        """A working folder of that name; made where missing. Raises OSError."""
        folder = self.root / ".nestbench" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(self, stack: str) -> Path:
        """Where the words of the stack's probe servers go."""
        return self.folder("logs") / f"{stack}.log"

    def journal(self, results: Path, stack: str) -> Path:
        """Where it stands what of ``stack`` is being measured into ``results``. Raises OSError."""
        return self.folder("journals") / f"{stack}-{_place(results)}.json"

    @contextlib.contextmanager
    def scratch(self, stack: str) -> Iterator[Path]:
        """A folder that is gone afterwards; those that killed runs left behind go first.

        A lock inside tells a folder in use from a left one. Raises OSError.
        """
        folder = self.folder("scratch")
        with FileLock(self.folder("locks") / "scratch.lock"):
            for left in folder.iterdir():
                with contextlib.suppress(Timeout, OSError), FileLock(left / _HELD, blocking=False):
                    shutil.rmtree(left, ignore_errors=True)
            made = Path(tempfile.mkdtemp(prefix=f"{stack}-", dir=folder))
            held = FileLock(made / _HELD)
            held.acquire(blocking=False)
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
            held.release()

    @contextlib.contextmanager
    def lock(self, results: Path, stack: str, *, own_folder: bool = False) -> Iterator[None]:
        """Held while the results of ``stack`` under ``results`` are written.

        ``own_folder``: they lie in a folder of their own there, which is made where missing and locked, too:
        so runs of other workspaces meet this one. Raises BusyError at once where another run holds it.
        """
        lock = FileLock(self.folder("locks") / f"{stack}-{_place(results)}.lock")
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(lock.acquire(blocking=False))
                if own_folder:
                    held.enter_context(_folder_locked(results / stack))
            except (Timeout, BlockingIOError) as error:
                raise BusyError(
                    "another run is measuring this stack into the same folder",
                    why=f"it writes to {results}, and began before this one",
                    do="Let it finish and run again; nothing is measured twice.",
                ) from error
            yield


def _place(results: Path) -> str:
    return hashlib.sha256(os.fsencode(results.resolve())).hexdigest()[:12]


@contextlib.contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    """The folder itself locked: whoever writes into it meets there, from wherever, and no file can be lost.

    Raises BlockingIOError where another holds it. A file system that locks no folders (NFS) is left to the
    workspace's own lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        yield
    finally:
        os.close(handle)


def find_workspace(start: Path | None = None) -> Workspace:
    """The checkout or the folder of an earlier run that ``start`` is in, else ``start`` itself.

    ``start``: the current folder where left out.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "harness" / "nestbench").is_dir() or (folder / ".nestbench").is_dir():
            return Workspace(root=folder)
    return Workspace(root=here)
