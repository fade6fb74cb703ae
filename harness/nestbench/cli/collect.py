"""``nestbench collect``: the results of several jobs in one place."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.options import CaseFolders, MatrixFile, Results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nestbench.catalogue import Catalogue
    from nestbench.matrix import Matrix
    from nestbench.store import Store

_FEW = 6


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("collect")(collect)


def collect(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER...", help="Folders of results, or folders that hold such folders."),
    ],
    *,
    stack: Annotated[
        list[str] | None,
        typer.Option(help="A stack (or pattern) of which what is missing is listed; may be repeated."),
    ] = None,
    results: Results = None,
    folders: CaseFolders = None,
    matrix: MatrixFile = None,
) -> None:
    """Bring results of several runs together, such as those of the jobs of a CI.

    What two of them measured twice must be the same; where it is not, it is shown, and nothing is
    written (exit code 1), nor where a file is broken (exit code 4). Parts of results are fine (exit code
    0): what is missing is listed, and judged by `nestbench check`. What second tries (`nestbench check`)
    saw comes along.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import load_matrix
    from nestbench.names import number_of
    from nestbench.run.confirming import not_confirmed
    from nestbench.run.workspace import find_workspace
    from nestbench.store import Store
    from nestbench.store.again import AGAIN, second_tries
    from nestbench.store.collecting import gather, stores_in

    rows = load_matrix(matrix)
    expected = [one.id for one in rows.select(stack).stacks if one.id in rows.meant(stack)] if stack else []
    workspace = find_workspace()
    target = Store((results or workspace.local).absolute())
    found = [one for one in stores_in(sources) if one.root.resolve() != target.root.resolve()]
    first = [one for one in found if one.root.name != AGAIN]
    second = [one for one in found if one.root.name == AGAIN]
    again = second_tries(target)
    with ExitStack() as held:  # a run that writes there meanwhile would lose what is written
        there = target.root.is_dir()  # what is refused makes no folder
        for name in sorted({name for one in first for name in one.stacks()}):
            held.enter_context(workspace.lock(target.root, name, own_folder=there))
        gathered, tried = gather(first, target), gather(second, again)
        gathered.save(target)
        if tried.results:
            tried.save(again)
    cells = sum(len(one.observations) for one in gathered.results)
    names = [one.stack for one in gathered.stacks]
    typer.echo(
        f"{target.root}: {number_of(cells, 'cell')} of {number_of(len(names), 'stack')} "
        f"from {number_of(len(first), 'folder')}"
        + (f"; {gathered.twice} were there more than once, and the same." if gathered.twice else ".")
    )
    if gathered.replaced:
        typer.echo(
            f"Replaced: {number_of(gathered.replaced, 'cell')} measured with another version of the case, "
            "the lock or the probe."
        )
    for note in (*gathered.notes, *tried.notes):
        typer.echo(f"{note}.")
    for line in not_confirmed(target):
        typer.echo(line)
    _missing(target, load_catalogue(folders or []), rows, list(dict.fromkeys([*names, *expected])))


def _missing(store: "Store", catalogue: "Catalogue", matrix: "Matrix", stacks: "Sequence[str]") -> None:
    """Say of each stack which cells are not there, as they are now."""
    from nestbench import frames
    from nestbench.frames import State
    from nestbench.names import few, number_of
    from nestbench.run.stored import lock_digests

    locks = lock_digests(matrix)
    whole = 0
    for stack in stacks:
        results = frames.collect(store, catalogue.cells([stack]), locks)
        missing = [one.cell.label for one in results if one.state is State.MISSING]
        stale = sum(one.state is State.STALE for one in results)
        whole += not missing and not stale
        if missing:
            some = few(missing, _FEW)
            typer.echo(f"{stack}: {number_of(len(missing), 'cell')} of {len(results)} missing: {some}")
        if stale:
            typer.echo(
                f"{stack}: {number_of(stale, 'cell')} measured before the case, its lock or the probe changed"
            )
    typer.echo(f"{whole} of {number_of(len(stacks), 'stack')} whole.")
