"""Stands in for the probe in the environment of the tiny stack; never imported by nestbench.

It speaks the probe's protocol and answers at once: the fault is in what is around it. What it says of a case
depends on the packages beside it, so that a wrong environment is a wrong result.
"""

import importlib
import json
import os
import platform
import sys
import threading
import time

SECONDS = 0.02  # of a cell


def emit(**event: object) -> None:
    """Say one event."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def observation(case: str, variant: dict[str, str], seen: str) -> dict[str, object]:
    """What is observed of a case; ``seen`` is of the environment."""
    model = {"built": True, "count_params": sum(map(ord, case)), "weights": 2, "layers": [f"{seen} (Seen)"]}
    phases = {"constructed": {"status": "done"}, "called": {"status": "done", "model": model}}
    return {"case": case, "variant": variant, "outcome": {"kind": "observed"}, "phases": phases}


def seen_now() -> str:
    """Which packages there are, as their files say now: a case may have altered them."""
    versions = [
        importlib.reload(importlib.import_module(name)).__version__ for name in ("tinyflow", "tinydep")
    ]
    return "-".join([*versions, *({"extra"} & sys.modules.keys())])


def end_with_the_controller() -> None:
    """As the probe does: its stdin ends when nobody listens any more."""
    while os.read(0, 4096):
        pass
    os._exit(3)


def main(path: str) -> None:
    """Answer the request in the file ``path``."""
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123 - as the probe
        request = json.load(stream)
    threading.Thread(target=end_with_the_controller, daemon=True).start()
    imported = {"python": platform.python_version(), "tensorflow": "2.0", "keras": "2.2.4-tf"}
    emit(event="ready", versions=imported, flavour="tf.keras", launch="fork", threads=1, import_seconds=0.0)
    for cell in request["cells"]:
        emit(event="started", **cell)
        time.sleep(SECONDS)
        told = observation(cell["case"], cell["variant"], seen_now())
        emit(event="cell", observation=told, seconds=SECONDS)
    emit(event="done")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[2])
