"""``nestbench bench faults``: what is lost or said falsely when things go wrong."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.options import Environments, Form, ListFormat, NoDownload, screen
from nestbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from nestbench.bench.faults import Tally
    from nestbench.bench.faults.misbehaving import Real


def faults(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FAULT]...", help="Faults; all of them if none.")
    ] = None,
    *,
    times: Annotated[
        int, typer.Option(min=1, help="How often a controller is killed; others go by it.")
    ] = 50,
    stack: Annotated[str, typer.Option(help="The real stack on which cases misbehave.")] = "tf2.15",
    planted: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The cases that do: tests/planted of a checkout.")
    ] = None,
    envs: Environments = None,
    no_download: NoDownload = False,
    form: Form = ListFormat.TABLE,
) -> None:
    """Plant faults, and count the results that are lost or wrong: there must be none.

    killed, together, shown (a report meanwhile), full and read-only (disks), cut, flipped and schemas
    (files), environments, altered (an environment, while a run that is killed measures in it), index and
    clock are tried on a tiny stack made for it; cases, a hundred that misbehave at once, on a real one. Exits
    with 1 where anything is lost, wrong or untold.
    """
    from nestbench.bench.faults import FAULTS, plant

    chosen = names or list(FAULTS)
    for name in chosen:
        if name not in FAULTS:
            raise UsageError.unknown("fault", name, FAULTS, do=f"There are {', '.join(FAULTS)}.")

    def say(text: str) -> None:
        typer.echo(text, err=True)

    real = _real(stack, planted, envs, allow_download=not no_download) if "cases" in chosen else None
    tallies = []
    for tally in plant(chosen, times=times, real=real, say=say):
        tallies.append(tally)
        for line in tally.found:
            say(f"{tally.fault}: {line}")
    if form is ListFormat.JSON:
        typer.echo(json.dumps([vars(one) for one in tallies], indent=1))
    else:
        _print(tallies)
    if not all(one.clean for one in tallies):
        raise typer.Exit(int(ExitCode.FOUND))
    if any(one.not_tried for one in tallies):
        raise typer.Exit(int(ExitCode.INCOMPLETE))


def _real(stack: str, planted: Path | None, envs: Path | None, *, allow_download: bool) -> "Real":
    from nestbench.bench.faults.misbehaving import Real
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import load_matrix
    from nestbench.run.session import tox_prepare
    from nestbench.run.workspace import find_workspace

    workspace = find_workspace()
    folder = (planted or workspace.root / "tests" / "planted").absolute()
    if not folder.is_dir():
        raise UsageError(
            f"There is no folder {folder} of cases that misbehave.",
            why="they are part of a checkout, not of what is installed",
            do="Name a folder with --planted, or name the other faults.",
        )
    row = load_matrix().get(stack)
    place = (envs or workspace.folder("envs")).absolute()
    prepare = tox_prepare([row], workspace, envs=place, allow_download=allow_download)
    prepare(row.id, lambda text: typer.echo(f"{row.id}: {text}", err=True))
    return Real(stack=row.id, envs=place, planted=folder, catalogue=load_catalogue([folder]))


def _print(tallies: "list[Tally]") -> None:
    from rich.table import Table

    table = Table("fault", "runs", "lost", "wrong", "untold", "seen", title="Faults, planted")
    for one in tallies:
        seen = one.not_tried or ", ".join(f"{what}: {n}" for what, n in one.saw.items() if n)
        table.add_row(one.fault, *map(str, (one.runs, one.lost, one.wrong, one.untold)), seen)
    screen().print(table)
