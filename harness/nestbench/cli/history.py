"""``nestbench history``: in which release a behaviour changed."""

from enum import StrEnum
from typing import Annotated

import typer

from nestbench.cli.options import CaseFolders, Results, Variants
from nestbench.cli.reading import reading
from nestbench.errors import IncompleteError


class HistoryFormat(StrEnum):
    """How a history is written."""

    TEXT = "text"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("history")(history)


def history(
    cases: Annotated[list[str] | None, typer.Argument(metavar="[CASE]...", help="Ids or patterns.")] = None,
    *,
    variant: Variants = None,
    form: Annotated[HistoryFormat, typer.Option("--format", help="How to write it.")] = HistoryFormat.TEXT,
    results: Results = None,
    folders: CaseFolders = None,
) -> None:
    """Say in which release the behaviour of a case changed, from measured stacks only.

    Along each line of releases: TensorFlow, Keras 3, tf-keras, and Keras 3 on other backends. A change
    lies between two measured releases; `nestbench table --case CASE` shows the same by stack. Without
    CASE, one sentence for every case that changed.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.changes import history_of
    from nestbench.frames import Result, collect
    from nestbench.matrix import load_matrix
    from nestbench.matrix.lines import lines
    from nestbench.report import history as report
    from nestbench.run.stored import lock_digests
    from nestbench.run.variants import asked_for

    chosen = load_catalogue(folders or []).select(cases or [])
    matrix = load_matrix()
    wanted = asked_for(chosen, variant or [])
    source = reading(results)
    by_label: dict[str, dict[str, Result]] = {}
    cells = chosen.cells(one.id for one in matrix.stacks)
    for result in collect(source.store, cells, lock_digests(matrix)):
        cell = result.cell
        if cell.variant.label in wanted.get(cell.case.id, ()):
            by_label.setdefault(cell.label, {})[cell.stack] = result
    told = [
        history_of(line, label, by_stack)
        for label, by_stack in by_label.items()
        for line in lines(matrix.stacks)
    ]
    with source.or_published(cases=lambda: wanted):
        if not any(one.spans for one in told):
            raise IncompleteError(
                f"Nothing that was asked for is measured and current in {source.store.root}.",
                why="the cases were not run, or changed since",
                do="Run `nestbench run --all --case CASE`, or name other results with --results DIR.",
            )
    if not any(one.changed for one in told):
        typer.echo("Nothing changed from one measured release to the next.", err=True)
    if form is HistoryFormat.JSON:
        typer.echo(report.history_json(told), nl=False)
    else:
        typer.echo(report.history_text(told) if cases else report.history_brief(told), nl=False)
