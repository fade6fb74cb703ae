"""Has the doctor examine cases on a stack: one process, a child for each case."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nestbench.run.inquiry import inquire
from nestbench.run.orchestrate import Prepared
from nestbench.run.probe_process import Limits
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
            answer = inquire(
                "trial",
                {
                    "files": sorted({str(one.file) for one in asked}),
                    "cells": [{"case": one.case, "variant": one.variant} for one in asked],
                },
                prepared,
                limits=Limits(seconds=self.limit),
                seconds=_SECONDS,
                workspace=self.workspace,
                scratch=scratch,
                log=f"{stack}-doctor",
            )
        cells: list[dict[str, Any]] = answer["cells"]
        return cells
