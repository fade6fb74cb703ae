"""The file that a result is written to: there whole or not at all, or written through."""

import os
import stat


def complaint(path):
    """Why ``path`` cannot be a file, before anything is observed; None where it can."""
    if path is None or (_mode(path) is not None and not os.path.isdir(path)):
        return None
    if os.path.isdir(path):
        return "%s is a folder; name a file with -o" % path
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        return "%s could not be written: there is no folder %s; correct -o" % (path, folder)
    return None


def write(path, text):
    """Replace a regular file as a whole; write to a device, a pipe or a descriptor as it is.

    Raises OSError.
    """
    mode = _mode(path)
    if mode is not None and (not stat.S_ISREG(mode) or _is_descriptor(path)):
        with open(path, "a") as stream:  # nothing that is there already may be lost
            stream.write(text)
        return
    target = os.path.realpath(path)
    partial = target + ".part"
    try:
        with open(partial, "w") as stream:
            stream.write(text)
        os.replace(partial, target)
    except OSError:
        if os.path.exists(partial):
            os.remove(partial)
        raise


def _mode(path):
    try:
        return os.stat(path).st_mode
    except OSError:
        return None


def _is_descriptor(path):
    """Whether ``path`` stands for a file that is open already, as /dev/stdout does."""
    while True:
        folder = os.path.dirname(os.path.abspath(path))
        if os.path.realpath(folder).startswith("/proc/"):
            return True
        if not os.path.islink(path):
            return False
        path = os.path.join(folder, os.readlink(path))
