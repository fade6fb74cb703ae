"""How the cost of cases grows with their size: one import, then each size in processes of its own.

A request is a JSON file: ``series``, each a ``case`` and its ``file``, its fixed ``variant``, the
parameter ``growing`` and ascending ``sizes``, whether it is to be ``count``ed and how often it is to be
timed (``repeats``); ``limits`` of one process; a ``scratch`` folder; and a folder ``answers``. There a file
``ready.json`` says what was imported, and ``series-<number>.json``, as soon as a series has ended, what
became of each of its sizes.

A size at which a process is ended at its limit, of time or of memory, is the last that is tried; those above
it are named as not tried. What raises or crashes is quick: larger sizes are tried all the same.
"""

import gc
import json
import os
import sys
import time

from nestprobe import device, resultfile, translations
from nestprobe.backend import Backend
from nestprobe.cell import Cell
from nestprobe.child import Child, Limits, adopt_orphans, end_orphans
from nestprobe.observation import OutcomeKind
from nestprobe.observer import MOST_THREADS_TO_FORK
from nestprobe.timing.part import COUNT, TIME_BUILD, TIME_CALL, WORKS, Kind

_KINDS = {
    OutcomeKind.TIMED_OUT: Kind.OVER,
    OutcomeKind.OUT_OF_MEMORY: Kind.OUT_OF_MEMORY,
    OutcomeKind.CRASHED: Kind.CRASHED,
    OutcomeKind.EXITED: Kind.EXITED,
}
#: After these no larger size is tried, for they take long.
_WORDS = {Kind.OVER: "was over the limit", Kind.OUT_OF_MEMORY: "ran out of memory"}


def grow(path):
    """Answer the request in the JSON file ``path``; returns the exit status."""
    with open(path) as stream:
        request = json.load(stream)
    answers = request["answers"]
    try:
        computes_on = device.found()
    except device.DeviceError as error:
        _write(os.path.join(answers, "ready.json"), {"no_device": str(error)})
        return 3
    backend = Backend()
    few = backend.threads is not None and backend.threads <= MOST_THREADS_TO_FORK
    forks = few and computes_on["device"] == device.CPU  # a process that holds a GPU cannot be forked
    ready = {
        "versions": backend.versions,
        "flavour": backend.flavour,
        "launch": "fork" if forks else "fresh",
        "device": computes_on,
        "import_seconds": round(backend.import_seconds, 3),
    }
    _write(os.path.join(answers, "ready.json"), ready)
    kit = backend.kit if forks else None
    if kit is not None:
        translations.prepare(kit, request["scratch"])
    adopt_orphans()
    gc.collect()
    gc.freeze()
    limits = Limits(**request.get("limits", {}))
    run_one = process_of(kit, request["scratch"])
    for number, asked in enumerate(request["series"]):
        points = Series(asked, limits, run_one).run()
        answer = {"points": points, "load": [round(value, 2) for value in os.getloadavg()]}
        _write(os.path.join(answers, "series-%d.json" % number), answer)
    sys.stderr.flush()
    os._exit(0)  # as the server: a backend's own shutdown can hang


def process_of(kit, scratch):
    """What runs one work on one cell to its end: ``run(cell, limits, work)``.

    It gives (what is known of the cell, when the process was started).
    """
    made = [0]

    def run(cell, limits, work):
        folder = os.path.join(scratch, "point-%d" % made[0])
        made[0] += 1
        os.makedirs(folder)

        def inside(cell, kit, scratch, path):  # noqa: ARG001 - as Child calls it
            from nestprobe.timing.point import measure  # needs NumPy, which the backend has loaded

            measure(cell, kit, path, work)

        child = Child(cell, folder, limits, inside, "grow-point", {"work": work})
        child.start(kit)
        answer = child.poll()
        while answer is None:
            time.sleep(0.005)
            answer = child.poll()
        end_orphans(())
        child.close()
        return answer, child.started

    return run


def point(path):
    """Do the work on the one cell of a request that ``Child`` wrote, in this fresh interpreter."""
    from nestprobe.timing.point import measure

    with open(path) as stream:
        request = json.load(stream)
    cell = Cell(request["file"], request["case"], request["variant"])
    kit = Backend().kit
    device.verify(kit)
    measure(cell, kit, request["result"], request["work"])
    sys.stderr.flush()
    os._exit(0)


class Series(object):
    """The sizes of one case, from small to large. ``run_one``: what ``process_of`` gives."""

    def __init__(self, asked, limits, run_one):
        self._asked, self._limits, self._run_one = asked, limits, run_one
        self._stopped = {}  # work -> why no larger size is tried

    def run(self):
        """For each size ``{"size", "counted", "timed"}``, the latter two with an entry for each part."""
        points = []
        for size in self._asked["sizes"]:
            variant = dict(self._asked["variant"])
            variant[self._asked["growing"]] = str(size)
            cell = Cell(self._asked["file"], self._asked["case"], variant)
            found = {"size": size}
            if self._asked["count"]:
                found["counted"], found["tally"] = self._counted(cell, size)
            if self._asked["repeats"]:
                found["timed"] = dict(self._timed(cell, size, TIME_BUILD))
                found["timed"].update(self._timed(cell, size, TIME_CALL))
            points.append(found)
        return points

    def _counted(self, cell, size):
        """(what became of each part, how far the one came that was ended at the limit or None)."""
        if COUNT in self._stopped:
            return self._not_tried(COUNT), None
        parts, died, answer, _ = self._once(cell, size, COUNT)
        tally = dict(answer["tally"], part=died) if died and "tally" in answer else None
        return parts, tally

    def _timed(self, cell, size, work):
        """What became of each part of a work; ``seconds`` is a list, of as many runs as came to their end."""
        if work in self._stopped:
            return self._not_tried(work)
        seconds = {part: [] for part in WORKS[work]}
        for _ in range(self._asked["repeats"]):
            parts, died, answer, started = self._once(cell, size, work)
            for part in WORKS[work]:
                if "seconds" in parts[part]:
                    seconds[part].append(parts[part]["seconds"])
            if died is not None:
                if died in parts and parts[died]["kind"] == Kind.OVER and answer.get("began"):
                    # On Linux the clock is the same in all processes.
                    bound = self._limits.seconds - (answer["began"] - started)
                    parts[died]["at_least"] = round(bound, 6)
                break
        return {part: dict(parts[part], seconds=seconds[part]) for part in WORKS[work]}

    def _once(self, cell, size, work):
        """What became of each part, in which of them the process died or None, what it left, its start."""
        answer, started = self._run_one(cell, self._limits, work)
        parts = dict(answer.get("parts", {}))
        outcome = answer.get("outcome")
        missing = [part for part in WORKS[work] if part not in parts]
        if outcome is None or not missing:
            return parts, None, answer, started
        died = outcome.get("phase")
        ended = _KINDS.get(outcome["kind"], outcome["kind"])
        detail = outcome["detail"]
        if died not in missing:  # before any part, or in what a part needs
            detail += ", before it" if died is None else ", in %s" % died
        for part in missing:
            before = died in missing and part != died
            parts[part] = {"kind": Kind.NOT_TRIED if before else ended, "detail": detail}
            if before:
                parts[part]["detail"] = "%s %s" % (died, _WORDS.get(ended, ended))
        if ended in _WORDS:
            self._stopped[work] = "%s=%d %s" % (self._asked["growing"], size, _WORDS[ended])
        return parts, died or missing[0], answer, started

    def _not_tried(self, work):
        return {part: {"kind": Kind.NOT_TRIED, "detail": self._stopped[work]} for part in WORKS[work]}


def _write(path, data):
    resultfile.write(path, json.dumps(data, separators=(",", ":"), sort_keys=True))
