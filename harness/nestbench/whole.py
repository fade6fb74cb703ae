"""A file that is there whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["SUFFIX", "write_whole"]

#: Of the file beside it that is written first; one that is killed leaves it behind.
SUFFIX = ".part"


def write_whole(path: Path, content: bytes, *, prefix: str = "", mode: int = 0o644) -> None:
    """Write ``path`` so that a reader, or a crash, finds the old file or the new one. Raises OSError.

    ``prefix``: of the name of what is written first, in the same folder.
    """
    prefix = prefix or f".{path.name[:100]}."
    handle, partial = tempfile.mkstemp(prefix=prefix, suffix=SUFFIX, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(partial).chmod(mode)  # mkstemp makes it private
        Path(partial).replace(path)
    finally:
        with contextlib.suppress(OSError):
            Path(partial).unlink(missing_ok=True)
