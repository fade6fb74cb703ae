"""What each group of cases comes to on the stacks that tell most, as a Markdown table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from nestbench.site.column import Column
from nestbench.site.mark import NOT_KNOWN
from nestbench.site.state import worst_step
from nestbench.site.survey import Survey
from nestbench.verdicts import Entry

__all__ = ["overview"]

#: Letter of a mark -> what one and several cells of it are said to do.
_SAID = {"l": ("loses", "lose"), "r": ("raises", "raise"), "o": ("over", "over"), "w": ("wrong", "wrong"),
         "i": ("unstable", "unstable")}  # fmt: skip


def overview(survey: Survey) -> Iterator[str]:
    """Lines of the table; none where nothing is measured."""
    columns = _columns(survey)
    if not columns:
        return
    yield "| cases | " + " | ".join(column.stack for column in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for group, studies in groupby(survey.studies, key=lambda study: study.entry.group):
        marks = [one.marks[Entry.CALL] for study in studies for one in study.variants]
        cells = [_cell([of_stack[column.stack].kind for of_stack in marks]) for column in columns]
        yield f"| {group} ({len(marks)}) | " + " | ".join(cells) + " |"
    yield ""
    yield (
        "Of each group's case variants, so many lose something without a word, raise, or are overcounted; "
        "✓ where all that apply are counted, trained and in the weights file."
    )
    yield ""


def _columns(survey: Survey) -> list[Column]:
    """The first line's ends and the step at which most got worse; of other lines the newest."""
    blocks = survey.source.blocks
    if not blocks:
        return []
    first = blocks[0].columns
    turn = worst_step(survey)
    at = next((place for place, column in enumerate(first) if turn and column.stack == turn.stack), 0)
    chosen = [first[0], first[max(at - 1, 0)], first[at], first[-1], *(one.columns[-1] for one in blocks[1:])]
    return [column for place, column in enumerate(chosen) if column not in chosen[:place]]


def _cell(kinds: Sequence[str]) -> str:
    counts = Counter(kinds)
    said = [f"{counts[kind]} {words[counts[kind] > 1]}" for kind, words in _SAID.items() if counts[kind]]
    missing = sum(counts[kind] for kind in NOT_KNOWN)
    if missing:
        said.append(f"{missing} not measured")
    if said:
        return ", ".join(said)
    return "✓" if counts["t"] else "–"  # noqa: RUF001 - a dash
