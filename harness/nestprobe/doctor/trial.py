"""The doctor tried on cases: each in a child of its own, the answers in one JSON file.

The request names files of cases, cells, a scratch folder and the result; the controller knows what is
wrong with each case, and judges.
"""

import dataclasses
import json
import os
import shutil
import sys
import time
import traceback

from nestprobe import casefiles
from nestprobe.backend import Backend
from nestprobe.cell import Cell, find_case
from nestprobe.child import Child, Limits
from nestprobe.protocol.literals import input_data
from nestprobe.vocabulary import NotApplicable


def trial(path):
    """Answer the request in the JSON file ``path``; returns the exit status."""
    with open(path) as stream:
        request = json.load(stream)
    files = {case.id: file for file in request["files"] for case in casefiles.load(file)}
    backend = Backend()
    cells = [Cell(files[item["case"]], item["case"], item["variant"]) for item in request["cells"]]
    answer = {"versions": backend.versions, "cells": []}
    for cell in cells:
        data = _in_child(cell, backend.kit, request)
        answer["cells"].append(dict(data, case=cell.case, variant=cell.variant))
        partial = request["result"] + ".part"
        with open(partial, "w") as stream:
            json.dump(answer, stream)
        os.replace(partial, request["result"])
    sys.stderr.flush()
    os._exit(0)  # as the server: a backend's own shutdown can hang


def _in_child(cell, kit, request):
    folder = os.path.join(request["scratch"], "trial")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    child = Child(cell, folder, Limits(**request.get("limits", {})), _work)
    child.start(kit)
    data = child.poll()
    while data is None:
        time.sleep(0.01)
        data = child.poll()
    child.close()
    return data if "outcome" not in data else {"ended": data["outcome"]}


def _work(cell, kit, _scratch, path):
    began = time.perf_counter()
    try:
        data = examined(cell, kit)
    except NotApplicable as reason:
        data = {"not_applicable": str(reason)}
    except Exception:  # of the doctor itself, which is what is tried
        data = {"failed": traceback.format_exc()}
    partial = path + ".part"
    with open(partial, "w") as stream:
        json.dump({"phase": None, "observation": data, "seconds": time.perf_counter() - began}, stream)
    os.replace(partial, path)


def examined(cell, kit):
    """What the doctor says of one cell: the diagnosis, and the variables of each finding."""
    from nestprobe.doctor.examination import Examination
    from nestprobe.doctor.judge import Judge

    case = find_case(cell)
    if "tensorflow" in case.needs:
        kit.tf  # noqa: B018 - raises NotApplicable where there is none
    refused = []

    def make():
        try:
            return case.make(kit, **cell.variant), None
        except NotApplicable as reason:
            refused.append(reason)
            raise

    inputs = input_data(case.inputs, kit.engine.tensor)
    judge = Judge(Examination(kit.engine, make=make, inputs=inputs).run())
    if refused:
        raise refused[0]
    diagnosis = judge.diagnosis()
    return {
        "findings": [dataclasses.asdict(one) for one in diagnosis.findings],
        "notes": [dataclasses.asdict(one) for one in diagnosis.notes],
        "unseen": [dataclasses.asdict(one) for one in diagnosis.unseen],
        "lost": [
            {"name": one.name, "shape": list(one.shape), "kind": kind} for kind, one in judge.lost_variables()
        ],
    }
