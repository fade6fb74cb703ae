"""Growth on a GPU that is there when it begins and goes away: told as that, not as what became of a size.

Beside ``growing`` and not in it: what is counted and timed does not hang on it, nor do the fingerprints of
results.
"""

import json
import os
import sys

from nestprobe import device
from nestprobe.cell import keep_in
from nestprobe.child import end_with_parent
from nestprobe.timing import growing

#: In the folder of answers; there says why nothing more is answered.
FILE = "gone.json"


def grow(path):
    """As ``growing.grow``; what was answered stays, and of the rest ``FILE`` says why it is unavailable."""
    end_with_parent()  # a controller that was killed shall leave nothing that disturbs the next
    try:
        return growing.grow(path)
    except device.DeviceError as error:
        with open(path) as stream:
            answers = json.load(stream)["answers"]
        growing._write(os.path.join(answers, FILE), {"no_device": str(error)})  # noqa: SLF001 - one file format
        sys.stderr.flush()
        os._exit(3)  # as growing: a backend's own shutdown can hang


def point(path):
    """As ``growing.point``; where the GPU is gone, ``Child`` reads that in the place of a result."""
    try:
        return growing.point(path)
    except Exception as error:
        why = _why_gone(error)
        if why is None:
            raise
        with open(path) as stream:
            request = json.load(stream)
        keep_in(request["result"], {"no_device": why}, request["key"])
        os._exit(3)


def _why_gone(error):
    """The reason where the GPU is gone; None where it is there. JAX has words of its own."""
    if isinstance(error, device.DeviceError):
        return str(error)
    try:
        device.found()
    except device.DeviceError as gone:
        return str(gone)
    return None
