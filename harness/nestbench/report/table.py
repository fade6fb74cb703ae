"""The comparison table, drawn: terminal, Markdown, CSV and JSON of one grid."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from nestbench.catalogue import Cell, row_label
from nestbench.frames import Result, State, collect
from nestbench.report.grid import Grid, Query, Row, Square, make_grid
from nestbench.report.narrow import GAP, Line, Narrow
from nestbench.report.words import LOOKS, MISSING, STALE
from nestbench.store import Store
from nestbench.store.disk import write_text
from nestbench.verdicts import Entry

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["print_table", "to_csv", "to_json", "to_markdown", "write_tables"]

_FEW = 4  # up to so many stacks are told in words, more in symbols
_BUILD = "build(shape) alone"
_BUILD_MEANING = (
    "build(shape) alone: judged by what count_params() says after it and nothing else; its row is left "
    "out where it says what the call's row says"
)
_EXPLAINED = 8  # squares: more would hide the table
_LEAST_LABEL, _MOST_LABEL = 20, 44


def print_table(grid: Grid, console: "Console", *, title: str = "") -> None:
    """Draw the grid; where the stacks do not fit side by side, in several parts.

    ``title``: of what, on the screen alone; what is written does not hang on the name of a folder.
    """
    console.print(f"{title}: " * bool(title) + _headline(grid), style="bold", markup=False, highlight=False)
    if not grid.rows:
        console.print("No row is left by these filters.", markup=False)
        return
    prefix = _common_prefix(grid.stacks)
    labels = [label for row in grid.rows for label in _labels(row, None)]
    label_width = min(max([_LEAST_LABEL, *map(len, labels)]), _MOST_LABEL)
    for part in _parts(grid, prefix, console.width - label_width - GAP):
        laid = _laid_out(grid, part, prefix, label_width)
        if _in_words(grid) or laid.width > console.width:
            console.print(_drawn(laid, words=_in_words(grid)))
        else:
            console.print(laid.drawn(console), crop=False)  # it fits
    for symbol, style, text in _legend(grid):
        console.print(f"[{style}]{symbol:>11}[/]  {text}" if style else f"{symbol:>11}  {text}",
                      highlight=False)  # fmt: skip
    for line in _why(grid):
        console.print(line, markup=False, highlight=False)


def _headline(grid: Grid) -> str:
    stale = f", {grid.stale} of them stale" if grid.stale else ""
    what = {"verdict": "verdicts", "count": "count_params(), counted/used"}.get(grid.show, grid.show)
    return f"{what}; {grid.measured} of {grid.expected} cells measured{stale}"


def _in_words(grid: Grid) -> bool:
    return len(grid.stacks) <= _FEW


def _said(grid: Grid, square: Square) -> str:
    return square.words if _in_words(grid) else square.symbol


def _common_prefix(stacks: Sequence[str]) -> str:
    """What all stack names begin with, up to a dot: ``tf2.`` of tf2.0 to tf2.21."""
    if len(stacks) <= _FEW:
        return ""
    first = min(stacks)
    prefix = first[: first.find(".") + 1]
    return prefix if all(stack.startswith(prefix) for stack in stacks) else ""


def _parts(grid: Grid, prefix: str, room: int) -> Iterator[list[int]]:
    """Places of the stacks, in runs that fit into ``room`` characters."""
    part: list[int] = []
    used = 0
    for place, stack in enumerate(grid.stacks):
        said = [len(_said(grid, row.squares[place])) for row in grid.rows]
        name = max(map(len, stack.removeprefix(prefix).split("-")))
        # In words a cell may fold, so it asks for no more than a fair share.
        width = min(max([name, *said]), max(12, room // len(grid.stacks) - GAP)) + GAP
        if part and used + width > room:
            yield part
            part, used = [], 0
        part.append(place)
        used += width
    yield part


def _drawn(laid: Narrow, *, words: bool) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column(laid.corner, width=laid.label_width, overflow="fold")
    for name in laid.names:
        table.add_column(name, justify="left" if words else "center", overflow="fold", no_wrap=not words)
    for section in laid.sections:
        table.add_section()
        for line in section:
            cells = [(line.label, line.style), *line.squares]
            table.add_row(*(Text(text, style=style) for text, style in cells))
    return table


def _laid_out(grid: Grid, part: Sequence[int], prefix: str, label_width: int) -> Narrow:
    names = [grid.stacks[place].removeprefix(prefix).replace("-", "\n") for place in part]
    sections = []
    for group, rows in groupby(grid.rows, key=lambda row: row.group):
        lines = [Line(group, "bold cyan")]
        previous: Row | None = None
        for row in rows:
            *heads, label = _labels(row, previous)
            lines += map(Line, heads)
            squares = [row.squares[place] for place in part]
            lines.append(Line(label, squares=[(_said(grid, square), square.style) for square in squares]))
            previous = row
        sections.append(lines)
    corner = f"{prefix}…" if prefix else ""
    return Narrow(corner=corner, names=names, sections=sections, label_width=label_width)


def _labels(row: Row, previous: Row | None) -> list[str]:
    """The lines that name a row: its case once, its variants and entry below."""
    same = previous is not None and (previous.case, previous.variant) == (row.case, row.variant)
    if row.entry == Entry.BUILD:
        ahead = [] if same else [f"  {row_label(row.case, row.variant)}"]
        return [*ahead, f"      {_BUILD}"]
    if not row.variant:
        return [f"  {row.case}"]
    ahead = [] if previous is not None and previous.case == row.case else [f"  {row.case}"]
    return [*ahead, f"    {row.variant.replace(',', ', ')}"]


def _why(grid: Grid) -> Iterator[str]:
    """What the squares of a few rows rest on; for many, where that is told."""
    odd = [
        (row, stack, square)
        for row in grid.rows
        for stack, square in zip(grid.stacks, row.squares, strict=True)
        if square.why
    ]
    if len(odd) > _EXPLAINED:
        shown = "" if grid.show == "verdict" else f" --show {grid.show}"
        yield f"Why: `nestbench table{shown} --case ID --stack ID` tells what each of a few cells rests on."
        return
    for row, stack, square in odd:
        yield f"{stack} {_row_name(row)}: {'; '.join(square.why)}"


def _legend(grid: Grid) -> Iterator[tuple[str, str, str]]:
    squares = [square for row in grid.rows for square in row.squares]
    used = {name for square in squares for name in square.findings}
    if grid.show == "count":
        yield "83", "", "counted, and as many are used"
        yield "33/83", "", "counted/used: count_params() says 33, the forward pass reads 83"
        shown = {square.symbol.rstrip(STALE.symbol) for square in squares}
        used = {verdict for verdict, look in LOOKS.items() if look.symbol in shown}
    elif grid.show != "verdict":  # a value needs no legend, and in words what is no value needs none
        shown = set() if _in_words(grid) else {square.symbol.rstrip(STALE.symbol) for square in squares}
        used = {verdict for verdict, look in LOOKS.items() if look.symbol in shown}
    for verdict, look in LOOKS.items():
        if verdict in used and _in_words(grid) and grid.show == "verdict":
            yield str(verdict), look.style, look.meaning
        elif verdict in used:
            yield look.symbol, look.style, f"{verdict}: {look.meaning}"
    if any(square.state == State.MISSING and not square.verdict for square in squares) or any(
        square.symbol == MISSING.symbol for square in squares
    ):
        yield MISSING.symbol, "", MISSING.meaning
    if grid.show == "verdict" and any(row.entry == Entry.BUILD for row in grid.rows):
        yield "build", "", _BUILD_MEANING
    if any(square.state == State.STALE for square in squares):
        yield STALE.symbol, "", STALE.meaning


def to_markdown(grid: Grid) -> str:
    """The grid as a Markdown table, one for each group, with the legend below."""
    lines = [f"**{_headline(grid)}**", ""]
    for group, rows in groupby(grid.rows, key=lambda row: row.group):
        lines += [f"### {group}", ""]
        lines.append("| case | " + " | ".join(grid.stacks) + " |")
        lines.append("|---" * (len(grid.stacks) + 1) + "|")
        for row in rows:
            cells = [_row_name(row), *(_said(grid, square) for square in row.squares)]
            lines.append("| " + " | ".join(map(_escaped, cells)) + " |")
        lines.append("")
    if not grid.rows:
        lines += ["No row is left by these filters.", ""]
    lines += [f"- `{symbol}` {text}" for symbol, _, text in _legend(grid)]
    return "\n".join(lines) + "\n"


def _row_name(row: Row) -> str:
    name = row_label(row.case, row.variant)
    return f"{name}, {_BUILD}" if row.entry == Entry.BUILD else name


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("\n", " ")


def to_csv(grid: Grid) -> str:
    """The grid as CSV: a row a case variant and entry, a column a stack, in words."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["group", "case", "variant", "entry", *grid.stacks])
    for row in grid.rows:
        words = ["not measured" if square.words == MISSING.symbol else square.words for square in row.squares]
        writer.writerow([row.group, row.case, row.variant, row.entry, *words])
    return text.getvalue()


def to_json(grid: Grid) -> str:
    """The grid as JSON with the evidence of every square; one square a line."""
    head = {
        "show": grid.show,
        "measured": grid.measured,
        "stale": grid.stale,
        "expected": grid.expected,
        "stacks": list(grid.stacks),
    }
    lines = [json.dumps(cell, ensure_ascii=False) for row in grid.rows for cell in _cells(grid, row)]
    body = ",\n".join(f"  {line}" for line in lines)
    text = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    return f'{text},\n "cells": [\n{body}\n ]\n}}\n'


def _cells(grid: Grid, row: Row) -> Iterator[dict[str, object]]:
    for stack, square in zip(grid.stacks, row.squares, strict=True):
        yield {
            "stack": stack,
            "group": row.group,
            "case": row.case,
            "variant": row.variant,
            "entry": str(row.entry),
            "state": str(square.state),
            "verdict": square.verdict or None,
            "findings": square.findings,
            "counted": square.counted,
            "expected": square.expected,
            "evidence": square.evidence,
            "notes": square.notes,
            **({} if grid.show in ("verdict", "count") else {"value": square.value}),
        }


def write_tables(
    store: Store,
    cells: Iterable[Cell],
    directory: Path,
    results: Sequence[Result] | None = None,
) -> Grid:
    """Write table.md, table.csv and table.json into ``directory``; returns the grid.

    ``results``: what ``collect`` gave, where the caller has it already. Raises StoreError where
    they cannot be written or a result is broken.
    """
    known = collect(store, cells) if results is None else results
    grid = make_grid(known, Query())
    for name, text in (
        ("table.md", to_markdown(grid)),
        ("table.csv", to_csv(grid)),
        ("table.json", to_json(grid)),
    ):
        write_text(directory / name, text)
    return grid
