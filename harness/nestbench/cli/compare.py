"""``nestbench compare``: what changes from one stack to another, in behaviour, exact counts and time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nestbench.cli.options import CaseFolders, Cases, Form, ListFormat, Results, screen
from nestbench.cli.reading import reading
from nestbench.cli.time import shelf_of
from nestbench.cli.timed import SessionName
from nestbench.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from nestbench.catalogue import Catalogue
    from nestbench.changes.pairing import Pairing
    from nestbench.names import Asked
    from nestbench.timing import Session
    from nestbench.timing.answers import Row
    from nestbench.timing.unbuilt import Observations
    from nestprobe.observation import Observation

_NAMED = 6


@dataclass(frozen=True, kw_only=True)
class _Times:
    """Of one session, by case label. ``told``: what a reader must know before any of them is believed.

    ``session`` is None where none has both; ``trusted`` is None there too, and where no control was run.
    """

    session: str | None = None
    rows: "dict[str, list[Row]]" = field(default_factory=dict)
    trusted: bool | None = None
    told: list[str]


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("compare")(compare)


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="One stack, no pattern; an imported one, too.")],
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
    overcounting. Where that one stays: by what a file gives back, all before an error before a silent loss;
    other trouble is where other findings change. From what was measured:
    results/local or results/published, and the timing session that has both (the last, or --session).
    Times are compared within one session alone.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.changes.pairing import pairings
    from nestbench.frames import State, collect
    from nestbench.matrix import load_matrix
    from nestbench.report.comparison import comparison_text
    from nestbench.run.stored import lock_digests
    from nestbench.timing.report import notable

    if before == after:
        raise UsageError(
            "A stack is not compared with itself.", do="`nestbench time` has a control for that."
        )
    matrix = load_matrix()
    rows = matrix.asked([before, after])
    try:
        source = reading(results)
    except IncompleteError:  # without results, no stack is imported: names that are wrong come first
        _require(rows)
        raise
    asked = replace(rows, known=list(dict.fromkeys([*rows.known, *source.store.stacks()])))  # also imported
    _require(asked)
    whole = load_catalogue(folders or [])
    catalogue = whole.select(case or [])
    locks = lock_digests(matrix)
    sides = [collect(source.store, catalogue.cells([one]), locks) for one in (before, after)]
    found = pairings(*sides)
    with source.or_published(stacks=[before, after], cases=lambda: (one.id for one in catalogue)):
        if all(one.change is None for one in found):
            why = "; ".join(dict.fromkeys(one.why for one in found))
            raise IncompleteError(
                f"Nothing of {before} and {after} can be compared from {source.store.root}: {why}.",
                do=f"Run `nestbench run {' '.join(one for one in (before, after) if one in rows.known)}`, "
                "or name other results with --results DIR."
                if "not measured" in why
                else "Name another case.",
            )
    observations: dict[str, dict[str, Observation]] = {}
    # Of all cases, whichever are asked for: what is said of the session is said of all of it.
    for result in collect(source.store, whole.cells([before, after]), locks):
        if result.observation is not None:
            observations.setdefault(result.cell.label, {})[result.cell.stack] = result.observation
    times = _times(before, after, session, catalogue, locks, observations=observations)
    stale = sum(result.state is State.STALE for side in sides for result in side)
    if stale:
        old = f"Of the results, {stale} were measured before their case, lock or probe changed."
        times.told.insert(0, old)
    if form is ListFormat.JSON:
        typer.echo(_json(found, times), nl=False)
    else:
        phrases = {label: notable(rows) for label, rows in times.rows.items()}
        width = screen().width
        typer.echo(comparison_text(before, after, found, phrases, everything=everything, width=width))
        for line in times.told:
            typer.echo(line)


def _require(asked: "Asked") -> None:
    from nestbench.names import require_known, the_one

    require_known(asked)  # all are named, where several are unknown
    for one in asked.patterns:
        the_one(asked, one)


def _times(
    before: str,
    after: str,
    name: str | None,
    catalogue: "Catalogue",
    locks: Mapping[str, str],
    *,
    observations: "Observations",
) -> _Times:
    """What the last session that has both says of them, or the one called ``name``; ``locks``: by stack.

    Behaviours are of the cases and locks as they are now; times of others do not stand beside them.
    """
    from nestbench.digests import tree_fingerprint
    from nestbench.timing import report
    from nestbench.timing.answers import answers
    from nestbench.timing.samples import samples
    from nestbench.timing.unbuilt import without_unbuilt

    shelf = shelf_of(None)
    names = [name] if name else shelf.names()[::-1]
    for one in names:
        session = shelf.load(one)
        if {before, after} <= {arm.name for arm in session.arms}:
            found = answers(session, samples(shelf, session), [(before, after)])
            found = without_unbuilt(found, observations)
            changed, other = _changed(session, catalogue), _other_lock(session, (before, after), locks)
            rows: dict[str, list[Row]] = {}
            for row in found.rows:
                if row.part not in changed and not other:
                    rows.setdefault(row.part, []).append(row)
            told = [*report.seconds_text(session, found), *report.caveats(session, found)]
            again = f"`nestbench time {before} {after}` times them again."
            told += [f"{why}: {again}" for why in _left_out(changed, other)]
            if session.probe != tree_fingerprint():
                told.append("The times were taken by another version of the probe than is here now.")
            return _Times(session=one, rows=rows, trusted=found.trusted, told=told)
    if name:
        raise UsageError(f"The session {name} did not time both {before} and {after}.", do="Name another.")
    do = f": `nestbench time {before} {after}` measures one" if {before, after} <= locks.keys() else ""
    return _Times(told=[f"No timing session has both{do}."])


def _changed(session: "Session", catalogue: "Catalogue") -> list[str]:
    """Labels of the parts that were timed of another text of their case."""
    digests = {entry.id: entry.digest for entry in catalogue}
    return [part.label for part in session.parts if digests.get(part.case, part.digest) != part.digest]


def _other_lock(session: "Session", names: tuple[str, str], locks: Mapping[str, str]) -> list[str]:
    arms = map(session.arm, names)
    return [arm.name for arm in arms if locks.get(arm.stack) != arm.lock]


def _left_out(changed: Sequence[str], other: Sequence[str]) -> Iterator[str]:
    from nestbench.names import few

    if other:
        yield f"No time is shown, for {', '.join(other)} had another lock when it was timed"
    elif changed:
        some = few(changed, _NAMED)
        yield f"Times are left out of {len(changed)} case variants that have changed since ({some})"


def _json(found: "list[Pairing]", times: _Times) -> str:
    from nestbench.timing.report import row_data

    cases = [
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
            "times": [row_data(row) for row in times.rows.get(one.label, ())],
            "why": one.why,
        }
        for one in found
    ]
    data = {"session": times.session, "trusted": times.trusted, "caveats": times.told, "cases": cases}
    return json.dumps(data, indent=1) + "\n"


def _sides(pairing: "Pairing", field: str) -> list[Any] | None:
    """That field of the behaviours before and after."""
    change = pairing.change
    return [getattr(one, field) for one in (change.before, change.after)] if change is not None else None
