"""``nestbench compare``: what changes from one stack to another, in behaviour, exact counts and time."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.options import CaseFolders, Form, ListFormat, Results, screen
from nestbench.cli.results import measured_store
from nestbench.cli.time import SessionName, shelf_of
from nestbench.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from nestbench.changes.pairing import Pairing
    from nestbench.timing.answers import Row

_SHOWN = 40
#: Exact counts that differ by less than this factor are told in the sum alone.
_NOTABLE = 1.1


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("compare")(compare)


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="A stack.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another, held against A.")],
    *,
    case: Annotated[list[str] | None, typer.Option(help="Only this case (or pattern).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every case, not the largest changes.")] = False,
    session: SessionName = None,
    results: Results = None,
    folders: CaseFolders = None,
    form: Form = ListFormat.TABLE,
) -> None:
    """Show what changes from stack A to stack B: behaviour, exact counts and time, biggest first.

    From what was measured: results/local or results/published, and the timing session that has both
    (the last, or --session). Times are compared within one session alone.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.changes.pairing import pairings
    from nestbench.frames import collect
    from nestbench.matrix import load_matrix
    from nestbench.run.stored import lock_digests
    from nestbench.run.workspace import find_workspace

    if before == after:
        raise UsageError(
            "A stack is not compared with itself.", do="`nestbench time` has a control for that."
        )
    matrix = load_matrix()
    matrix.select([before, after])
    store = measured_store(find_workspace(), results)
    typer.echo(f"Read from {store.root}", err=True)
    catalogue = load_catalogue(folders or []).select(case or [])
    locks = lock_digests(matrix)
    found = pairings(*(collect(store, catalogue.cells([one]), locks) for one in (before, after)))
    if all(one.change is None for one in found):
        raise IncompleteError(
            f"No case was measured on both {before} and {after} in {store.root}.",
            do=f"Run `nestbench run {before} {after}`, or name other results with --results DIR.",
        )
    times, told = _times(before, after, session)
    if form is ListFormat.JSON:
        typer.echo(_json(found, times), nl=False)
    else:
        _print(before, after, found, times, everything=everything)
        for line in told:
            typer.echo(line)


def _times(before: str, after: str, name: str | None) -> "tuple[dict[str, list[Row]], list[str]]":
    """Comparisons of the two by case label, and what a reader must know of them."""
    from nestbench.timing import report
    from nestbench.timing.answers import answers
    from nestbench.timing.samples import samples

    shelf = shelf_of(None)
    names = [name] if name else shelf.names()[::-1]
    for one in names:
        session = shelf.load(one)
        if {before, after} <= {arm.name for arm in session.arms}:
            found = answers(session, samples(shelf, session), [(before, after)])
            rows: dict[str, list[Row]] = {}
            for row in found.rows:
                rows.setdefault(row.part, []).append(row)
            return rows, [*report.seconds_text(session, found), *report.caveats(session, found)]
    if name:
        raise UsageError(f"The session {name} did not time both {before} and {after}.", do="Name another.")
    return {}, [f"No timing session has both: `nestbench time {before} {after}` measures one."]


def _print(
    before: str,
    after: str,
    found: "list[Pairing]",
    times: "dict[str, list[Row]]",
    *,
    everything: bool,
) -> None:
    from rich.table import Table
    from rich.text import Text

    from nestbench.changes.pairing import COUNTS, Direction
    from nestbench.timing.report import notable

    rows = [
        one
        for one in found
        if everything
        or (one.change is not None and one.change.direction is not Direction.NONE)
        or one.ratio >= _NOTABLE
        or notable(times.get(one.label, ()))
    ]
    table = Table(
        "case", before, after, *COUNTS, "time", title=f"From {before} to {after}: the gravest first"
    )
    worse = sum(one.change is not None and one.change.direction is Direction.WORSE for one in rows)
    most = len(rows) if everything else max(_SHOWN, worse)  # what gets worse is never left out
    for one in rows[:most]:
        change = one.change
        words = (change.before.words, change.after.words) if change is not None else (one.why, "")
        counts = [_count(one, name) for name in COUNTS]
        table.add_row(*map(Text, [one.label, *words, *counts, "; ".join(notable(times.get(one.label, ())))]))
    screen().print(table)
    if len(rows) > most:
        typer.echo(
            f"{len(rows) - most} more that change less: --all. Why, in numbers and messages: --format json"
        )
    changed = [one.change for one in found if one.change is not None]
    sums = {way: sum(one.direction is way for one in changed) for way in Direction}
    unknown = len(found) - len(changed)
    ways = {"worse": Direction.WORSE, "better": Direction.BETTER, "other trouble": Direction.OTHER}
    said = ", ".join(f"{sums[way]} {name}" for name, way in ways.items())
    typer.echo(
        f"{len(changed)} case variants on both: {said}, {sums[Direction.NONE]} behave the same"
        + (f"; {unknown} not measured on one of them." if unknown else ".")
    )


def _count(pairing: "Pairing", name: str) -> str:
    if name not in pairing.counts:
        return "-"
    before, after = pairing.counts[name]
    if before == after:
        return str(before)
    return f"{before} -> {after} (x{after / before:.2f})" if before else f"{before} -> {after}"


def _json(found: "list[Pairing]", times: "dict[str, list[Row]]") -> str:
    from nestbench.timing.report import row_data

    data = [
        {
            "case": one.label,
            "direction": one.change.direction.name.lower() if one.change is not None else None,
            "before": list(one.change.before.call) if one.change is not None else None,
            "after": list(one.change.after.call) if one.change is not None else None,
            "differences": one.change.before.differences(one.change.after) if one.change is not None else [],
            "counts": {name: list(pair) for name, pair in one.counts.items()},
            "times": [row_data(row) for row in times.get(one.label, ())],
            "why": one.why,
        }
        for one in found
    ]
    return json.dumps(data, indent=1) + "\n"
