"""``nestbench repro``: one case on one stack as a script for a bug report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.options import CaseFolders, MatrixFile, Results, Variants
from nestbench.errors import IncompleteError

if TYPE_CHECKING:
    from nestbench.catalogue import CaseEntry
    from nestbench.frames import Result
    from nestbench.matrix import Stack
    from nestbench.store import Store

_NAME = "repro.py"


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("repro")(repro)


def repro(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id of a case.")],
    *,
    stack: Annotated[str, typer.Option(metavar="ID", help="The stack on which to show it.")],
    variant: Variants = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Into this file.")
    ] = None,
    results: Results = None,
    folders: CaseFolders = None,
    matrix: MatrixFile = None,
) -> None:
    """Write a script without nestbench that shows what a case does on a stack, in under 40 lines.

    Its head holds the requirements that `uv run` reads, and the line to call. What it shows is what was
    measured: results/local if it holds the case, else results/published. Of several variants it is that
    with the gravest verdict. Exits with 3 where the case was not measured there.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import load_matrix
    from nestbench.names import require_known
    from nestbench.output import check_output, write_output
    from nestbench.witness import LINES, Untold, make_witness

    if output is not None:
        check_output(output, option="-o")
    rows, catalogue = load_matrix(matrix), load_catalogue(folders or [])
    require_known(catalogue.asked([case], ())[0], rows.asked([stack]))
    row, entry = rows.get(stack), catalogue.get(case)
    store, result = _gravest(_stores(results), entry, row, variant or [])
    label = f"{result.cell.label} on {stack}"
    name = output.name if output is not None and output.suffix == ".py" else _NAME
    try:
        witness = make_witness(result, row, name=name)
    except Untold as reason:
        raise IncompleteError(
            f"{label} cannot be told in a script of fewer than {LINES} lines: it {reason}.",
            do=f"`nestbench cases show {case}` shows it, `nestbench run {stack} --case {case}` runs it.",
        ) from reason
    typer.echo(f"{label}: {', '.join(witness.shown)}. Read from {store.root}", err=True)
    if output is None:
        typer.echo(witness.text, nl=False)
        return
    write_output(output, witness.text.encode(), option="-o")
    typer.echo(f"Written to {output}; `uv run --python {row.python} {output}` runs it.", err=True)


def _stores(results: Path | None) -> "list[Store]":
    from nestbench.run.workspace import find_workspace
    from nestbench.store import Store

    workspace = find_workspace()
    folders = [results.absolute()] if results else [workspace.local, workspace.published]
    return [Store(folder) for folder in folders]


def _gravest(
    stores: "list[Store]", entry: "CaseEntry", row: "Stack", wanted: list[str]
) -> "tuple[Store, Result]":
    """The measured variant with the gravest verdict, of the first store that holds any that is current."""
    from nestbench.catalogue import Catalogue
    from nestbench.frames import State, collect
    from nestbench.matrix.locks import lock_digest
    from nestbench.run.variants import asked_for
    from nestbench.verdicts import Entry, Verdict
    from nestbench.verdicts.verdict import RANK

    labels = asked_for([entry], wanted)[entry.id]
    every = Catalogue(folders=(), entries=(entry,)).cells([row.id])
    cells = [cell for cell in every if cell.variant.label in labels]
    says_nothing = {Verdict.NOT_APPLICABLE, Verdict.UNAVAILABLE, Verdict.CASE_WRONG}
    stale, nothing = False, ""
    for store in stores:
        found = []
        for result in collect(store, cells, {row.id: lock_digest(row)}):
            judged = result.judgement(Entry.CALL)
            if result.state is not State.CURRENT or judged is None:
                stale = stale or result.state is State.STALE
            elif judged.headline in says_nothing:
                nothing = f"{judged.headline}: {'; '.join(judged.evidence)}"
            else:
                found.append((RANK[judged.headline], result))
        if found:
            return store, min(found, key=lambda pair: pair[0])[1]
    if nothing:
        raise IncompleteError(
            f"{entry.id} shows nothing on {row.id}. It is {nothing}.",
            do=f"`nestbench table --case {entry.id}` shows on which stacks it says something.",
        )
    places = " or ".join(str(store.root) for store in stores)
    raise IncompleteError(
        f"What a script of {entry.id} would show on {row.id} is not known: {places} does not hold it"
        + (" as it is today." if stale else "."),
        why="the case, its lock or the probe changed since it was measured" if stale else "",
        do=f"`nestbench run {row.id} --case {entry.id}` measures it.",
    )
