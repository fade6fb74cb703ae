"""Files that a person names or a stranger sent: read up to a size, whatever they are."""

import errno
import os
import select
import stat
import tomllib
from pathlib import Path
from typing import Any

__all__ = ["LARGEST", "content", "given_text", "given_toml", "toml_of"]

#: Bytes of any file that is read: some fifty times the largest that was ever written here. What is parsed
#: takes twenty times as much at worst.
LARGEST = 16 * 2**20
#: Of what a person writes by hand.
_LARGEST_TEXT = 2**20
_PIPE_SECONDS = 10.0


def content(path: Path, *, largest: int = LARGEST, pipes: bool = False) -> bytes:
    """The bytes of a file. Raises OSError, also where there are more than ``largest``.

    ``pipes``: whether it may be what a shell puts in the place of a file; somebody has to write to it soon.
    Else only a file is read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError as error:  # a null character
        raise OSError(errno.EINVAL, "It is no path", str(path)) from error
    try:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        regular = stat.S_ISREG(found.st_mode)
        if not (regular or pipes):
            raise OSError(errno.EINVAL, "It is a device or a pipe, and no file", str(path))
        if stat.S_ISFIFO(found.st_mode) and not _is_written_to(handle):
            raise OSError(errno.ETIMEDOUT, "It is a pipe, and nobody writes to it", str(path))
        if not regular:
            os.set_blocking(handle, True)
        if found.st_size <= largest:
            # Thousands are read: without a buffer this takes half of the time.
            with open(handle, "rb", buffering=0 if regular else -1, closefd=False) as stream:
                data = stream.read(-1 if regular else largest + 1)
            if len(data) <= largest:
                return bytes(data)
    finally:
        os.close(handle)
    raise OSError(errno.EFBIG, f"It is too large: more than {largest / 2**20:g} MB are not read", str(path))


def _is_written_to(pipe: int) -> bool:
    """Whether somebody does so in time."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(_PIPE_SECONDS * 1000))


def given_text(path: Path) -> str:
    """A text that a person wrote. Raises OSError, UnicodeDecodeError."""
    text = content(path, largest=_LARGEST_TEXT, pipes=True).decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def given_toml(path: Path) -> dict[str, Any]:
    """A table that a person wrote. Raises as ``given_text``, and TOMLDecodeError."""
    return toml_of(given_text(path))


def toml_of(text: str) -> dict[str, Any]:
    """The table that a text holds. Raises TOMLDecodeError, and nothing else."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise tomllib.TOMLDecodeError("it is nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits, a date that no calendar has
        raise tomllib.TOMLDecodeError(str(error)) from error
