"""One launch: one import, then each cell in processes of its own, one after the other, timed.

A request is a JSON file: ``files`` of cases, ``cells`` (a cell with ``planted`` is made slower by that
factor), ``measures``, ``launch`` (fork or fresh), ``processes`` that each cell is timed in, ``limits``,
``facts`` for pytest-benchmark's ``extra_info``, a ``scratch`` folder, and the paths of two results.
``benchmarks`` is a file as pytest-benchmark writes it, holding all cells; ``outcomes`` says what became of
every measurement, and how the machine was while they ran.
"""

import gc
import json
import os
import sys
import time

from nestprobe import casefiles, device, translations
from nestprobe.backend import Backend
from nestprobe.cell import Cell, keep_in
from nestprobe.child import Child, Limits, adopt_orphans, end_orphans, end_with_parent
from nestprobe.observer import MOST_THREADS_TO_FORK
from nestprobe.timing.cellrun import FILE, Kind, measure


def launch(path):
    """Answer the request in the JSON file ``path``; returns the exit status."""
    end_with_parent()  # a controller that was killed shall leave no launch to disturb the next
    with open(path) as stream:
        request = json.load(stream)
    began = time.time()
    load = os.getloadavg()
    mode = request["launch"]
    try:
        computes_on = device.found()
    except device.DeviceError as error:
        _write(request["outcomes"], {"no_device": str(error)})
        return 3
    if mode == "fork" and computes_on["device"] != device.CPU:
        sys.stderr.write("a process that holds a GPU cannot be forked: --launch fresh\n")
        return 4
    backend = Backend()
    if mode == "fork" and (backend.threads is None or backend.threads > MOST_THREADS_TO_FORK):
        sys.stderr.write("the import left %s threads: a fork could hang\n" % backend.threads)
        return 4
    kit = backend.kit if mode == "fork" else None
    if kit is not None:
        translations.prepare(kit, request["scratch"])
    machine = _machine_info()
    adopt_orphans()
    gc.collect()
    gc.freeze()
    files = {case.id: file for file in request["files"] for case in casefiles.load(file)}
    try:
        cells, head = _measured(request, files, kit)
    except device.DeviceError as error:  # there when this began, and gone since
        _write(request["outcomes"], {"no_device": str(error)})
        os._exit(3)  # as below
    outcomes = {
        "versions": backend.versions,
        "flavour": backend.flavour,
        "launch": mode,
        "device": computes_on,
        "import_seconds": round(backend.import_seconds, 3),
        "began": round(began, 1),
        "seconds": round(time.time() - began, 1),
        "load": [round(value, 2) for value in load],
        "load_after": [round(value, 2) for value in os.getloadavg()],
        "cells": cells,
    }
    if head is not None:
        _write(request["benchmarks"], dict(head, machine_info=machine))
    _write(request["outcomes"], outcomes)
    sys.stderr.flush()
    os._exit(0)  # as the server: a backend's own shutdown can hang


def _measured(request, files, kit):
    """What became of each cell, and pytest-benchmark's file of all; None where nothing was measured."""
    asked = request["cells"]
    cells, benchmarks, head = [None] * len(asked), {}, None
    # All cells once and then once more: what disturbs the machine for some seconds meets a cell once.
    for turn in range(request["processes"]):
        for place, item in enumerate(asked):
            names = _more_to_tell(cells[place], request["measures"]) if turn else request["measures"]
            if not names:
                continue
            cell = Cell(files[item["case"]], item["case"], item["variant"])
            number = turn * len(asked) + place
            answer, written = _run(cell, item.get("planted"), dict(request, measures=names), kit, number)
            kept = answer.pop("benchmarks", [])
            cells[place] = _worse_of(cells[place], answer) if turn else answer
            head = written or head
            for one in written["benchmarks"] if written is not None else kept:
                benchmarks.setdefault((place, one["fullname"]), []).append(one)
    if not benchmarks:
        return cells, None
    return cells, dict(head or _head(), benchmarks=_as_one(benchmarks))


def _head():
    """What pytest-benchmark's file says beside its benchmarks, where no process lived to write one."""
    import datetime

    from pytest_benchmark import __version__

    now = datetime.datetime.now(datetime.timezone.utc)
    return {"commit_info": {}, "datetime": now.isoformat(), "version": __version__}


def _more_to_tell(answer, names):
    """What of ``names`` a further process measures: nothing where none could be.

    Of a process that was ended, what it had come to the end of: the rest would end the next one as well, and
    takes as long.
    """
    ended = answer.get("measures", {})
    if not any(one["kind"] == Kind.MEASURED for one in ended.values()):
        return []
    return names if answer.get("outcome") is None else [name for name in names if name in ended]


def _worse_of(first, later):
    """What became of a cell's measurements in two processes: measured where both measured it.

    What the later one was ended in, or did not come to, is left to its outcome.
    """
    measures = {}
    for name, one in first["measures"].items():
        if one["kind"] != Kind.MEASURED:
            measures[name] = one
        elif name in later.get("measures", {}):
            measures[name] = later["measures"][name]
    told = dict(first, measures=measures)
    if later.get("outcome") is not None:
        told["outcome"] = later["outcome"]
    return told


def _as_one(benchmarks):
    """The rounds of all processes under one name each, with pytest-benchmark's own statistics of them."""
    from pytest_benchmark.stats import Stats

    found = []
    for place in sorted({place for place, _ in benchmarks}):
        for entries in [entries for (of, _), entries in benchmarks.items() if of == place]:
            stats = Stats()
            for entry in entries:
                for seconds in entry["stats"]["data"]:
                    stats.update(seconds)
            told = dict(entries[0]["stats"], data=stats.data, **stats.as_dict())
            found.append(dict(entries[0], stats=told))
    return found


def _run(cell, planted, request, kit, number):
    """What became of a cell, and pytest-benchmark's file of it; None where it wrote none."""
    folder = os.path.join(request["scratch"], "cell-%d" % number)
    os.makedirs(folder)
    facts = dict(request["facts"], case=cell.case, variant=cell.variant)
    if planted is not None:
        facts["planted"] = planted

    def work(cell, kit, scratch, path):
        measure(cell, kit, scratch, path, request["measures"], facts, planted)

    extra = {"measures": request["measures"], "facts": facts, "planted": planted}
    child = Child(cell, folder, Limits(**request.get("limits", {})), work, "timing-cell", extra)
    child.start(kit)
    answer = child.poll()
    while answer is None:
        time.sleep(0.005)
        answer = child.poll()
    end_orphans(())
    written = None
    path = os.path.join(folder, FILE)
    if os.path.exists(path) and os.path.getsize(path):
        with open(path) as stream:
            written = json.load(stream)
    child.close()
    return answer, written


def fresh_cell(path):
    """Time the one cell of a request that ``Child`` wrote, in this fresh interpreter."""
    with open(path) as stream:
        request = json.load(stream)
    cell = Cell(request["file"], request["case"], request["variant"])
    kit = Backend().kit
    try:
        device.verify(kit)
    except device.DeviceError as error:
        keep_in(request["result"], {"no_device": str(error)}, request["key"])
        os._exit(3)
    asked = (request[name] for name in ("scratch", "result", "measures", "facts", "planted"))
    measure(cell, kit, *asked)
    sys.stderr.flush()
    os._exit(0)


def _machine_info():
    """What pytest-benchmark says of this machine; asked before the first fork, once a launch."""
    try:
        from pytest_benchmark.plugin import pytest_benchmark_generate_machine_info

        return pytest_benchmark_generate_machine_info()
    except Exception as error:
        sys.stderr.write("pytest-benchmark cannot tell the machine: %r\n" % error)
        return {}


def _write(path, data):
    partial = path + ".part"
    with open(partial, "w") as stream:
        json.dump(data, stream, separators=(",", ":"), sort_keys=True)
    os.replace(partial, path)
