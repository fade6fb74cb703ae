"""The matrix as the front page draws it: rows in their groups, squares in their blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from nestbench.catalogue import row_label
from nestbench.report.grid import Row
from nestbench.site.anchor import row_anchor
from nestbench.site.mark import Mark, mark, together
from nestbench.site.study import Study, is_build
from nestbench.site.survey import Survey

__all__ = ["Group", "Shown", "matrix_rows"]

_MISSING = "m"
_NOT_APPLICABLE = "n"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One row. ``parts``: for each block its mark as a whole, and that of each column.

    ``differs``: two stacks that were measured say different things. ``words``: what a search finds.
    """

    anchor: str
    case: str
    label: str
    build: bool
    parts: tuple[tuple[Mark, tuple[Mark, ...]], ...]
    differs: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Cases of one theme."""

    name: str
    rows: tuple[Shown, ...]

    @property
    def differing(self) -> int:
        """How many of its case variants differ, at the entry call."""
        return sum(row.differs for row in self.rows if not row.build)

    @property
    def variants(self) -> int:
        """How many case variants it has."""
        return sum(not row.build for row in self.rows)


def matrix_rows(survey: Survey) -> Iterator[Group]:
    """Every row of the matrix, by groups."""
    for name, rows in groupby(survey.rows, key=lambda pair: pair[0].entry.group):
        yield Group(name=name, rows=tuple(_shown(survey, study, row) for study, row in rows))


def _shown(survey: Survey, study: Study, row: Row) -> Shown:
    label = row_label(row.case, row.variant)
    of_stack = {
        stack: mark(square, survey.source.deviations.reason(stack, label))
        for stack, square in zip(study.grid.stacks, row.squares, strict=True)
    }
    blocks = survey.source.blocks
    parts = []
    for block in blocks:
        marks = tuple(of_stack[column.stack] for column in block.columns)
        parts.append((together(marks), marks))
    said = {(one.kind, one.text.rstrip("*≈")) for one in of_stack.values() if one.kind != _MISSING}
    entry = study.entry
    variant = next(one.variant for one in study.variants if one.variant.label == row.variant)
    return Shown(
        anchor=row_anchor(entry.id, variant, row.entry),
        case=entry.id,
        label=row.variant.replace(",", ", ").replace("=", " "),
        build=is_build(row),
        parts=tuple(parts),
        differs=len(said) > 1,
        words=f"{entry.id} {row.variant} {entry.symptom} {entry.group}".lower(),
    )
