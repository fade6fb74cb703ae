"""``nestbench table``, ``pack`` and ``import``: what was measured, here and elsewhere."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from nestbench.cli.options import CaseFolders, Cases, Groups, MatrixFile, Results, on_stdout
from nestbench.cli.reading import reading
from nestbench.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from nestbench.report import Grid

Word = TypeVar("Word", bound=StrEnum)


class TableFormat(StrEnum):
    """How the table is written."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("table")(table)
    app.command("pack")(pack)
    app.command("import")(bring)


def table(
    *,
    show: Annotated[
        str, typer.Option(help="verdict, count, or a signal, e.g. built.count_params.")
    ] = "verdict",
    case: Cases = None,
    group: Groups = None,
    stack: Annotated[list[str] | None, typer.Option(help="Only this stack (or pattern).")] = None,
    verdict: Annotated[
        list[str] | None, typer.Option(help="Only rows where a stack has this verdict.")
    ] = None,
    differs: Annotated[bool, typer.Option("--differs", help="Only rows where stacks differ.")] = False,
    entry: Annotated[
        list[str] | None, typer.Option(help="Only this entry: call, or build (build() alone).")
    ] = None,
    form: Annotated[TableFormat, typer.Option("--format", help="How to write it.")] = TableFormat.TERMINAL,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Into this file.")
    ] = None,
    results: Results = None,
    folders: CaseFolders = None,
    matrix: MatrixFile = None,
) -> None:
    """Show cases against stacks, from what was measured.

    Reads results/local where it holds anything, else results/published, and says which. What the
    verdicts of a few cells rest on, the text of an exception among it, stands below the table;
    --format json has that of every cell.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.frames import collect
    from nestbench.matrix import load_matrix
    from nestbench.output import check_output, write_output
    from nestbench.report import Query, make_grid
    from nestbench.run.stored import beside, lock_digests, measured_cells
    from nestbench.verdicts import Entry, Verdict

    if output is not None:
        check_output(output, option="-o")
    source = reading(results)
    store = source.store
    catalogue = load_catalogue(folders or [])
    rows = load_matrix(matrix)
    query = Query(
        show=show,
        cases=tuple(case or ()),
        groups=tuple(group or ()),
        stacks=tuple(stack or ()),
        verdicts=tuple(_word(Verdict, "verdict", name) for name in verdict or ()),
        differs=differs,
        entries=tuple(_word(Entry, "entry", name) for name in entry or ()) or Query().entries,
    )
    for line in beside(store, catalogue, rows):
        typer.echo(line, err=True)
    with source.or_published(
        stacks=query.stacks,
        cases=lambda: (entry.id for entry in catalogue.select(query.cases, query.groups)),
    ):
        cells = measured_cells(
            store, catalogue, rows, stacks=query.stacks, cases=query.cases, groups=query.groups
        )
    collected = collect(store, cells, lock_digests(rows))
    grid = make_grid(collected, query)
    if differs:
        _require_two(grid, chosen=bool(stack))
    if form is TableFormat.TERMINAL and output is None:
        from nestbench.report import print_table

        print_table(grid, on_stdout(), title=store.root.name)
        return
    from nestbench.report import to_csv, to_json, to_markdown

    write = {TableFormat.CSV: to_csv, TableFormat.JSON: to_json}.get(form, to_markdown)
    if output is None:
        typer.echo(write(grid), nl=False)
    else:
        write_output(output, write(grid).encode(), option="-o")
        typer.echo(f"Written to {output}", err=True)


def _require_two(grid: "Grid", *, chosen: bool) -> None:
    """Raise where --differs has nothing to tell apart; ``chosen``: by the choice of stacks."""
    if len(grid.stacks) > 1:
        return
    what = f"--differs needs two stacks, and {grid.stacks[0]} is the only one"
    if chosen:
        raise UsageError(f"{what} that was chosen.", do="Name more with --stack, or leave out --differs.")
    raise IncompleteError(
        f"{what} with results here.",
        do="Leave out --differs, measure another with `nestbench run STACK`, or name other results with "
        "--results DIR.",
    )


def _word(words: type[Word], kind: str, name: str) -> Word:
    try:
        return words(name)
    except ValueError as error:
        known = [str(word) for word in words]
        raise UsageError.unknown(kind, name, known, do=f"Known: {', '.join(known)}.") from error


def pack(
    out: Annotated[Path, typer.Argument(metavar="OUT.pyz", help="The file to write.")],
    *,
    folders: CaseFolders = None,
) -> None:
    """Write the probe and the cases as one file, for a machine that has only TensorFlow.

    There: `python OUT.pyz -o result.json`; back here: `nestbench import result.json`.
    """
    from nestbench import staging
    from nestbench.catalogue import load_catalogue
    from nestbench.names import number_of

    catalogue = load_catalogue(folders or [])
    staging.pack(out, sorted({entry.file for entry in catalogue}))
    typer.echo(f"{out}: {number_of(len(catalogue), 'case')}. Where TensorFlow is:", err=True)
    typer.echo(f"  python {out.name} -o result.json", err=True)


def bring(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the probe wrote there.")],
    *,
    name: Annotated[
        str | None, typer.Option("--as", metavar="ID", help="What to call it as a stack.")
    ] = None,
    results: Results = None,
    folders: CaseFolders = None,
) -> None:
    """Store a result file that was brought back, as a stack of its own.

    Several files of one stack become one. What contradicts a result that is there already is shown, and
    nothing is written (exit code 1): with --as ID it is stored beside it.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import load_matrix
    from nestbench.names import number_of
    from nestbench.run.confirming import not_confirmed
    from nestbench.run.workspace import find_workspace
    from nestbench.store import Store, write_import

    workspace = find_workspace()
    store = Store((results or workspace.local).absolute())
    if name in {stack.id for stack in load_matrix().stacks}:
        raise UsageError(
            f"{name} is a stack of the matrix.",
            why="what was measured elsewhere was not made from its lock",
            do="Give it another name with --as.",
        )
    store.prepare()
    stack, replaced = write_import(
        store,
        file,
        load_catalogue(folders or []),
        name,
        alone=lambda one: workspace.lock(store.root, one, own_folder=True),
    )
    typer.echo(f"Stored as {stack} in {store.root}; `nestbench table --stack {stack}` shows it.")
    if replaced:
        typer.echo(
            f"Replaced: {number_of(replaced, 'cell')} measured with another version of the case, the lock or "
            "the probe."
        )
    for line in not_confirmed(store):
        typer.echo(line)
