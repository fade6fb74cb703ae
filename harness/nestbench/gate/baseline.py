"""Accepted behaviour on disk: a file a stack, a line a case variant."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nestbench.gate.facts import Fact, Facts
from nestbench.store.disk import StoreError, read_text, write_text
from nestbench.store.results import by_number

__all__ = ["Baseline", "Baselines"]

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What is accepted of one stack: facts by the label of the case variant."""

    stack: str
    cells: Mapping[str, Facts] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Baselines:
    """The folder of the baselines. Raises StoreError where a file is broken, or cannot be written."""

    root: Path

    def path(self, stack: str) -> Path:
        """Where the baseline of ``stack`` lies."""
        return self.root / f"{stack}.json"

    def stacks(self) -> list[str]:
        """Stacks with a baseline, in the order of their version numbers."""
        return sorted((path.stem for path in self.root.glob("*.json")), key=by_number)

    def load(self, stack: str) -> Baseline | None:
        """The baseline of ``stack``; None where there is none.

        Raises StoreError for a file of another schema, and for one that is no baseline.
        """
        path = self.path(stack)
        text = read_text(path)
        if text is None:
            return None
        try:
            data = json.loads(text)
            schema = data["schema"]
            if schema == SCHEMA:
                return _from_data(data, stack)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"{path} is broken",
                why=f"It is not laid out as `nestbench accept` writes it ({error}).",
                do="Bring it back from git, or accept a run of the stack again.",
            ) from error
        raise StoreError(
            f"{path} has schema {schema!r}; this nestbench reads {SCHEMA}",
            why="It was accepted with another version of nestbench.",
            do=f"Use that version, or accept again with this one: `nestbench accept {stack}`.",
        )

    def save(self, baseline: Baseline) -> None:
        """Write a baseline as a whole, its lines sorted."""
        lines = [
            f"  {json.dumps(label)}: {json.dumps(dict(facts), ensure_ascii=False)}"
            for label, facts in sorted(baseline.cells.items())
        ]
        head = f'{{\n "schema": {SCHEMA},\n "stack": {json.dumps(baseline.stack)},\n "cells": {{\n'
        write_text(self.path(baseline.stack), head + ",\n".join(lines) + "\n }\n}\n")


def _from_data(data: Mapping[str, object], stack: str) -> Baseline:
    cells = data["cells"]
    if data["stack"] != stack:
        raise ValueError(f"it is of {data['stack']}")
    if not isinstance(cells, dict):
        raise TypeError("its cells are no table")
    return Baseline(stack=stack, cells={label: _facts(label, facts) for label, facts in cells.items()})


def _facts(label: str, facts: object) -> dict[str, Fact]:
    if not isinstance(facts, dict) or "call" not in facts:
        raise ValueError(f"{label} has no findings")
    for name, fact in facts.items():
        if not isinstance(fact, (str, int)) or isinstance(fact, bool):
            raise TypeError(f"{label}: {name} is neither a word nor a number")
    return facts
