"""``nestbench bench speed``: how fast nestbench is, as ratios measured in one run."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.options import Cases, Environments, Form, ListFormat, NoDownload, Results, screen
from nestbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from nestbench.bench.reading import Reading
    from nestbench.bench.speed import Speed


class Half(StrEnum):
    """What is measured: runs on real stacks, or commands that read results."""

    RUNNING = "running"
    READING = "reading"


def speed(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STACK]...", help="Ids of stacks; tf2.15 tf2.21 if none."),
    ] = None,
    *,
    case: Cases = None,
    most: Annotated[int, typer.Option(min=10, help="Cases that are run, evenly chosen.")] = 60,
    sample: Annotated[int, typer.Option(min=1, help="Cells run in fresh interpreters.")] = 10,
    only: Annotated[Half | None, typer.Option(help="Only this half.")] = None,
    no_tox: Annotated[bool, typer.Option("--no-tox", help="Leave tox out.")] = False,
    results: Results = None,
    envs: Environments = None,
    no_download: NoDownload = False,
    form: Form = ListFormat.TABLE,
) -> None:
    """How fast nestbench is: ratios from one run, in about ten minutes on a machine that does nothing else.

    A warm run is held against its floor, a fresh process per case, and tox over the same stacks one after
    the other. Table, comparison and history are timed on 60 stacks and 200 cases, copied from the results
    (those under results/published, or --results DIR). Exits with 1 where a ratio misses its aim.
    """
    from nestbench.bench.aims import figures_of, reading_figures, speed_data, with_figures
    from nestbench.bench.isolation import spread
    from nestbench.bench.reading import measure_reading
    from nestbench.bench.speed import measure_speed
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import Device, load_matrix
    from nestbench.run.alone import alone
    from nestbench.run.session import tox_prepare
    from nestbench.run.workspace import find_workspace
    from nestbench.store import Store

    def say(text: str) -> None:
        typer.echo(text, err=True)

    matrix, workspace = load_matrix(), find_workspace()
    running = read = None
    with alone("nestbench bench speed"):
        if only is not Half.READING:
            chosen = matrix.select(stacks or ["tf2.15", "tf2.21"]).stacks
            on_gpu = [stack.id for stack in chosen if stack.device is Device.GPU]
            if on_gpu:
                raise UsageError(
                    f"Runs are held against forked processes; on a GPU there are none: {', '.join(on_gpu)}.",
                    do="Name stacks on the CPU.",
                )
            catalogue = load_catalogue().select(case or [])
            ids = [entry.id for entry in spread(catalogue.entries, most)]
            prepare = tox_prepare(chosen, workspace, envs=envs, allow_download=not no_download)
            ini = workspace.root / "tox.ini"
            if not no_tox and not ini.is_file():
                say(f"tox is left out: there is no {ini}")
            running = measure_speed(
                {stack.id: prepare(stack.id, say) for stack in chosen},
                catalogue.select(ids),
                envs=envs.absolute() if envs is not None else None,
                sample=sample,
                tox_ini=None if no_tox or not ini.is_file() else ini,
                say=say,
            )
        if only is not Half.RUNNING:
            read = measure_reading(Store((results or workspace.published).absolute()), matrix, say=say)
    figures = []
    data = {}
    if running is not None:
        data["running"] = speed_data(running)
        figures += [one for part in (running, *running.runs) for one in figures_of(part).values()]
    if read is not None:
        data["reading"] = with_figures(read, reading_figures(read))
        figures += reading_figures(read).values()
    if form is ListFormat.JSON:
        typer.echo(json.dumps(data, indent=1))
    else:
        _print(running, read)
    if any(one.missed for one in figures):
        raise typer.Exit(int(ExitCode.FOUND))


def _print(running: "Speed | None", read: "Reading | None") -> None:
    from rich.table import Table

    table = Table("", "measured", "aim", "seconds", title="How fast nestbench is, from one run")
    for cells in [*(_running_rows(running) if running else ()), *(_reading_rows(read) if read else ())]:
        table.add_row(*cells)
    screen().print(table)


def _running_rows(speed: "Speed") -> Iterator[tuple[str, str, str, str]]:
    from nestbench.bench.aims import figures_of

    for run in speed.runs:
        aims = {name: one.aim for name, one in figures_of(run).items()}
        yield (
            f"{run.stack}, {run.cells} cells: warm run / floor",
            f"{run.over_floor:.2f}",
            aims["over_floor"],
            f"{run.warm:.1f} / {run.imported:.1f} import + {run.inside:.1f} cases",
        )
        yield (
            f"{run.stack}: fresh process per case / warm run",
            f"{run.faster_than_fresh:.1f}",
            aims["faster_than_fresh"],
            f"{run.fresh:.0f}, from {run.sample} cells / {run.warm:.1f}",
        )
        yield (
            f"{run.stack}: a cell of {run.cells} / a cell of {run.few_cells}",
            f"{run.growth:.2f}",
            aims["growth"],
            f"{run.warm:.1f} / {run.few:.1f}, less the import",
        )
    names = ", ".join(run.stack for run in speed.runs)
    if speed.tox is None or speed.faster_than_tox is None:
        yield f"{names}: serial tox / nestbench run", "not measured", "", ""
    else:
        yield (
            f"{names}: serial tox / nestbench run",
            f"{speed.faster_than_tox:.1f}",
            figures_of(speed)["faster_than_tox"].aim,
            f"{speed.tox:.1f} / {speed.warm:.1f} with {speed.workers} workers",
        )


def _reading_rows(read: "Reading") -> Iterator[tuple[str, str, str, str]]:
    from nestbench.bench.aims import reading_figures

    aims = {name: one.aim for name, one in reading_figures(read).items()}
    of = f"{read.stacks} stacks x {read.cases} cases, {read.cells} cells"
    for name, one in (("table", read.table), ("compare", read.compare), ("history", read.history)):
        yield (
            f"nestbench {name} of {of}",
            f"{one.megabytes:.0f} MB",
            f"{aims[f'{name}_megabytes']}, {aims[f'{name}_seconds']}",
            f"{one.seconds:.2f}",
        )
    for name, growth, fewer in (
        ("stacks", read.growth_with_stacks, read.fewer_stacks),
        ("cases", read.growth_with_cases, read.fewer_cases),
    ):
        yield (
            f"table, ten times the {name}, less what starting takes",
            f"x {growth:.1f}",
            aims[f"growth_with_{name}"],
            f"{read.table.seconds:.2f} / {fewer.seconds:.2f}, start {read.start.seconds:.2f}",
        )
