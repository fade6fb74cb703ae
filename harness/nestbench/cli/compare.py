"""``nestbench compare``: what changes from one stack to another, in behaviour, exact counts and time."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nestbench.cli.options import CaseFolders, Cases, Form, ListFormat, Results, screen
from nestbench.cli.reading import reading
from nestbench.cli.time import shelf_of
from nestbench.cli.timed import SessionName
from nestbench.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from nestbench.changes.pairing import Pairing
    from nestbench.timing.answers import Row


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("compare")(compare)


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="One stack, no pattern.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another, held against A.")],
    *,
    case: Cases = None,
    everything: Annotated[bool, typer.Option("--all", help="Every case, not the largest changes.")] = False,
    session: SessionName = None,
    results: Results = None,
    folders: CaseFolders = None,
    form: Form = ListFormat.TABLE,
) -> None:
    """Show what changes from stack A to stack B: behaviour, exact counts and time, the gravest first.

    A change is worse or better by the gravest finding before and after: silent loss, then errors, then
    overcounting; other trouble is where that one stays and others change. From what was measured:
    results/local or results/published, and the timing session that has both (the last, or --session).
    Times are compared within one session alone.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.changes.pairing import pairings
    from nestbench.frames import State, collect
    from nestbench.matrix import load_matrix
    from nestbench.names import require_known
    from nestbench.report.comparison import comparison_text
    from nestbench.run.stored import lock_digests
    from nestbench.timing.report import notable

    if before == after:
        raise UsageError(
            "A stack is not compared with itself.", do="`nestbench time` has a control for that."
        )
    matrix = load_matrix()
    require_known(matrix.asked([before, after]))  # both are named, where both are unknown
    for one in (before, after):
        matrix.get(one)
    catalogue = load_catalogue(folders or []).select(case or [])
    source = reading(results)
    locks = lock_digests(matrix)
    sides = [collect(source.store, catalogue.cells([one]), locks) for one in (before, after)]
    found = pairings(*sides)
    with source.or_published(stacks=[before, after], cases=lambda: (one.id for one in catalogue)):
        if all(one.change is None for one in found):
            why = "; ".join(dict.fromkeys(one.why for one in found))
            raise IncompleteError(
                f"Nothing of {before} and {after} can be compared from {source.store.root}: {why}.",
                do=f"Run `nestbench run {before} {after}`, or name other results with --results DIR."
                if "not measured" in why
                else "Name another case.",
            )
    times, told = _times(before, after, session)
    stale = sum(result.state is State.STALE for side in sides for result in side)
    if stale:
        told.insert(0, f"Of the results, {stale} were measured before their case, lock or probe changed.")
    if form is ListFormat.JSON:
        typer.echo(_json(found, times), nl=False)
    else:
        phrases = {label: notable(rows) for label, rows in times.items()}
        width = screen().width
        typer.echo(comparison_text(before, after, found, phrases, everything=everything, width=width))
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


def _json(found: "list[Pairing]", times: "dict[str, list[Row]]") -> str:
    from nestbench.timing.report import row_data

    data = [
        {
            "case": one.label,
            "direction": one.change.direction.name.lower() if one.change is not None else None,
            "before": list(one.change.before.call) if one.change is not None else None,
            "after": list(one.change.after.call) if one.change is not None else None,
            "counted": _sides(one, "counted"),
            "used": _sides(one, "used"),
            "raised": _sides(one, "raised"),
            "differences": one.change.before.differences(one.change.after) if one.change is not None else [],
            "counts": {name: list(pair) for name, pair in one.counts.items()},
            "times": [row_data(row) for row in times.get(one.label, ())],
            "why": one.why,
        }
        for one in found
    ]
    return json.dumps(data, indent=1) + "\n"


def _sides(pairing: "Pairing", field: str) -> list[Any] | None:
    """That field of the behaviours before and after."""
    change = pairing.change
    return [getattr(one, field) for one in (change.before, change.after)] if change is not None else None
