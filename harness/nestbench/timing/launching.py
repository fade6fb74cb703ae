"""Runs one launch in a stack's environment, on the processors set aside for it."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nestbench.errors import GroundError, UnavailableError
from nestbench.run.asking import asking
from nestbench.run.meant import require_meant
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import Workspace
from nestbench.store.disk import read_text
from nestbench.timing.record import Arm, Ended, Launched, Part, Session

__all__ = ["Launcher"]

#: Beyond the limits of its cells: the import, and on some stacks the translation of Keras.
_GRACE_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Launcher:
    """Starts the launches of one session. ``files``: the case files of its parts."""

    session: Session
    workspace: Workspace
    files: Sequence[Path]

    def launch(self, arm: Arm, made: Prepared, block: int, order: int) -> tuple[Launched, str | None]:
        """One launch: how it went, and the text of pytest-benchmark's file; None where it wrote none.

        Raises GroundError where it did not come to its end.
        """
        session = self.session
        with self.workspace.scratch(f"{arm.name}-time") as scratch:
            outcomes, benchmarks = scratch / "outcomes.json", scratch / "benchmarks.json"
            request = {
                "files": [str(path) for path in self.files],
                "cells": [_cell(part, arm) for part in session.parts],
                "measures": list(session.measures),
                "launch": session.launch,
                "processes": session.processes,
                "limits": {"seconds": session.limit_seconds},
                "facts": {"stack": arm.stack, "arm": arm.name, "block": block, "session": session.name},
                "scratch": str(scratch),
                "outcomes": str(outcomes),
                "benchmarks": str(benchmarks),
            }
            path = scratch / "request.json"
            path.write_text(json.dumps(request), encoding="utf-8")
            self._run(arm, made, path)
            told = read_text(outcomes)
            if told is None:
                raise GroundError(
                    f"A launch of {arm.stack} did not come to its end.",
                    do=f"Its words are in {self.workspace.log(f'{arm.stack}-time')}.",
                )
            data = json.loads(told)
            _require_meant(arm, made, data)
            written = read_text(benchmarks)
        return _launched(arm, block, order, data, session), written

    def _run(self, arm: Arm, made: Prepared, request: Path) -> None:
        of_cells = self.session.limit_seconds * len(self.session.parts) * self.session.processes
        limit = _GRACE_SECONDS + of_cells
        log = self.workspace.log(f"{arm.stack}-time")
        with ExitStack() as running:
            with _on(self.session.cpus):
                launch = asking("launch", request, made, workspace=self.workspace, log=log)
                process = running.enter_context(launch)
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired as error:
                what = f"A launch of {arm.stack} took more than {limit:.0f} s; see {log}."
                raise GroundError(what) from error


@contextmanager
def _on(cpus: Sequence[int]) -> Iterator[None]:
    """What is started in the body runs on these processors, and so does all that it starts."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _cell(part: Part, arm: Arm) -> dict[str, Any]:
    cell: dict[str, Any] = {"case": part.case, "variant": part.variant}
    if part.label in arm.planted:
        cell["planted"] = arm.planted[part.label]
    return cell


def _require_meant(arm: Arm, made: Prepared, data: dict[str, Any]) -> None:
    """Raise UnavailableError or GroundError where the launch computed on, or imported, something else."""
    if "no_device" in data:
        raise UnavailableError(f"{arm.stack} cannot be timed here: {data['no_device']}.")
    device = data["device"].get("device")
    if device != made.device:
        raise UnavailableError(f"{arm.stack} computes on {device} and not on the {made.device} of its row.")
    require_meant(arm.stack, made.imports, data["versions"])


def _launched(arm: Arm, block: int, order: int, data: dict[str, Any], session: Session) -> Launched:
    ended, memory = {}, {}
    for part, cell in zip(session.parts, data["cells"], strict=True):
        ended[part.label] = _ends(part, cell, session.measures)
        if cell.get("memory"):
            memory[part.label] = dict(cell["memory"])
    return Launched(
        arm=arm.name,
        block=block,
        order=order,
        began=data["began"],
        seconds=data["seconds"],
        import_seconds=data["import_seconds"],
        load=tuple(data["load"]),
        load_after=tuple(data["load_after"]),
        versions=data["versions"],
        device=data["device"],
        ended=ended,
        memory=memory,
    )


def _ends(part: Part, cell: dict[str, Any], measures: Sequence[str]) -> dict[str, Ended]:
    """What became of each measurement: where the process died, the one it was at and all after are lost."""
    assert cell["case"] == part.case
    ends = {
        name: Ended(kind=one["kind"], detail=one.get("detail", ""))
        for name, one in cell.get("measures", {}).items()
    }
    outcome = cell.get("outcome")
    if outcome is None:
        return ends
    where = outcome.get("phase")
    said = f"{outcome['detail']}, in {where}" if where else outcome["detail"]
    return {name: ends.get(name) or Ended(kind=outcome["kind"], detail=said) for name in measures}
