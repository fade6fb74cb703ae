"""Runs a command, and ends all of it when the controller is gone.

Started as a script: ``python leash.py COMMAND...`` with a pipe as stdin. The command gets a
session of its own; when the pipe's other end closes, as it does when the controller is killed, the
whole session's group is ended. A Ctrl-C reaches the controller alone, which then closes the pipe.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

_GRACE_SECONDS = 3.0


def main(command: list[str]) -> int:
    """Exit code of the command; 128 + n where signal n ended it."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_watch, args=(process,), daemon=True).start()
    code = process.wait()
    _signal(process.pid, signal.SIGKILL)  # whatever the command left behind
    return code if code >= 0 else 128 - code


def _watch(process: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    _signal(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    _signal(process.pid, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    CODE = main(sys.argv[1:])
    os._exit(CODE)  # the watching thread sits in a read that may never end
