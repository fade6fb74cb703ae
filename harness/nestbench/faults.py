"""Errors that are not ours, in words: a full disk, a folder that cannot be written, a fault of nestbench."""

import errno

from nestbench.errors import GroundError, NestbenchError

__all__ = ["STDOUT", "explained"]

#: What an OSError names as its file where standard output did not take what was written.
STDOUT = "standard output"
_DO = {
    errno.ENOSPC: "Free some space and run again; finished results are kept.",
    errno.EDQUOT: "Free some space and run again; finished results are kept.",
    errno.EROFS: "Name a folder that can be written.",
    errno.EACCES: "Name a folder that can be written, or change its permissions.",
    errno.EPERM: "Name a folder that can be written, or change its permissions.",
    errno.EMFILE: "Allow more open files (ulimit -n), or use fewer workers.",
    errno.ENOMEM: "Use fewer workers.",
    errno.EAGAIN: "Allow more processes (ulimit -u), or use fewer workers.",
}


def explained(error: Exception) -> NestbenchError:
    """``error`` itself where it is ours, else what a person can do about it."""
    if isinstance(error, NestbenchError):
        return error
    if isinstance(error, OSError) and error.filename == STDOUT:
        what = f"{STDOUT}: {error.strerror}."
        return GroundError(what, do="Send it where it can be written, with > FILE or | COMMAND.")
    if isinstance(error, OSError) and error.errno in _DO:
        place = f"{error.filename}: " if error.filename else ""
        return GroundError(f"{place}{error.strerror}.", do=_DO[error.errno])
    text = str(error).strip().split("\n", 1)[0]
    return GroundError(
        f"Unexpected {type(error).__name__}{': ' if text else ''}{text}",
        why="a fault in nestbench",
        do="Run `nestbench --debug ...` for the traceback, and report it.",
    )
