"""One case on every stack: its squares, its histories, and what was measured, alike stacks together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from nestbench.catalogue import CaseEntry, Variant, row_label
from nestbench.changes import Behaviour, History, behaviour_of, history_of
from nestbench.changes.pairing import COUNTS, count_of
from nestbench.frames import Result, State
from nestbench.report.grid import Grid, Query, make_grid
from nestbench.site.anchor import row_anchor
from nestbench.site.mark import Mark, mark
from nestbench.site.source import Source
from nestbench.store import Prototype
from nestbench.verdicts import Entry
from nestprobe.observation import PhaseRecord

__all__ = ["Alike", "Study", "VariantStudy", "study_of"]

#: Fields of a phase that say how it went, not how many Python functions the stack ran on the way.
_TOLD = [field.name for field in fields(PhaseRecord) if field.name != "python_calls"]


@dataclass(kw_only=True)
class Alike:
    """Stacks on which everything that was measured is the same, but for the number of Python calls.

    ``unstable``: in what a second try differs; a stack of which there is one that does is never alike.
    """

    stacks: list[str]
    result: Result
    unstable: str = ""


@dataclass(frozen=True, kw_only=True)
class VariantStudy:
    """One variant. ``marks``: of each entry that has a row in the matrix, by stack.

    ``counts``: exact counts by name and stack. ``missing``: stacks without a result. ``unstable``: by
    stack, in what a second try differs.
    """

    variant: Variant
    label: str
    anchor: str
    marks: Mapping[Entry, Mapping[str, Mark]]
    alike: tuple[Alike, ...]
    missing: tuple[str, ...]
    unstable: Mapping[str, str]
    histories: tuple[History, ...]
    behaviours: Mapping[str, Behaviour]
    counts: Mapping[str, Mapping[str, int]]

    def is_lossy(self, stack: str) -> bool:
        """Whether it is tracked there and a file that it is saved in does not give all back."""
        known = self.behaviours.get(stack)
        return self.marks[Entry.CALL][stack].kind == "t" and known is not None and bool(known.lossy)


@dataclass(frozen=True, kw_only=True)
class Study:
    """One case. ``measured`` of ``expected`` cells have a result, ``stale`` of them an old one."""

    entry: CaseEntry
    variants: tuple[VariantStudy, ...]
    measured: int
    stale: int
    expected: int


def study_of(entry: CaseEntry, results: Mapping[str, Sequence[Result]], source: Source) -> Study:
    """The study of one case from its results by stack."""
    grid = make_grid([one for of_stack in results.values() for one in of_stack], Query())
    variants = []
    for place, variant in enumerate(entry.variants):
        by_stack = {stack: of_stack[place] for stack, of_stack in results.items()}
        label = row_label(entry.id, variant.label)
        behaviours = {
            stack: known for stack, one in by_stack.items() if (known := behaviour_of(one)) is not None
        }
        unstable = source.second_tries.otherwise(by_stack.values())
        variants.append(
            VariantStudy(
                variant=variant,
                label=label,
                anchor=row_anchor(entry.id, variant),
                marks=_marks(grid, by_stack, unstable, behaviours, source),
                alike=tuple(_alike(by_stack, unstable)),
                missing=tuple(name for name, one in by_stack.items() if one.measured is None),
                unstable=unstable,
                histories=tuple(
                    history_of(block.line, label, by_stack) for block in source.blocks if block.line
                ),
                behaviours=behaviours,
                counts={name: dict(_counts(by_stack, field)) for name, field in COUNTS.items()},
            )
        )
    return Study(
        entry=entry,
        variants=tuple(variants),
        measured=grid.measured,
        stale=grid.stale,
        expected=grid.expected,
    )


def _marks(
    grid: Grid,
    results: Mapping[str, Result],
    unstable: Mapping[str, str],
    behaviours: Mapping[str, Behaviour],
    source: Source,
) -> dict[Entry, dict[str, Mark]]:
    """What is unstable, known to deviate or lost by a file is said once a cell: in the row of the call."""
    variant = next(iter(results.values())).cell.variant.label
    found: dict[Entry, dict[str, Mark]] = {}
    for row in grid.rows:
        if row.variant != variant:
            continue
        squares = zip(grid.stacks, row.squares, strict=True)
        if row.entry is Entry.CALL:
            found[row.entry] = {
                stack: mark(
                    square,
                    deviation=source.deviations.reason(results[stack]),
                    unstable=unstable.get(stack, ""),
                    lossy=behaviours[stack].lossy if stack in behaviours else (),
                )
                for stack, square in squares
            }
        else:
            found[row.entry] = {stack: mark(square) for stack, square in squares}
    return found


def _alike(results: Mapping[str, Result], unstable: Mapping[str, str]) -> Iterable[Alike]:
    groups: list[Alike] = []
    known: dict[tuple[Prototype, State], Alike] = {}
    for stack, one in results.items():
        if one.measured is None:
            continue
        if stack in unstable:
            groups.append(Alike(stacks=[stack], result=one, unstable=unstable[stack]))
            continue
        key = (one.measured.prototype, one.state)
        held = known.get(key) or next((group for group in groups if _same(group, one)), None)
        if held is None:
            held = Alike(stacks=[], result=one)
            groups.append(held)
        held.stacks.append(stack)
        known[key] = held
    return groups


def _same(group: Alike, second: Result) -> bool:
    first = group.result
    old, new = first.observation, second.observation
    if group.unstable or old is None or new is None or first.judgements != second.judgements:
        return False
    return (
        first.state is second.state
        and old.outcome == new.outcome
        and old.variables == new.variables
        and old.phases.keys() == new.phases.keys()
        and all(_told(old.phases[name]) == _told(new.phases[name]) for name in old.phases)
    )


def _told(phase: PhaseRecord) -> list[Any]:
    return [getattr(phase, name) for name in _TOLD]


def _counts(by_stack: Mapping[str, Result], field: str) -> Iterator[tuple[str, int]]:
    for stack, result in by_stack.items():
        count = count_of(result, field)
        if count is not None:
            yield stack, count
