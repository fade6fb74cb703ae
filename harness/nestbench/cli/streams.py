"""The standard streams as commands need them: open, named in their errors, and no reason to fail in vain."""

import errno
import io
import os
import sys
from typing import Any

from nestbench.faults import STDOUT

__all__ = ["flushed", "prepare", "silence_stdout"]


class _Stdout(io.FileIO):
    """Standard output, whose errors say whose they are."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            why = "it is closed" if error.errno == errno.EBADF else error.strerror
            raise OSError(error.errno, why, STDOUT) from error


class _Stderr(io.FileIO):
    """Standard error; what it does not take is lost, for there is nowhere to complain but the exit code."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def prepare() -> None:
    """Make the streams of this process fit to be written to; to be called before anything else is opened.

    Whatever was closed by the caller is opened, lest another file gets its number: writing to such a
    standard output is an OSError, to such a standard error is lost. What a terminal cannot show is
    spelled out.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        if _is_closed(number):
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    sys.stdout = _of(sys.stdout, _Stdout, 1)
    sys.stderr = _of(sys.stderr, _Stderr, 2)


def _of(stream: Any, kind: type[io.FileIO], number: int) -> Any:
    if stream is not None:
        stream.flush()
        if not _is_at(stream, number):  # a test's, or that of whoever calls this in a process of theirs
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
            return stream
    return io.TextIOWrapper(
        io.BufferedWriter(kind(number, "wb", closefd=False)),
        encoding=stream.encoding if stream is not None else "utf-8",
        errors="backslashreplace",
        line_buffering=number == 2 or os.isatty(number),  # noqa: PLR2004 - standard error
    )


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def _is_at(stream: Any, number: int) -> bool:
    try:
        return bool(stream.fileno() == number)
    except (OSError, ValueError, AttributeError):
        return False


def silence_stdout() -> None:
    """Nothing more is to be written there: its reader (head, less) has seen enough, or it is full."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def flushed() -> OSError | None:
    """Flush standard output; the error where that fails, and then it is silent.

    Left to the interpreter's own end, the same error would be a complaint and exit code 120.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        silence_stdout()
        return error
    return None
