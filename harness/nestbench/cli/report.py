"""``nestbench report``: the compatibility site, from results alone."""

from pathlib import Path
from typing import Annotated

import typer

from nestbench.cli.options import CaseFolders, MatrixFile, Results
from nestbench.cli.reading import reading
from nestbench.errors import IncompleteError


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("report")(report)


def report(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="The folder of the site: new, empty, or of an earlier site."
        ),
    ] = None,
    results: Results = None,
    folders: CaseFolders = None,
    matrix: MatrixFile = None,
) -> None:
    """Make the compatibility report: a site that opens from the disk, with no server.

    From the results that `nestbench table` reads, and from portability, growth and timings beside them. A
    folder with files that is no site of this command is refused; in an earlier site of it, files of others
    stay.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.claims import load_claims
    from nestbench.matrix import load_matrix
    from nestbench.run.workspace import find_workspace
    from nestbench.site import Folder, Source, build

    workspace = find_workspace()
    folder = Folder(root=(output or workspace.root / "results" / "site").absolute())
    folder.check()
    store = reading(results).store
    catalogue = load_catalogue(folders or [])
    source = Source(
        store=store, catalogue=catalogue, matrix=load_matrix(matrix), claims=load_claims(catalogue)
    )
    if not source.entries:
        raise IncompleteError(
            f"{store.root} has results, but of no case of the catalogue.",
            do="Name the folder of their cases with --cases DIR.",
        )
    built = build(source, folder)
    for line in built.notes:
        typer.echo(line, err=True)
    typer.echo(f"{built.pages} pages: open {built.index}")
