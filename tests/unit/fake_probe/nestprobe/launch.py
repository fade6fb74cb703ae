"""A launch whose cases behave as their names say; its times are made up."""

import json
import os
import signal
import subprocess
import sys
import time

SLEEPER = "import time; time.sleep(600)"


def launch(path):
    with open(path) as stream:
        request = json.load(stream)
    cases = [item["case"] for item in request["cells"]]
    with open(os.path.join(os.path.dirname(request["files"][0]), "launches.jsonl"), "a") as log:
        asked = dict(request, pid=os.getpid(), cpus=sorted(os.sched_getaffinity(0)))
        log.write(json.dumps(asked) + "\n")
    if "leaves-child" in cases:
        subprocess.Popen([sys.executable, "-c", SLEEPER, request["files"][0]], start_new_session=True)
    if "hangs" in cases:
        time.sleep(600)
    if "kills-launch" in cases:
        os.kill(os.getpid(), signal.SIGKILL)
    if "no-gpu" in cases:
        return write(request["outcomes"], {"no_device": "no GPU to compute on: it is away"})
    version = "9.9" if "other-keras" in cases else "2.15.0"
    benchmarks = []
    cells = [behave(request, item, benchmarks) for item in request["cells"]]
    if benchmarks:
        write(request["benchmarks"], {"benchmarks": benchmarks})
    return write(
        request["outcomes"],
        {
            "versions": {"python": "3.11.0", "tensorflow": "2.15.1", "keras": version},
            "flavour": "keras2",
            "launch": request["launch"],
            "device": {"device": "gpu" if "on-a-gpu" in cases else "cpu"},
            "import_seconds": 0.1,
            "began": 1e9,
            "seconds": 0.2,
            "load": [0.1, 0.2, 0.3],
            "load_after": [0.1, 0.2, 0.3],
            "cells": cells,
        },
    )


def behave(request, item, benchmarks):
    cell = {"case": item["case"], "variant": item["variant"]}
    measures = {}
    for name in request["measures"]:
        if item["case"] == "raises":
            measures[name] = {"kind": "raises", "detail": "ValueError: no"}
            continue
        if (item["case"], name) == ("crashes", "build"):
            outcome = {"kind": "crashed", "detail": "SIGSEGV", "phase": "build"}
            return dict(cell, outcome=outcome, measures=measures)
        measures[name] = {"kind": "measured"}
        full = "measures.py::test_%s[%s]" % (name.replace("-", "_"), item["case"])
        benchmarks.append({"fullname": full, "stats": {"data": [0.01]}})
    return dict(cell, measures=measures, memory={"began": 100, "peak": 200})


def write(path, data):
    with open(path, "w") as stream:
        json.dump(data, stream)
    return 0
