"""Runs a command on a kernel that says it has no Landlock, as old ones and many containers do.

``python unconfined.py COMMAND...``: a filter of system calls, which all that is started inherits.
"""

import ctypes
import errno
import os
import sys

_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2
_CREATE_RULESET = 444  # the same on every processor
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


class _Step(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("then", ctypes.c_uint8),
        ("other", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Step)))


def forget_landlock() -> None:
    """For this process and all that it starts. Raises OSError where the kernel has no such filters."""
    steps = (_Step * 4)(
        _Step(_LOAD, 0, 0, 0),  # the number of the call
        _Step(_EQUAL, 0, 1, _CREATE_RULESET),
        _Step(_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        _Step(_RETURN, 0, 0, _ALLOW),
    )
    program = _Program(len(steps), steps)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_NEW_PRIVS, 1, 0, 0, 0) or prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter of system calls")


if __name__ == "__main__":
    forget_landlock()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - what it is for
