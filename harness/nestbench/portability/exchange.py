"""Has stacks save, then load each other's files: one process a stack, two rounds."""

import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nestbench import staging
from nestbench.environments import clean_environ
from nestbench.errors import GroundError, NestbenchError
from nestbench.matrix import Stack
from nestbench.portability.chosen import Chosen
from nestbench.portability.record import KINDS, Loaded, Loads, Shelf, basis, label_of
from nestbench.run.orchestrate import Prepare, Prepared
from nestbench.run.workspace import Workspace

__all__ = ["Exchange"]

_SECONDS = 3600
_FILES = "files"
_NOTHING = "nothing to load: "


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One exchange. ``limit``: seconds for all files of a case on a stack, until one is said to hang.

    ``megabytes``: of memory for them.
    """

    chosen: Chosen
    prepare: Prepare
    workspace: Workspace
    shelf: Shelf
    workers: int
    say: Callable[[str], None]
    limit: float = 10
    megabytes: int = 4096

    def run(self, *, again: bool = False) -> dict[str, str]:
        """Measure what is missing; returns why, for each stack that could not be.

        Raises StoreError where the findings cannot be kept.
        """
        todo = [stack for stack in self.chosen.stacks if again or not self._is_current(stack)]
        if not todo:
            return {}
        with self.workspace.scratch("portability") as scratch:
            (scratch / _FILES).mkdir()
            failures: dict[str, str] = {}
            made: dict[str, Prepared] = {}
            held = threading.Lock()

            def one(stack: Stack, action: str) -> dict[str, Any] | None:
                try:
                    if stack.id not in made:
                        made[stack.id] = self.prepare(stack.id, self.say)
                    self.say(f"{stack.id}: {'saving' if action == 'save' else 'loading'}")
                    return self._ask(stack, action, made[stack.id], scratch)
                except NestbenchError as error:
                    with held:
                        failures[stack.id] = error.what
                    return None

            with ThreadPoolExecutor(self.workers) as pool:
                saved = dict(
                    zip(
                        (stack.id for stack in self.chosen.stacks),
                        pool.map(lambda stack: one(stack, "save"), self.chosen.stacks),
                        strict=True,
                    )
                )
                answers = pool.map(lambda stack: one(stack, "load"), todo)
                for stack, answer in zip(todo, answers, strict=True):
                    if answer is not None:
                        self.shelf.save(self._loads(stack, answer, saved, failures))
        return failures

    def _is_current(self, stack: Stack) -> bool:
        kept = self.shelf.load(stack.id)
        return kept is not None and kept.basis == basis(self.chosen, stack)

    def _ask(self, stack: Stack, action: str, made: Prepared, scratch: Path) -> dict[str, Any]:
        own = Path(tempfile.mkdtemp(prefix=f"{stack.id}-{action}-", dir=scratch))
        home = own / "home"
        home.mkdir()
        result = own / "result.json"
        request = {
            "action": action,
            "stack": stack.id,
            "savers": [one.id for one in self.chosen.stacks],
            "files": sorted({str(entry.file) for entry, _ in self.chosen.cells}),
            "cells": [{"case": entry.id, "variant": variant.names} for entry, variant in self.chosen.cells],
            "folder": str(scratch / _FILES),
            "scratch": str(own),
            "result": str(result),
            "limits": {"seconds": self.limit, "megabytes": self.megabytes},
        }
        (own / "request.json").write_text(json.dumps(request), encoding="utf-8")
        log = self.workspace.log(f"{stack.id}-portability")
        probe = staging.stage(self.workspace.folder("probe"))
        with log.open("ab") as out:
            try:
                done = subprocess.run(
                    [str(made.python), "-s", "-m", "nestprobe", "exchange", str(own / "request.json")],
                    env={**clean_environ(home, device=made.device), **made.extra, "PYTHONPATH": str(probe)},
                    cwd=own, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, timeout=_SECONDS,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise GroundError(f"it took more than {_SECONDS} s to {action}; see {log}") from error
        if done.returncode or not result.exists():
            raise GroundError(f"the probe ended with status {done.returncode}; its words are in {log}")
        answer: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return answer

    def _loads(
        self,
        stack: Stack,
        answer: Mapping[str, Any],
        saved: Mapping[str, Mapping[str, Any] | None],
        failures: Mapping[str, str],
    ) -> Loads:
        found: dict[str, dict[str, dict[str, Loaded]]] = {}
        for place, (entry, variant) in enumerate(self.chosen.cells):
            loaded = _by_step(answer["cells"][place]["entries"])
            rows = found.setdefault(label_of(entry, variant), {})
            for saver in self.chosen.stacks:
                by = saved[saver.id]
                kept = _by_step(by["cells"][place]["entries"]) if by is not None else {}
                rows[saver.id] = {
                    kind: loaded.get((saver.id, kind))
                    or _unsaved(kept.get((saver.id, kind)), failures.get(saver.id, ""))
                    for kind in KINDS
                }
        return Loads(stack=stack.id, basis=basis(self.chosen, stack), found=found)


def _by_step(entries: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Loaded]:
    return {
        (one["saver"], one["kind"]): Loaded(
            result=one["result"], detail=one.get("detail", ""), warnings=tuple(one.get("warnings", ()))
        )
        for one in entries
    }


def _unsaved(saving: Loaded | None, failure: str) -> Loaded:
    """What stands for a file that is not there: what became of saving it."""
    if saving is None:
        return Loaded(result="unavailable", detail=f"{_NOTHING}{failure}")
    return Loaded(result=saving.result, detail=f"{_NOTHING}{saving.detail}")
