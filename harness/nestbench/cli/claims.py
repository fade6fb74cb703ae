"""``nestbench claims``: what is said about nested layers, and where it holds."""

from enum import StrEnum
from typing import Annotated

import typer

from nestbench.cli.options import Results
from nestbench.cli.reading import reading
from nestbench.errors import ExitCode


class ClaimsFormat(StrEnum):
    """How claims are written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("claims")(claims)


def claims(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids or patterns.")] = None,
    *,
    stack: Annotated[list[str] | None, typer.Option(help="Only this stack (or pattern).")] = None,
    refuted: Annotated[bool, typer.Option("--refuted", help="Only claims refuted somewhere.")] = False,
    form: Annotated[ClaimsFormat, typer.Option("--format", help="How to write it.")] = ClaimsFormat.TEXT,
    results: Results = None,
) -> None:
    """Say where each claim about nested layers is held and where refuted, and by what.

    A claim is judged only on stacks that it speaks of and on which its case ran; of which measured
    stacks it does not speak, and why, is said below it. Exits with 3 where
    none could be decided.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.claims import Outcome, load_claims, rule
    from nestbench.frames import Result, collect
    from nestbench.matrix import Device, load_matrix
    from nestbench.names import Asked, matching, require_known
    from nestbench.report import claims as report
    from nestbench.run.stored import lock_digests

    catalogue = load_catalogue()
    every = load_claims(catalogue)
    asked = Asked(
        kind="claim", patterns=ids or [], known=[one.id for one in every], lists="`nestbench claims`"
    )
    require_known(asked)
    wanted = {name for pattern in ids or ["*"] for name in matching(pattern, asked.known)}
    chosen = [claim for claim in every if claim.id in wanted]
    matrix = load_matrix()
    store = reading(results).store
    measured = store.stacks()
    # Without a GPU, ten stacks more would be said to be not measured, for each claim.
    stacks = [
        one
        for one in matrix.select(stack or []).stacks
        if stack or one.device is Device.CPU or one.id in measured
    ]
    cases = catalogue.select(sorted({one.case for claim in chosen for one in claim.decided_by}))
    by_stack: dict[str, dict[str, list[Result]]] = {}
    for result in collect(store, cases.cells(one.id for one in stacks), lock_digests(matrix)):
        by_stack.setdefault(result.cell.stack, {}).setdefault(result.cell.case.id, []).append(result)
    rulings = [
        (claim, [rule(claim, one.id, by_stack[one.id]) for one in stacks if claim.stacks.holds(one)])
        for claim in chosen
    ]
    decided = any(one.outcome in (Outcome.HELD, Outcome.REFUTED) for _, said in rulings for one in said)
    if refuted:
        rulings = [pair for pair in rulings if any(one.outcome is Outcome.REFUTED for one in pair[1])]
    order = [one.id for one in matrix.stacks]
    there = [one for one in stacks if one.id in measured]
    if form is ClaimsFormat.JSON:
        typer.echo(report.claims_json(rulings, there), nl=False)
    elif form is ClaimsFormat.MARKDOWN:
        typer.echo(report.claims_markdown(rulings, order, there), nl=False)
    else:
        typer.echo(report.claims_text(rulings, order, there), nl=False)
    if not decided:
        raise typer.Exit(int(ExitCode.INCOMPLETE))
