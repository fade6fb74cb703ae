"""Temporary folders that are gone when their use is over, whatever becomes of the process."""

import atexit
import contextlib
import os
import shutil
import tempfile

_PREFIX = "nestprobe-"


@contextlib.contextmanager
def folder():
    """A folder for the time of the body. Raises OSError."""
    made = tempfile.mkdtemp(prefix=_PREFIX)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def own():
    """Have all temporary files of this process, and of what it starts, lie in a folder that ends with it.

    To be called before any backend is imported: what they remove themselves at exit, as autograph does
    with a file for each function that it translated, goes before the folder. Raises OSError.
    """
    made, owner = tempfile.mkdtemp(prefix=_PREFIX), os.getpid()

    def remove():
        if os.getpid() == owner:  # a fork has the same list of what to do at exit
            shutil.rmtree(made, ignore_errors=True)

    atexit.register(remove)
    tempfile.tempdir = os.environ["TMPDIR"] = made
