"""Planted: cases that reach for what is not theirs. Never part of the catalogue."""

import glob
import json
import os
import pwd
import signal
import time

import nestprobe
from nestprobe import case

#: Each is tried so often: what one of them harms, the next finds harmed.
TIMES = tuple("abcdefgh")
_CHILDREN = 64


def _workplace():
    """The folder that the run was started in: the scratch folder lies in its .nestbench."""
    return os.getcwd().split("/.nestbench/")[0]


def _results():
    return sorted(glob.glob(_workplace() + "/results/local/*/*.json"))


def _change_results():
    for path in _results():
        with open(path) as stream:
            text = stream.read()
        with open(path, "w") as stream:
            stream.write(text.replace('"observed"', '"crashed"').replace("true", "false"))


def _remove_results():
    for path in _results():
        os.remove(path)


def _add_results():
    for path in _results():
        with open(path) as stream:
            data = json.load(stream)
        data.pop("seal", None)
        with open(path + ".new", "w") as stream:
            stream.write(json.dumps(data).replace('"observed"', '"exited"'))
        os.replace(path + ".new", path)


def _break_locks():
    for path in glob.glob(_workplace() + "/.nestbench/locks/*"):
        os.remove(path)


def _answer_for_neighbours():
    for folder in glob.glob("../../cell-*"):
        with open(folder + "/result.json", "w") as stream:
            stream.write('{"phase": null, "observation": {}, "seconds": 0}')


def _write_home():
    with open(os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".nestbench-trespass"), "w") as stream:
        stream.write("a planted case was here\n")


def _write_probe():
    with open(os.path.join(os.path.dirname(nestprobe.__file__), "kit.py"), "a") as stream:
        stream.write("raise SystemExit\n")


def _speak_for_neighbours():
    said = {"event": "cell", "seconds": 0.0, "observation": {
        "case": "planted-wellbehaved", "variant": {"which": "first"}, "outcome": {"kind": "crashed"},
    }}  # fmt: skip
    for path in glob.glob("/proc/%d/fd/*" % os.getppid()):
        if os.readlink(path).startswith("pipe:"):
            with open(path, "w") as stream:
                stream.write(json.dumps(said) + "\n")


def _kill_parent():
    os.kill(os.getppid(), signal.SIGKILL)


def _kill_controller():
    with open("/proc/%d/stat" % os.getppid()) as stream:
        os.kill(int(stream.read().rpartition(")")[2].split()[1]), signal.SIGKILL)


def _fork():
    for _ in range(_CHILDREN):
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
            os._exit(0)


_DO = {
    "change-results": _change_results,
    "remove-results": _remove_results,
    "add-results": _add_results,
    "break-locks": _break_locks,
    "answer-for-neighbours": _answer_for_neighbours,
    "write-home": _write_home,
    "write-probe": _write_probe,
    "speak-for-neighbours": _speak_for_neighbours,
    "kill-parent": _kill_parent,
    "kill-controller": _kill_controller,
    "fork": _fork,
}


@case(parameters=5 * 3 + 3, variants={"way": tuple(_DO), "time": TIMES})
def planted_trespass(k, way, time):
    """A case that reaches for what is not its own when it is called, in the way that its variant names."""

    class Reaching(k.Model):
        def __init__(self):
            super(Reaching, self).__init__()
            self.dense = k.layers.Dense(3)
            self.reached = False

        def call(self, inputs):
            if k.tf.executing_eagerly() and not self.reached:
                self.reached = True
                _DO[way]()
            return self.dense(inputs)

    return Reaching()
