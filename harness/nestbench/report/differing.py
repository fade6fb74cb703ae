"""The comparison tables of results/report.md: where stacks differ, neighbours that agree as one column.

One table for TensorFlow with its own tf.keras, one for the other lines of Keras.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod

from nestbench.catalogue import CaseEntry, Catalogue
from nestbench.frames import State, collect
from nestbench.matrix import load_matrix
from nestbench.matrix.lines import lines as release_lines
from nestbench.report.grid import Grid, Query, Row, make_grid
from nestbench.report.words import LOOKS, MISSING
from nestbench.run.stored import stored_cells
from nestbench.store import Store
from nestbench.verdicts import Entry, Verdict

__all__ = ["render"]

_NOTHING = (MISSING.symbol,)
#: What one stack says of a row: its findings, or ``_NOTHING``.
Said = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Line:
    """Variants of one case that every stack says the same of."""

    case: CaseEntry
    label: str
    said: tuple[Said, ...]

    @property
    def differs(self) -> bool:
        """Whether two stacks that were measured differ."""
        return len(set(self.said) - {_NOTHING}) > 1


def render(store: Store, catalogue: Catalogue) -> str:
    """The table as Markdown. Results count as they were measured, also where the probe is newer.

    Raises StoreError for a broken result.
    """
    cells = stored_cells(store, catalogue)
    if not cells:
        return "Nothing is published yet.\n"
    results = collect(store, cells)
    text: list[str] = []
    legend: list[_Line] = []
    for title, line_of in _sections(list(dict.fromkeys(cell.stack for cell in cells))):
        chosen = [result for stack in line_of for result in results if result.cell.stack == stack]
        grid = make_grid(chosen, Query(entries=(Entry.CALL,)))
        every = list(_lines(grid, catalogue))
        lines = [line for line in every if line.differs]
        ranges = list(_ranges(grid.stacks, lines, line_of))
        text += [f"### {title}", "", *_headline(grid, every, store), ""]
        text += [*_table(lines, ranges, grid.stacks), ""]
        legend += lines
    return "\n".join([*text, _legend(legend), ""])


def _sections(stacks: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Title of each table, and the line of each of its stacks by id, in the order of columns."""
    first, *others = release_lines(load_matrix().stacks)
    line_of = {stack.id: line.id for line in (first, *others) for stack in line.stacks}
    known = [stack for stack in line_of if stack in stacks]
    unknown = [stack for stack in stacks if stack not in line_of]
    own = {stack: first.id for stack in known if line_of[stack] == first.id}
    rest = {stack: line_of.get(stack, "") for stack in (*known, *unknown) if stack not in own}
    if own:
        yield first.name, own
    if rest:
        yield "Keras 3 by its own releases, tf-keras, and other backends", rest


def _lines(grid: Grid, catalogue: Catalogue) -> Iterator[_Line]:
    for case_id, rows in groupby(grid.rows, key=lambda row: row.case):
        case = catalogue.get(case_id)
        alike: dict[tuple[Said, ...], list[str]] = {}
        for row in rows:
            alike.setdefault(_said(row), []).append(row.variant)
        for said, variants in alike.items():
            yield _Line(case=case, label=_label(case, variants), said=said)


def _said(row: Row) -> tuple[Said, ...]:
    return tuple(_NOTHING if one.state == State.MISSING else one.findings for one in row.squares)


def _label(case: CaseEntry, labels: Sequence[str]) -> str:
    """The chosen variants in as few words as are true; empty where they are all of the case's."""
    if len(labels) == len(case.variants):
        return ""
    chosen = [variant.names for variant in case.variants if variant.label in labels]
    parts, sizes = [], []
    for name in chosen[0]:
        values = list(dict.fromkeys(one[name] for one in chosen))
        sizes.append(len(values))
        if len(values) < len({variant.names[name] for variant in case.variants}):
            parts.append(f"{name} {'/'.join(values)}")
    if prod(sizes) == len(chosen):
        return ", ".join(parts)
    return "; ".join(label.replace(",", ", ") for label in labels)


def _ranges(stacks: Sequence[str], lines: Sequence[_Line], line_of: Mapping[str, str]) -> Iterator[list[int]]:
    """Places of neighbours of one line that were measured and say the same in every row."""

    def column(place: int) -> object:
        said = tuple(line.said[place] for line in lines)
        return (place, said) if _NOTHING in said else (line_of[stacks[place]], said)

    for _, places in groupby(range(len(stacks)), key=column):
        yield list(places)


def _headline(grid: Grid, lines: Sequence[_Line], store: Store) -> Iterator[str]:
    known = [store.load_host(stack) for stack in grid.stacks]
    dates = sorted({facts.host["date"] for facts in known if facts and facts.host.get("date")})
    when = f", {' to '.join(dict.fromkeys((dates[0], dates[-1])))}" if dates else ""
    rows = len(grid.rows)
    same = [line for line in lines if not line.differs]
    fine = {_NOTHING, (str(Verdict.TRACKED),)}
    tracked = sum(1 for line in same if set(line.said) <= fine)
    yield (
        f"{grid.measured} of {grid.expected} cells are measured: {rows} case variants on {len(grid.stacks)} "
        f"stacks{when}. Shown are the rows in which stacks differ. Of those in which they do not, {tracked} "
        f"say `{Verdict.TRACKED}` everywhere and {len(same) - tracked} say one other thing everywhere."
    )


def _table(lines: Sequence[_Line], ranges: Sequence[Sequence[int]], stacks: Sequence[str]) -> Iterator[str]:
    names = [_range_name([stacks[place] for place in places]) for places in ranges]
    yield "| case | " + " | ".join(names) + " |"
    yield "|---" * (len(names) + 1) + "|"
    for group, members in groupby(lines, key=lambda line: line.case.group):
        yield f"| **{group}** |" + " |" * len(names)
        for line in members:
            link = f"[{line.case.id}](../cases/{line.case.file.name})"
            name = f"{link}: {line.label}" if line.label else link
            yield "| " + " | ".join([name, *(_cell(line.said[places[0]]) for places in ranges)]) + " |"


def _range_name(stacks: Sequence[str]) -> str:
    short = [stack.removeprefix("tf") for stack in stacks]
    return short[0] if len(short) == 1 else f"{short[0]}–{short[-1]}"  # noqa: RUF001 - a range


def _cell(said: Said) -> str:
    if said == _NOTHING:
        return MISSING.symbol
    symbols = "".join(LOOKS[Verdict(name)].symbol for name in said)
    return symbols if said == (Verdict.TRACKED,) else f"**{symbols}** {said[0]}"


def _legend(lines: Iterable[_Line]) -> str:
    used = {name for line in lines for said in line.said for name in said}
    words = [f"`{look.symbol}` {name}: {look.meaning}" for name, look in LOOKS.items() if name in used]
    if MISSING.symbol in used:
        words.append(f"`{MISSING.symbol}` {MISSING.meaning}")
    return "; ".join(words) + "."
