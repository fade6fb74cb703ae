"""``nestbench portability``: what is saved on one stack, loaded on another."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nestbench.cli.errors import interruptible
from nestbench.cli.options import Again, Cases, Environments, NoDownload, Quiet
from nestbench.errors import ExitCode


class PortabilityFormat(StrEnum):
    """How the matrices are written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CSV = "csv"


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("portability")(portability)


def portability(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STACK]...", help="Stacks or patterns; a set of every era if none is given."),
    ] = None,
    *,
    case: Cases = None,
    form: Annotated[
        PortabilityFormat, typer.Option("--format", help="How to write it.")
    ] = PortabilityFormat.TEXT,
    folder: Annotated[
        Path | None, typer.Option("--results", metavar="DIR", help="Where what was found is kept.")
    ] = None,
    again: Again = False,
    envs: Environments = None,
    no_download: NoDownload = False,
    quiet: Quiet = False,
) -> None:
    """Save on each stack, load on each other: weights files, model files, TF checkpoints.

    Each file comes from an instance with literal weights; what loads must give the same output. What
    is measured and current is not measured again. Exits with 3 where a stack could not be measured.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import load_matrix
    from nestbench.portability import Shelf, choose
    from nestbench.portability.exchange import Exchange
    from nestbench.portability.record import label_of
    from nestbench.portability.report import to_csv, to_text
    from nestbench.run.session import tox_prepare
    from nestbench.run.workspace import find_workspace

    workspace = find_workspace()
    chosen = choose(load_matrix(), load_catalogue(), stacks or [], case or [])
    everything = not stacks and not case
    default = workspace.root / "results" / ("portability" if everything else "local-portability")
    shelf = Shelf(root=(folder or default).absolute())
    exchange = Exchange(
        chosen=chosen,
        prepare=tox_prepare(chosen.stacks, workspace, envs=envs, allow_download=not no_download),
        workspace=workspace,
        shelf=shelf,
        workers=len(os.sched_getaffinity(0)),
        say=(lambda _text: None) if quiet else (lambda text: typer.echo(text, err=True)),
    )
    with interruptible("what a stack has loaded to the end is kept", again=again):
        failures = exchange.run(again=again)
    found = [loads for stack in chosen.stacks if (loads := shelf.load(stack.id)) is not None]
    labels = [label_of(entry, variant) for entry, variant in chosen.cells]
    if form is PortabilityFormat.CSV:
        typer.echo(to_csv(found), nl=False)
    else:
        typer.echo(to_text(found, labels, markdown=form is PortabilityFormat.MARKDOWN), nl=False)
    for stack, why in failures.items():
        typer.echo(f"{stack}: not measured: {why}", err=True)
    if failures or not found:
        raise typer.Exit(int(ExitCode.INCOMPLETE))
