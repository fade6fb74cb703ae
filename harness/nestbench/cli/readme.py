"""``nestbench readme``: the table of a checkout's README, made from the published results."""

from typing import Annotated

import typer

from nestbench.errors import ExitCode


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("readme")(readme)


def readme(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 where it is not current.")
    ] = False,
) -> None:
    """Make the README's table from results/published."""
    from nestbench.catalogue import load_catalogue
    from nestbench.report.readme import update
    from nestbench.run.workspace import find_workspace
    from nestbench.store import Store

    workspace = find_workspace()
    path = workspace.root / "README.md"
    changed = update(path, Store(workspace.published), load_catalogue(), write=not check)
    if check and changed:
        typer.echo(f"{path} is not current; `nestbench readme` makes it so.", err=True)
        raise typer.Exit(int(ExitCode.FOUND))
    typer.echo(f"{path} {'was made current' if changed else 'is current'}.", err=True)
