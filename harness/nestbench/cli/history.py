"""``nestbench history``: in which release a behaviour changed."""

from enum import StrEnum
from typing import Annotated

import typer

from nestbench.cli.options import CaseFolders, Results
from nestbench.cli.results import measured_store
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
    variant: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Only variants with this value.")
    ] = None,
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
    from nestbench.run.workspace import find_workspace

    chosen = load_catalogue(folders or []).select(cases or [])
    matrix = load_matrix()
    store = measured_store(find_workspace(), results)
    typer.echo(f"Read from {store.root}", err=True)
    wanted = set(variant or [])
    by_label: dict[str, dict[str, Result]] = {}
    for result in collect(store, chosen.cells(one.id for one in matrix.stacks), lock_digests(matrix)):
        cell = result.cell
        if wanted <= {f"{name}={value}" for name, value in cell.variant.values}:
            by_label.setdefault(cell.label, {})[cell.stack] = result
    told = [
        history_of(line, label, by_stack)
        for label, by_stack in by_label.items()
        for line in lines(matrix.stacks)
    ]
    if not any(one.spans for one in told):
        raise IncompleteError(
            f"Nothing that was asked for is measured and current in {store.root}.",
            why="no variant has these values" if wanted and not by_label else "the cases were not run",
            do="Run `nestbench run --all --case CASE`, or name other results with --results DIR.",
        )
    if form is HistoryFormat.JSON:
        typer.echo(report.history_json(told), nl=False)
    else:
        typer.echo(report.history_text(told) if cases else report.history_brief(told), nl=False)
