"""Weights across stacks: saves a case's files here, or loads here what other stacks saved.

A request names the cells and a folder that both sides see; in it lies, for each stack that saved, each
case and each kind, what was saved, and the output that it must give back. Loading tries one file after
the other in one child; where that dies, the file it died of is named and a new child goes on after it.
"""

import glob
import json
import os
import shutil
import sys
import time

import numpy

from nestprobe import casefiles
from nestprobe.backend import Backend
from nestprobe.cell import Cell, find_case
from nestprobe.child import Child, Limits
from nestprobe.observation import to_data
from nestprobe.protocol import literals, weightfiles
from nestprobe.protocol.instance import Instance, case_classes
from nestprobe.protocol.ledger import Ledger
from nestprobe.protocol.messages import clean, raised, recorded
from nestprobe.vocabulary import NotApplicable

KINDS = ("weights", "model", "checkpoint")


class Result:
    """What became of one file."""

    SAVED = "saved"
    NOT_SAVED = "not-saved"  # saving raised
    EQUAL = "equal"  # loaded, and the output is the one that was saved
    DIFFERS = "differs"
    REFUSES = "refuses"  # loading raised
    NOT_APPLICABLE = "not-applicable"


def exchange(path):
    """Answer the request in the JSON file ``path``; returns the exit status."""
    with open(path) as stream:
        request = json.load(stream)
    files = {case.id: file for file in request["files"] for case in casefiles.load(file)}
    backend = Backend()
    answer = {"versions": backend.versions, "cells": []}
    for item in request["cells"]:
        cell = Cell(files[item["case"]], item["case"], item["variant"])
        steps = _steps(request, cell)
        entries = _run(cell, steps, request, backend.kit) if steps else []
        answer["cells"].append({"case": cell.case, "variant": cell.variant, "entries": entries})
    partial = request["result"] + ".part"
    with open(partial, "w") as stream:
        json.dump(answer, stream)
    os.replace(partial, request["result"])
    sys.stderr.flush()
    os._exit(0)  # as the server: a backend's own shutdown can hang


def place(folder, saver, cell):
    """Where the files of one stack and cell lie."""
    label = "+".join("%s-%s" % pair for pair in sorted(cell.variant.items()))
    return os.path.join(folder, saver, "%s+%s" % (cell.case, label))


def _steps(request, cell):
    """(saver, kind) of everything that there is to save or to load."""
    if request["action"] == "save":
        return [(request["stack"], kind) for kind in KINDS]
    found = []
    for saver in request["savers"]:
        folder = place(request["folder"], saver, cell)
        found.extend((saver, kind) for kind in KINDS if glob.glob(os.path.join(folder, kind, "*")))
    return found


def _run(cell, steps, request, kit):
    """An entry for each step, whatever happens to the children."""
    entries, left = [], list(steps)
    while left:
        folder = os.path.join(request["scratch"], "exchange")
        os.makedirs(folder)

        def work(cell, kit, _scratch, path, left=tuple(left)):
            _Exchange(cell, kit, request, path).run(left)

        child = Child(cell, folder, Limits(**request.get("limits", {})), work)
        child.start(kit)
        data = child.poll()
        while data is None:
            time.sleep(0.01)
            data = child.poll()
        child.close()
        done = data.get("entries", [])
        entries.extend(done)
        left = left[len(done) :]
        outcome = data.get("outcome")
        if outcome is not None and left:  # it died of the first that is left
            saver, kind = left.pop(0)
            said = ("%(kind)s %(detail)s" % outcome).strip()
            entries.append({"saver": saver, "kind": kind, "result": outcome["kind"], "detail": said})
    return entries


class _Exchange(object):
    """The steps of one cell in one child."""

    def __init__(self, cell, kit, request, path):
        self._cell, self._kit, self._request, self._path = cell, kit, request, path
        self._engine = kit.engine
        self._entries = []

    def run(self, steps):
        """Take the steps; the entries are kept after each."""
        self._keep("begin")
        try:
            case = find_case(self._cell)
            if "tensorflow" in case.needs:
                self._kit.tf  # noqa: B018 - raises NotApplicable where there is none
            self._make(case)
        except NotApplicable as reason:
            self._all(steps, Result.NOT_APPLICABLE, clean(reason))
        except Exception as error:
            failure = raised(error)
            what = Result.NOT_SAVED if self._request["action"] == "save" else Result.REFUSES
            self._all(steps, what, "the model: %s: %s" % (failure.type, failure.message))
        else:
            for saver, kind in steps:
                self._keep(kind)
                self._entries.append(self._step(saver, kind))
        self._keep(None)

    def _all(self, steps, result, detail):
        self._entries = [
            {"saver": saver, "kind": kind, "result": result, "detail": detail} for saver, kind in steps
        ]

    def _keep(self, phase):
        kept = {"phase": phase, "seconds": 0.0, "observation": {"entries": self._entries}}
        with open(self._path + ".part", "w") as stream:
            json.dump(kept, stream)
        os.replace(self._path + ".part", self._path)

    def _make(self, case):
        self._instance = Instance(case, self._cell.variant, self._kit)
        self._instance.call("called")
        ledger = Ledger(self._instance.watch)
        with self._instance.watch.reads() as found:
            self._instance.call("called")
        ledger.inference = found
        self._marked = ledger.marked()
        self._classes = case_classes(self._kit.keras)

    def _step(self, saver, kind):
        entry = {"saver": saver, "kind": kind}
        warnings = []
        try:
            if kind == "checkpoint" and not self._engine.checkpoints:
                raise NotApplicable("tf.train.Checkpoint is TensorFlow's")
            with recorded(warnings):
                take = self._save if self._request["action"] == "save" else self._load
                entry["result"] = take(saver, kind)
        except NotApplicable as reason:
            entry.update(result=Result.NOT_APPLICABLE, detail=clean(reason))
        except Exception as error:
            saving = self._request["action"] == "save"
            entry["result"] = Result.NOT_SAVED if saving else Result.REFUSES
            failure = to_data(raised(error))
            entry["detail"] = "%(type)s: %(message)s" % failure
        if warnings:
            entry["warnings"] = warnings
        return entry

    def _save(self, saver, kind):
        literals.set_fingerprints(self._instance.watch.variables, self._marked, 0)
        target = place(self._request["folder"], saver, self._cell)
        folder = os.path.join(target, kind)
        partial = os.path.join(self._request["scratch"], "saving")
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(partial)
        model = self._instance.model
        if kind == "checkpoint":
            self._engine.write_checkpoint(model, partial)
        elif kind == "weights":
            model.save_weights(os.path.join(partial, "model.weights.h5"))
        else:
            model.save(os.path.join(partial, weightfiles.model_file_name(self._kit.keras)))
        os.makedirs(target, exist_ok=True)
        numpy.savez(os.path.join(target, "output.npz"), *self._instance.output())
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(partial, folder)  # there whole or not at all
        return Result.SAVED

    def _load(self, saver, kind):
        target = place(self._request["folder"], saver, self._cell)
        folder = os.path.join(target, kind)
        literals.set_fingerprints(self._instance.watch.variables, self._marked, 1)
        model = self._instance.model
        if kind == "checkpoint":
            self._engine.read_checkpoint(model, os.path.join(folder, "checkpoint"))
        elif kind == "weights":
            model.load_weights(os.path.join(folder, "model.weights.h5"))
        else:
            (path,) = glob.glob(os.path.join(folder, "model.*"))
            model = self._kit.keras.models.load_model(path, custom_objects=self._classes, compile=False)
        output = self._engine.flatten(self._engine.call(model, self._instance.data))
        output = [self._engine.array(part) for part in output]
        with numpy.load(os.path.join(target, "output.npz")) as saved:
            wanted = [saved[name] for name in saved.files]
        return Result.EQUAL if literals.close(wanted, output) else Result.DIFFERS
