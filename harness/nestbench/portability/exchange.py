"""Has stacks save, then load each other's files: one process a stack, two rounds."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nestbench.errors import NestbenchError
from nestbench.matrix import Stack
from nestbench.names import number_of
from nestbench.portability.chosen import Chosen
from nestbench.portability.record import (
    KINDS,
    UNAVAILABLE,
    Loaded,
    Loads,
    Shelf,
    basis,
    label_of,
    loaded_from,
)
from nestbench.run.inquiry import inquire
from nestbench.run.orchestrate import Prepare, Prepared
from nestbench.run.probe_process import GRACE_SECONDS, IMPORT_SECONDS, Limits
from nestbench.run.workspace import Workspace
from nestbench.store.disk import StoreError
from nestprobe.observation import OutcomeKind

__all__ = ["Exchange"]

_LIMITS = Limits(seconds=10)
_FILES = "files"
_TIMED_OUT = OutcomeKind.TIMED_OUT
_NOTHING = "nothing to load: "


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One exchange. ``limits``: of all files of a case on a stack; that in hand is then tried by itself."""

    chosen: Chosen
    prepare: Prepare
    workspace: Workspace
    shelf: Shelf
    workers: int
    say: Callable[[str], None]
    limits: Limits = _LIMITS

    def run(self, *, again: bool = False) -> dict[str, str]:
        """Measure what is missing; returns why, for each stack that could not be.

        What was loaded before of a stack that cannot save this time stays, where it is current.
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
                    return self._asked(stack, action, made[stack.id], scratch)
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
                stays = Counter[str]()
                for stack, answer in zip(todo, answers, strict=True):
                    if answer is not None:
                        before = self._before(stack, {name for name, by in saved.items() if by is None})
                        stays.update({saver for _, saver, _ in before})
                        self.shelf.save(self._loads(stack, answer, saved, failures, before))
        for saver, loaders in stays.items():
            why, others = failures[saver].rstrip("."), number_of(loaders, "stack")
            failures[saver] = f"{why}; what {others} loaded of its files before stays"
        return failures

    def _is_current(self, stack: Stack) -> bool:
        kept = self.shelf.load(stack.id)
        return kept is not None and kept.whole and kept.basis == basis(self.chosen, stack)

    def _before(self, stack: Stack, savers: Collection[str]) -> dict[tuple[str, str, str], Loaded]:
        """What it loaded of these, as far as that is kept and current, by label, saver and kind."""
        try:
            kept = self.shelf.load(stack.id)
        except StoreError:  # what is measured now takes its place
            return {}
        if kept is None or kept.basis != basis(self.chosen, stack):
            return {}
        return {
            (label, saver, kind): one
            for label, found in kept.found.items()
            for saver in savers
            for kind, one in found.get(saver, {}).items()
            if one.result != UNAVAILABLE
        }

    def _asked(self, stack: Stack, action: str, made: Prepared, scratch: Path) -> dict[str, Any]:
        """The answer, with what timed out after other files of its child tried by itself: it may not hang."""
        answer = self._ask(stack, action, made, scratch, chosen=self.chosen, limits=self.limits)
        limits = replace(self.limits, seconds=self.limits.seconds * len(KINDS))
        rows = {one.id: one for one in self.chosen.stacks}
        for cell, found in zip(self.chosen.cells, answer["cells"], strict=True):
            hung = {(one["saver"], one["kind"]) for one in found["entries"] if one["result"] == _TIMED_OUT}
            for saver in sorted({saver for saver, _ in hung}):
                self.say(f"{stack.id}: {cell[0].id} of {saver} timed out; once more by itself")
                alone = Chosen(stacks=(rows[saver],), cells=(cell,))
                (tried,) = self._ask(stack, action, made, scratch, chosen=alone, limits=limits)["cells"]
                said = {
                    (one["saver"], one["kind"]): one
                    for one in tried["entries"]
                    if one["result"] != _TIMED_OUT
                }
                found["entries"] = [
                    said.get(key, one) if (key := (one["saver"], one["kind"])) in hung else one
                    for one in found["entries"]
                ]
        return answer

    def _ask(
        self, stack: Stack, action: str, made: Prepared, scratch: Path, *, chosen: Chosen, limits: Limits
    ) -> dict[str, Any]:
        asked = {
            "action": action,
            "stack": stack.id,
            "savers": [one.id for one in chosen.stacks],
            "files": sorted({str(entry.file) for entry, _ in chosen.cells}),
            "cells": [{"case": entry.id, "variant": variant.names} for entry, variant in chosen.cells],
            "folder": str(scratch / _FILES),
        }
        files = len(chosen.cells) * len(chosen.stacks) * len(KINDS)
        return inquire(
            "exchange",
            asked,
            made,
            limits=limits,
            # Each of the files may be the one at which a child is ended.
            seconds=IMPORT_SECONDS + GRACE_SECONDS + limits.seconds * files,
            workspace=self.workspace,
            scratch=scratch,
            log=f"{stack.id}-portability",
        )

    def _loads(
        self,
        stack: Stack,
        answer: Mapping[str, Any],
        saved: Mapping[str, Mapping[str, Any] | None],
        failures: Mapping[str, str],
        before: Mapping[tuple[str, str, str], Loaded],
    ) -> Loads:
        found: dict[str, dict[str, dict[str, Loaded]]] = {}
        for place, (entry, variant) in enumerate(self.chosen.cells):
            loaded = _by_step(answer["cells"][place]["entries"])
            label = label_of(entry, variant)
            rows = found.setdefault(label, {})
            for saver in self.chosen.stacks:
                by = saved[saver.id]
                kept = _by_step(by["cells"][place]["entries"]) if by is not None else {}
                rows[saver.id] = {
                    kind: loaded.get((saver.id, kind))
                    or before.get((label, saver.id, kind))
                    or _unsaved(kept.get((saver.id, kind)), failures.get(saver.id, ""))
                    for kind in KINDS
                }
        return Loads(stack=stack.id, basis=basis(self.chosen, stack), found=found)


def _by_step(entries: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Loaded]:
    return {(one["saver"], one["kind"]): loaded_from(one) for one in entries}


def _unsaved(saving: Loaded | None, failure: str) -> Loaded:
    """What stands for a file that is not there: what became of saving it."""
    if saving is None:
        return Loaded(result=UNAVAILABLE, detail=f"{_NOTHING}{failure}")
    return Loaded(result=saving.result, detail=f"{_NOTHING}{saving.detail}")
