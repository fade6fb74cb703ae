"""The file that a person named for an output: there whole or not at all, or written through."""

import errno
import os
from pathlib import Path

from nestbench.errors import GroundError, NestbenchError, UsageError
from nestbench.whole import write_whole

__all__ = ["check_output", "write_output"]

_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_output(path: Path, content: bytes, *, option: str, executable: bool = False) -> None:
    """Write ``content`` to what ``path`` leads to.

    A regular file is replaced as a whole, in its own folder; a device, a pipe or a descriptor such
    as /dev/stdout is written to as it is. ``option``: what the path was given with, for messages.

    Raises UsageError for a folder that does not exist or a path that is one, GroundError where it
    cannot be written.
    """
    check_output(path, option=option)
    try:
        if _written_through(path):
            with path.open("ab") as stream:  # nothing that is there already may be lost
                stream.write(content)
        else:
            _replace(Path(os.path.realpath(path)), content, executable=executable)
    except OSError as error:
        raise _in_words(error, path, option) from error


def check_output(path: Path, *, option: str) -> None:
    """Raise UsageError, before any work is done, for a path that cannot be a file."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a file.", do=f"Name a file with {option}.")
    folder = Path(os.path.realpath(path)).parent
    if not _exists(path) and not folder.is_dir():
        raise UsageError(
            f"{path} could not be written: there is no folder {folder}.",
            do=f"Correct the path given with {option}, or make the folder first.",
        )


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False
    return True


def _written_through(path: Path) -> bool:
    return _exists(path) and (not path.is_file() or _is_descriptor(path))


def _is_descriptor(path: Path) -> bool:
    """Whether ``path`` stands for a file that is open already, as /dev/stdout does."""
    while True:
        if os.path.realpath(path.parent).startswith("/proc/"):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()


def _replace(path: Path, content: bytes, *, executable: bool) -> None:
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it may not be written", str(path))
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    write_whole(path, content, mode=mode | 0o111 if executable else mode)


def _in_words(error: OSError, path: Path, option: str) -> NestbenchError:
    if isinstance(error, BrokenPipeError):
        why = "its reader has gone"
    elif error.errno in _FULL:
        why = "the disk is full, or your quota is used up"
    else:
        why = error.strerror or str(error)
    return GroundError(
        f"{path} could not be written.",
        why=why,
        do=f"Free some space for {path}, or name another file with {option}."
        if error.errno in _FULL
        else f"Name a file that can be written with {option}.",
    )
