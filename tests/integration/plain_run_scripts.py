"""Runs scripts, each in a child of one process that has imported TensorFlow: `plain_run_scripts.py FOLDER`.

Runs on the oldest stack's Python. Prints JSON: for each script's name what it printed, and the type and
text of the exception that ended it, or null.
"""

import contextlib
import importlib
import json
import os
import runpy
import signal
import sys
import tempfile

MODULES = ("h5py", "numpy", "tensorflow", "keras", "tf_keras")


def main(folder):
    for name in MODULES:
        with contextlib.suppress(ImportError, AttributeError):
            importlib.import_module(name)
    keras = sys.modules["tensorflow"].keras
    keras.layers.Layer, keras.Model, keras.optimizers.SGD  # noqa: B018 - load what is lazy
    found = {}
    for script in sorted(os.listdir(folder)):
        if script.endswith(".py"):
            found[script[:-3]] = in_a_child(os.path.join(os.path.abspath(folder), script))
    print(json.dumps(found))


def in_a_child(script):
    with tempfile.TemporaryDirectory() as scratch:
        pid = os.fork()
        if pid == 0:
            run(script, scratch)
        status = os.waitpid(pid, 0)[1]
        said = os.path.join(scratch, "said.json")
        if not os.path.exists(said):
            return {"printed": "", "raised": ["process ended", str(status)]}
        with open(said) as stream:
            return json.load(stream)


def run(script, scratch):
    raised = None
    signal.alarm(120)
    os.chdir(scratch)
    printed = os.open("printed.txt", os.O_CREAT | os.O_RDWR)
    os.dup2(printed, 1)
    try:
        runpy.run_path(script, run_name="__main__")
    except BaseException as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        raised = [type(error).__name__, str(text)]
    sys.stdout.flush()
    with open("printed.txt") as stream:
        text = stream.read()
    with open("said.part", "w") as stream:
        json.dump({"printed": text, "raised": raised}, stream)
    os.rename("said.part", "said.json")
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
