"""Planted: cases that misbehave in every way that isolation must contain. Never part of the catalogue."""

import ctypes
import os
import subprocess
import sys
import time

from nestprobe import case

WAYS = (
    "segfault",
    "os-exit",
    "sys-exit",
    "hang-in-python",
    "hang-in-c",
    "recursion",
    "recursion-without-limit",
    "eat-memory",
    "garbage-on-stdout",
    "close-descriptors",
    "leave-children",
    "write-environment",
    "raise",
)


def _segfault():
    ctypes.string_at(0)


def _hang_in_python():
    while True:
        pass


def _hang_in_c():
    ctypes.CDLL(None).pause()  # holds no lock, answers no Python signal handler


def _recursion():
    return _recursion()


def _recursion_without_limit():
    sys.setrecursionlimit(10**9)

    def deeper(_):
        return sorted([0], key=deeper)  # through C at every level: the C stack is what overflows

    deeper(0)


def _eat_memory():
    kept = []
    while True:
        kept.append(bytearray(os.urandom(4096)) * 2048)
        time.sleep(0.005)


def _garbage():
    for _ in range(1000):
        os.write(1, b'{"event": "cell", "observation": {}}\n\xff\xfe garbage \x00\n')
    sys.stdout.write("\x1b[2J{not json\n")


def _close_descriptors():
    os.closerange(0, 256)


def _leave_children():
    for session in (False, True):
        subprocess.Popen(["sleep", "987654"], start_new_session=session)


def _write_environment():
    path = os.path.join(sys.prefix, "nestbench-trespass")
    with open(path, "w") as stream:
        stream.write("a planted case was here\n")
    os.remove(path)


_DO = {
    "segfault": _segfault,
    "os-exit": lambda: os._exit(0),
    "sys-exit": lambda: sys.exit(3),
    "hang-in-python": _hang_in_python,
    "hang-in-c": _hang_in_c,
    "recursion": _recursion,
    "recursion-without-limit": _recursion_without_limit,
    "eat-memory": _eat_memory,
    "garbage-on-stdout": _garbage,
    "close-descriptors": _close_descriptors,
    "leave-children": _leave_children,
    "write-environment": _write_environment,
    "raise": lambda: 1 / 0,
}


@case(parameters=5 * 3 + 3, variants={"way": WAYS})
def planted_misbehaviour(k, way):
    """A case that misbehaves when it is called, in the way that its variant names."""

    class Wicked(k.Model):
        def __init__(self):
            super(Wicked, self).__init__()
            self.dense = k.layers.Dense(3)
            self.eager_calls = 0

        def call(self, inputs):
            if k.tf.executing_eagerly():
                _DO[way]()
            return self.dense(inputs)

    return Wicked()
