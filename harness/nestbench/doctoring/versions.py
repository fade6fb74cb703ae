"""On which versions each rule of the doctor was seen to hold, from the published table: never from belief."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nestbench import staging
from nestbench.matrix import load_matrix
from nestbench.matrix.lines import Line, lines
from nestbench.store.disk import read_text, write_text
from nestbench.verdicts import Entry, Verdict
from nestprobe.doctor.rules import RULES, Rule
from nestprobe.doctor.rules import rule as rule_of

__all__ = ["VERSIONS", "of_table", "ranges", "update"]

#: Beside the rules, in the package that goes into an environment.
VERSIONS = "doctor/versions.json"

_NOT_MEASURED = {"", Verdict.UNAVAILABLE, Verdict.NOT_APPLICABLE, Verdict.CASE_WRONG}
#: What is not called by its verdict: entry, verdict, and the verdicts beside which that says another thing.
#: A case that is about checkpoints is unsaved by what it loses there; what is uncounted is in no file.
_SHOWN_BY: Mapping[str, tuple[str, str, frozenset[str]]] = {
    "build-alone": (Entry.BUILD, Verdict.UNCOUNTED, frozenset()),
    "uncheckpointed": (Entry.CALL, Verdict.UNSAVED, frozenset({Verdict.UNCOUNTED})),
}
_Row = Mapping[str, str]


def update(table: Path, *, write: bool = True) -> bool:
    """Make ``versions.json`` say what ``table`` (CSV) says; whether that changed it. Raises StoreError."""
    path = staging.package() / VERSIONS
    made = json.dumps(of_table(table), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    changed = read_text(path) != made
    if changed and write:
        write_text(path, made)
    return changed


def of_table(table: Path) -> dict[str, object]:
    """By rule, kind and line of releases: the versions on which its cases show it.

    ``lost``: at least one does. ``clean``: all are tracked. ``other``: none shows it, and some have another
    trouble; or the rule gives way to one that is shown.
    """
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    every = lines(load_matrix().stacks)
    found = {rule.id: dict(_of_rule(rule, rows, every)) for rule in RULES}
    return {"rules": {name: kinds for name, kinds in found.items() if kinds}}


def _of_rule(
    rule: Rule, rows: Sequence[_Row], every: Sequence[Line]
) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    for kind in rule.kinds:
        if kind == "unbuilt":  # no verdict tells that
            continue
        entry, verdict, beside = _SHOWN_BY.get(kind, (Entry.CALL, kind, frozenset()))
        of_entry = [row for row in rows if row["entry"] == entry]
        of_cases = [row for row in of_entry if row["case"] in (rule.decisive or rule.cases)]
        anyway = {case for name in rule.gives_way for case in rule_of(name).decisive}
        lost_anyway = [row for row in of_entry if row["case"] in anyway]
        said = {
            line.name: _of_line(line, of_cases, lost_anyway, verdict, beside=beside, keras=rule.keras)
            for line in every
        }
        if any("lost" in one for one in said.values()):
            yield kind, {name: one for name, one in said.items() if one}


def _of_line(
    line: Line,
    rows: Sequence[_Row],
    lost_anyway: Sequence[_Row],
    verdict: str,
    *,
    beside: frozenset[str],
    keras: str,
) -> dict[str, str]:
    found: dict[str, list[str]] = {"lost": [], "clean": [], "other": []}
    for stack in line.stacks:
        words = [_words(row.get(stack.id) or "") for row in rows]
        measured = [one for one in words if not one <= _NOT_MEASURED]
        anyway = any(verdict in _words(row.get(stack.id) or "") for row in lost_anyway)
        shown = any(verdict in one and not one & beside for one in measured)
        if shown and not anyway and stack.keras.startswith(keras):
            found["lost"].append(line.version(stack))
        elif measured:
            clean = all(one == {Verdict.TRACKED} for one in measured)
            found["clean" if clean else "other"].append(line.version(stack))
    order = [line.version(stack) for stack in line.stacks]
    return {name: ranges(chosen, order) for name, chosen in found.items() if chosen}


def _words(cell: str) -> set[str]:
    return {word.strip().split(" ")[0] for word in cell.replace(";", ",").split(",")}


def ranges(chosen: Sequence[str], order: Sequence[str]) -> str:
    """``chosen`` of ``order`` with neighbours joined: ``2.0 to 2.11, 2.16``; patch numbers are left out."""
    parts: list[list[str]] = []
    for before, version in zip([None, *order], order, strict=False):
        if version not in chosen:
            continue
        if parts and parts[-1][-1] == before:
            parts[-1].append(version)
        else:
            parts.append([version])
    names = [[_short(part[0]), _short(part[-1])] for part in parts]
    return ", ".join(first if first == last else f"{first} to {last}" for first, last in names)


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])
