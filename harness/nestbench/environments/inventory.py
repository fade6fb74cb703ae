"""The files that an environment holds, as one digest that is recorded when it was made."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["BYTE_CODE", "files_digest"]

#: Byte code is written by whoever imports a module first, and Python holds it against its source.
BYTE_CODE = "__pycache__"


def files_digest(venv: Path) -> str:
    """SHA-256 (hex) over the path, size and time of the last change of every file but byte code.

    Nothing is opened: a fifth of a second for 20,000 files, where reading them takes seconds. A file that is
    added, removed, replaced or written to gives another digest; one that is changed in its full size and
    given back its old time, to the nanosecond, does not. Raises OSError.
    """
    whole = hashlib.sha256()
    for line in sorted(_lines(str(venv), "")):
        whole.update(os.fsencode(line))
    return whole.hexdigest()


def _lines(folder: str, inside: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{inside}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                found = entry.stat(follow_symlinks=False)
                yield f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n"
            elif entry.name != BYTE_CODE:
                yield from _lines(entry.path, f"{name}/")
