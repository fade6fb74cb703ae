"""The matrix as the front page draws it: rows in their groups, squares in their blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from nestbench.site.anchor import row_anchor
from nestbench.site.mark import NOT_MEASURED, Mark, together
from nestbench.site.study import Study, VariantStudy
from nestbench.site.survey import Survey
from nestbench.verdicts import Entry

__all__ = ["Group", "Shown", "matrix_rows", "widths"]

#: Pixels: of a column at least and at most, of a character, and of what is around a text.
_LEAST, _MOST, _CHARACTER, _AROUND = 46, 96, 7.2, 9
#: Pixels of a block at least, for its name.
_BLOCK = 112


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
    for name, studies in groupby(survey.studies, key=lambda study: study.entry.group):
        yield Group(
            name=name,
            rows=tuple(
                _shown(survey, study, one, entry)
                for study in studies
                for one in study.variants
                for entry in one.marks
            ),
        )


def _shown(survey: Survey, study: Study, one: VariantStudy, entry: Entry) -> Shown:
    of_stack, case = one.marks[entry], study.entry
    parts = []
    for block in survey.source.blocks:
        marks = tuple(of_stack[column.stack] for column in block.columns)
        parts.append((together(marks), marks))
    said = {mark.plain for mark in of_stack.values() if mark.kind != NOT_MEASURED}
    return Shown(
        anchor=row_anchor(case.id, one.variant, entry),
        case=case.id,
        label=one.variant.label.replace(",", ", ").replace("=", " "),
        build=entry is Entry.BUILD,
        parts=tuple(parts),
        differs=len(said) > 1,
        words=f"{case.id} {one.variant.label} {case.symptom} {case.group}".lower(),
    )


def widths(survey: Survey) -> list[list[int]]:
    """For each block the pixels of its columns: a column is as wide as its longest text."""
    longest = dict.fromkeys(survey.source.stacks, 0)
    for study in survey.studies:
        for one in study.variants:
            for marks in one.marks.values():
                for stack, mark in marks.items():
                    longest[stack] = max(longest[stack], len(mark.text))
    return [
        [
            max(_pixels(max(longest[column.stack], len(column.short))), _BLOCK // len(block.columns))
            for column in block.columns
        ]
        for block in survey.source.blocks
    ]


def _pixels(characters: int) -> int:
    return min(max(_LEAST, round(characters * _CHARACTER) + _AROUND), _MOST)
