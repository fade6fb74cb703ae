"""Files that are there whole or not at all, and the errors of a disk in words.

A file whose name ends in ``.gz`` is compressed; what is read and written is the text that it holds.
"""

import contextlib
import errno
import gzip
import hashlib
import io
import os
import platform
import tempfile
import time
import zlib
from functools import cache
from pathlib import Path

from nestbench.errors import GroundError
from nestbench.given import LARGEST, content
from nestbench.whole import SUFFIX, write_whole

__all__ = ["StoreError", "clean", "read_text", "remove", "require_writable", "write_text"]

_PREFIX = ".nestbench-"
_PACKED = ".gz"
#: A partial file of a process that is gone is stray at once; of one that lives, or is elsewhere, then.
_STRAY_SECONDS = 3600


class StoreError(GroundError):
    """A result cannot be read or written."""


def write_text(path: Path, text: str) -> None:
    """Write ``path`` so that a reader, or a crash, finds the old file or the new one.

    Raises StoreError where the disk is full or the folder cannot be written to.
    """
    data = _packed(text.encode()) if path.suffix == _PACKED else text.encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data, prefix=_own_prefix())
    except OSError as error:
        raise _in_words(error, f"{path} could not be written") from error


def remove(path: Path) -> None:
    """That there is no such file. Raises StoreError where it may not be removed."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _in_words(error, f"{path} could not be removed") from error


def read_text(path: Path) -> str | None:
    """The text of ``path``; None where there is no such file.

    Raises StoreError, also for what is no file, or too large to be ours: it may come from anybody.
    """
    try:
        data = content(path)
        text = (_unpacked(data, path) if path.suffix == _PACKED else data).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise StoreError(
            f"{path} is not text",
            why=f"Byte {error.start} is not UTF-8: the file was damaged or is of another kind.",
            do="Delete it and run again; only its own cells are measured again.",
        ) from error
    except OSError as error:
        raise _in_words(error, f"{path} could not be read", reading=True) from error
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _packed(data: bytes) -> bytes:
    """With no name and no time in it: the same bytes each time."""
    return gzip.compress(data, mtime=0)


def _unpacked(data: bytes, path: Path) -> bytes:
    """Never more than is read of any file, whatever a few bytes claim to hold. Raises OSError, StoreError."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            found = stream.read(LARGEST + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise StoreError(
            f"{path} cannot be unpacked",
            why=f"It was cut or damaged, or is of another kind ({error}).",
            do="Delete it and run again, or bring it back from git.",
        ) from error
    if len(found) > LARGEST:
        size = f"more than {LARGEST / 2**20:g} MB are not read"
        raise OSError(errno.EFBIG, f"What it holds is too large: {size}", str(path))
    return found


def require_writable(folder: Path) -> None:
    """Make ``folder`` where it is missing. Raises StoreError, naming it, where no file can be made in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(prefix=_own_prefix(), suffix=SUFFIX, dir=folder)
        os.close(handle)
        Path(probe).unlink()
    except OSError as error:
        raise _in_words(error, f"No result can be written to {folder}") from error


def clean(root: Path) -> int:
    """Remove partial files that an interrupted writer left under ``root``; returns how many."""
    removed = 0
    for path in root.glob(f"**/{_PREFIX}*{SUFFIX}"):
        with contextlib.suppress(OSError):
            if _is_stray(path):
                path.unlink()
                removed += 1
    return removed


def _own_prefix() -> str:
    return f"{_PREFIX}{_here()}-{os.getpid()}-"


@cache
def _here() -> str:
    """Tells where a process id means anything: the host, and the container on it."""
    space = Path("/proc/self/ns/pid")
    found = f"{platform.node()} {space.readlink() if space.is_symlink() else ''}"
    return hashlib.sha256(found.encode()).hexdigest()[:8]


def _is_stray(path: Path) -> bool:
    where, writer, *_ = [*path.name.removeprefix(_PREFIX).split("-"), ""]
    if where == _here():
        try:
            os.kill(int(writer), 0)
        except (ValueError, ProcessLookupError):
            return True
        except PermissionError:
            pass
    return time.time() - path.stat().st_mtime > _STRAY_SECONDS


def _in_words(error: OSError, what: str, *, reading: bool = False) -> StoreError:
    denied = error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        why, do = (
            "The disk is full, or your quota is used up.",
            "Free some space and run the same again: what was written is kept.",
        )
    elif reading:
        why = f"{error.strerror or error}."
        do = "Make it readable." if denied else "Remove it, or bring it back from where it was measured."
    elif denied:
        why, do = (
            f"You may not do that in this folder ({error.strerror}).",
            "Make it writable, or name another folder with --results DIR.",
        )
    else:
        why, do = f"{error.strerror or error}.", "Name another folder with --results DIR."
    return StoreError(what, why=why, do=do)
