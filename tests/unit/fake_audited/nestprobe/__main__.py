"""Answers ``serve``, ``list-weights`` and ``exchange`` for one model with the answers of a JSON file.

``FAKE_ANSWERS`` is a folder of such files, one a stack; ``FAKE_STACK`` says which stack this is.
"""

import json
import os
import sys


def emit(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def main(command, path):
    with open(path) as stream:
        request = json.load(stream)
    with open(os.path.join(os.environ["FAKE_ANSWERS"], os.environ["FAKE_STACK"] + ".json")) as stream:
        answers = json.load(stream)
    with open(os.path.join(os.environ["FAKE_ANSWERS"], "asked.jsonl"), "a") as log:
        case = request.get("file") or request["files"][0]
        with open(case.replace(".py", ".json")) as stream:
            spec = json.load(stream)
        asked = {"stack": os.environ["FAKE_STACK"], "command": command, "spec": spec, "request": request}
        log.write(json.dumps(asked) + "\n")
    if command in answers.get("fails", ()):
        return 1
    if command == "serve":
        return serve(answers)
    if command == "list-weights":
        return write(request["result"], answers.get("listed", {}))
    entries = []
    if request["action"] == "load":
        for saver in request["savers"]:
            loads = dict.fromkeys(("weights", "model", "checkpoint"), "equal")
            loads.update(answers.get("loads", {}).get(saver, {}))
            for kind, result in loads.items():
                said = result if isinstance(result, dict) else {"result": result}
                entries.append(dict(said, saver=saver, kind=kind))
    return write(request["result"], {"cells": [{"case": "model", "variant": {}, "entries": entries}]})


def serve(answers):
    emit(
        event="ready",
        versions={"python": "3.11.0", "tensorflow": "2.15.1"},
        launch="fork",
        import_seconds=0.1,
        device={"device": "cpu"},
    )
    emit(event="started", case="model", variant={})
    emit(event="cell", observation=answers["observation"], seconds=0.1)
    emit(event="done")
    return 0


def write(path, data):
    with open(path, "w") as stream:
        json.dump(data, stream)
    return 0


sys.exit(main(*sys.argv[1:3]))
