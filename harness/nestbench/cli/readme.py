"""``nestbench readme``: the state in the README and results/report.md, from the published results."""

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
    """Make the state in README.md, and results/report.md, from results/published."""
    from nestbench.catalogue import load_catalogue
    from nestbench.claims import load_claims
    from nestbench.matrix import load_matrix
    from nestbench.run.workspace import find_workspace
    from nestbench.site import Source, summary, survey_of
    from nestbench.store import Store

    workspace = find_workspace()
    path, report = workspace.root / "README.md", workspace.root / "results" / "report.md"
    store, catalogue = Store(workspace.published), load_catalogue()
    source = Source(store=store, catalogue=catalogue, matrix=load_matrix(), claims=load_claims(catalogue))
    changed = summary.update(path, report, survey_of(source), write=not check)
    if check and changed:
        typer.echo(f"{path} or {report} is not current; `nestbench readme` makes both so.", err=True)
        raise typer.Exit(int(ExitCode.FOUND))
    typer.echo(f"{path} and {report} {'were made current' if changed else 'are current'}.", err=True)
