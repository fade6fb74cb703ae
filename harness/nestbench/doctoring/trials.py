"""Has the doctor examine cases on a stack: one process, a child for each case."""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nestbench import staging
from nestbench.environments import clean_environ
from nestbench.errors import GroundError
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import Workspace

__all__ = ["Asked", "Trials"]

_SECONDS = 7200


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A case variant that is to be examined; ``file`` declares it."""

    file: Path
    case: str
    variant: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Trials:
    """``limit``: seconds for one case, until it is said to hang."""

    workspace: Workspace
    say: Callable[[str], None]
    limit: float = 900

    def run(self, stack: str, prepared: Prepared, asked: Sequence[Asked]) -> list[dict[str, Any]]:
        """What the doctor says of each; in the order of ``asked``. Raises GroundError."""
        self.say(f"{stack}: examining {len(asked)} models")
        with self.workspace.scratch("doctor") as scratch:
            home = scratch / "home"
            home.mkdir()
            result, request = scratch / "result.json", scratch / "request.json"
            data = {
                "files": sorted({str(one.file) for one in asked}),
                "cells": [{"case": one.case, "variant": one.variant} for one in asked],
                "scratch": str(scratch),
                "result": str(result),
                "limits": {"seconds": self.limit},
            }
            request.write_text(json.dumps(data), encoding="utf-8")
            log = self.workspace.log(f"{stack}-doctor")
            self._launch(prepared, request, home, log)
            if not result.exists():
                raise GroundError(f"{stack}: the doctor gave no answer; its words are in {log}")
            answer = json.loads(result.read_text(encoding="utf-8"))
        cells: list[dict[str, Any]] = answer["cells"]
        if len(cells) != len(asked):
            raise GroundError(f"{stack}: {len(cells)} of {len(asked)} were examined; see {log}")
        return cells

    def _launch(self, prepared: Prepared, request: Path, home: Path, log: Path) -> None:
        probe = staging.stage(self.workspace.folder("probe"))
        environ = {
            **clean_environ(home, device=prepared.device), **prepared.extra, "PYTHONPATH": str(probe),
        }  # fmt: skip
        command = [str(prepared.python), "-s", "-m", "nestprobe", "trial", str(request)]
        with log.open("ab") as out:
            try:
                subprocess.run(
                    command, env=environ, cwd=home, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                    check=False, timeout=_SECONDS,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise GroundError(f"The doctor took more than {_SECONDS} s; see {log}") from error
