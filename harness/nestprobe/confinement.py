"""What a cell may write to: its own folder, and nothing of its neighbours or of the person who runs it.

The kernel sees to it (Landlock, Linux 5.19 and later); where it cannot, nothing is confined. Reading is
free, and so are devices. The environment is not: whatever is written there, all later cells import
(``nestprobe.bytecode`` writes what they need). It keeps mistakes in, not a stranger who means ill.
"""

import ctypes
import os

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every processor
_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_WRITE_FILE = 1 << 1
#: Removing (2), making (7 kinds), moving between folders: bits 4 to 13 of what a rule can allow.
_CHANGE_FOLDER = sum(1 << bit for bit in range(4, 14))
_TRUNCATE = 1 << 14
_SCOPE_SIGNAL = 1 << 1

#: Before, no file can be moved between two folders of a confined process, as checkpoints are.
_FIRST = 2
_WITH_TRUNCATE = 3
_WITH_SIGNALS = 6


class _Ruleset(ctypes.Structure):
    _fields_ = [("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def confine(folder):
    """Let this process, and all that it starts, write below ``folder`` only, and signal none but its own.

    Returns whether the kernel does so. Never raises.
    """
    try:
        return _confine(folder)
    except (OSError, AttributeError):  # not Linux, or a folder that is not there
        return False


def keeps_apart():
    """Whether a confined process can neither write to nor signal another."""
    try:
        return _call()(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION) >= _WITH_SIGNALS
    except (OSError, AttributeError):  # not Linux
        return False


def _call():
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    return call


def _confine(folder):
    call = _call()
    version = call(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < _FIRST:
        return False
    writing = _WRITE_FILE | (_TRUNCATE if version >= _WITH_TRUNCATE else 0)
    ruleset = _Ruleset(writing | _CHANGE_FOLDER, 0, _SCOPE_SIGNAL if version >= _WITH_SIGNALS else 0)
    rules = call(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(ctypes.sizeof(ruleset)), 0)
    if rules < 0:
        return False
    try:
        whole = writing | _CHANGE_FOLDER
        for path, allowed in ((folder, whole), ("/dev/shm", whole), ("/dev", writing)):
            if os.path.isdir(path) and not _allow(call, rules, path, allowed):
                return False
        if ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            return False
        return call(_RESTRICT_SELF, rules, 0) == 0
    finally:
        os.close(rules)


def _allow(call, rules, path, allowed):
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return call(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(_Beneath(allowed, handle)), 0) == 0
    finally:
        os.close(handle)
