"""One case on every stack: its rows, its histories, and what was measured, alike stacks together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from nestbench.catalogue import CaseEntry, Variant, row_label
from nestbench.changes import Behaviour, History, behaviour_of, history_of
from nestbench.changes.pairing import COUNTS
from nestbench.frames import Result, State
from nestbench.report.grid import Grid, Query, Row, make_grid
from nestbench.site.anchor import row_anchor
from nestbench.site.source import Source
from nestbench.verdicts import Entry
from nestprobe.observation import PhaseRecord

__all__ = ["Alike", "Study", "VariantStudy", "study_of"]

#: Fields of a phase that say how it went, not how many Python functions the stack ran on the way.
_TOLD = [field.name for field in fields(PhaseRecord) if field.name != "python_calls"]


@dataclass(kw_only=True)
class Alike:
    """Stacks on which everything that was measured is the same, but for the number of Python calls."""

    stacks: list[str]
    result: Result


@dataclass(frozen=True, kw_only=True)
class VariantStudy:
    """One variant. ``counts``: exact counts by name and stack. ``missing``: stacks without a result."""

    variant: Variant
    label: str
    anchor: str
    rows: tuple[Row, ...]
    alike: tuple[Alike, ...]
    missing: tuple[str, ...]
    histories: tuple[History, ...]
    behaviours: Mapping[str, Behaviour]
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class Study:
    """One case. ``grid``: its rows as ``nestbench table`` makes them."""

    entry: CaseEntry
    grid: Grid
    variants: tuple[VariantStudy, ...]


def study_of(entry: CaseEntry, results: Mapping[str, Sequence[Result]], source: Source) -> Study:
    """The study of one case from its results by stack."""
    grid = make_grid([one for of_stack in results.values() for one in of_stack], Query())
    variants = []
    for place, variant in enumerate(entry.variants):
        by_stack = {stack: of_stack[place] for stack, of_stack in results.items()}
        label = row_label(entry.id, variant.label)
        behaviours = {stack: behaviour_of(one) for stack, one in by_stack.items()}
        variants.append(
            VariantStudy(
                variant=variant,
                label=label,
                anchor=row_anchor(entry.id, variant),
                rows=tuple(row for row in grid.rows if row.variant == variant.label),
                alike=tuple(_alike(by_stack.values())),
                missing=tuple(name for name, one in by_stack.items() if one.observation is None),
                histories=tuple(
                    history_of(block.line, label, by_stack) for block in source.blocks if block.line
                ),
                behaviours={stack: one for stack, one in behaviours.items() if one is not None},
                counts=_counts(by_stack),
            )
        )
    return Study(entry=entry, grid=grid, variants=tuple(variants))


def is_build(row: Row) -> bool:
    """Whether the row is that of build(shape) alone."""
    return row.entry is Entry.BUILD


def _alike(results: Iterator[Result] | Any) -> list[Alike]:
    groups: list[Alike] = []
    for one in results:
        if one.observation is None:
            continue
        held = next((group for group in groups if _same(group.result, one)), None)
        if held is not None:
            held.stacks.append(one.cell.stack)
        else:
            groups.append(Alike(stacks=[one.cell.stack], result=one))
    return groups


def _same(first: Result, second: Result) -> bool:
    old, new = first.observation, second.observation
    if old is None or new is None or first.judgements != second.judgements:
        return False
    if (first.state is State.STALE) != (second.state is State.STALE):
        return False
    return (
        old.outcome == new.outcome
        and old.variables == new.variables
        and old.phases.keys() == new.phases.keys()
        and all(_told(old.phases[name]) == _told(new.phases[name]) for name in old.phases)
    )


def _told(phase: PhaseRecord) -> list[Any]:
    return [getattr(phase, name) for name in _TOLD]


def _counts(by_stack: Mapping[str, Result]) -> dict[str, dict[str, int]]:
    """Of a first call that raised nothing: a count of half a build says nothing."""
    found: dict[str, dict[str, int]] = {name: {} for name in COUNTS}
    for stack, result in by_stack.items():
        phase = result.observation.phases.get("called") if result.observation else None
        if phase is None or phase.raised is not None:
            continue
        for name, field in COUNTS.items():
            value = getattr(phase, field)
            if value is not None:
                found[name][stack] = sum(value.values()) if isinstance(value, Mapping) else value
    return found
