"""``nestbench time`` and ``nestbench timings``: measure build time on several stacks, and show it."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.errors import interruptible
from nestbench.cli.options import (
    CaseFolders,
    Cases,
    Environments,
    Groups,
    MatrixFile,
    NoDownload,
    Quiet,
    screen,
)
from nestbench.cli.timed import (
    Cpus,
    Measure,
    Measures,
    Seconds,
    Seed,
    SessionName,
    TimedLaunches,
    launch_for,
)
from nestbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from nestbench.timing import Session, Shelf
    from nestbench.timing.answers import Answers

_SHOWN, _SHOWN_MEMORY = 40, 10


class TimingsFormat(StrEnum):
    """How a session is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


Timings = Annotated[
    Path | None, typer.Option("--results", metavar="DIR", help="The folder of the timing sessions.")
]
Form = Annotated[TimingsFormat, typer.Option("--format", help="How to print it.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("time")(time)
    app.command("timings")(timings)


def time(
    stacks: Annotated[
        list[str], typer.Argument(metavar="STACK...", help="Two stacks or more, oldest first.")
    ],
    *,
    case: Cases = None,
    group: Groups = None,
    measure: Measures = None,
    control: Annotated[
        str | None, typer.Option(metavar="STACK", help="The stack that is timed twice; the last if left out.")
    ] = None,
    no_control: Annotated[bool, typer.Option("--no-control", help="Time no stack twice.")] = False,
    blocks: Annotated[int, typer.Option(min=5, max=30, help="Blocks at most; looks are at 10, 20, 30.")] = 30,
    launch: TimedLaunches = None,
    timeout: Seconds = 60,
    cpus: Cpus = None,
    seed: Seed = 0,
    session: SessionName = None,
    results: Timings = None,
    envs: Environments = None,
    folders: CaseFolders = None,
    matrix: MatrixFile = None,
    no_download: NoDownload = False,
    quiet: Quiet = False,
    form: Form = TimingsFormat.TABLE,
) -> None:
    """Time how models are constructed, built, called and first trained, on several stacks, interleaved.

    Launches run in randomised blocks, one at a time; leave the machine alone meanwhile. The same command
    goes on where it was interrupted, on whatever day. Exits with 3 where nothing could be compared.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import load_matrix
    from nestbench.names import require_known
    from nestbench.run.alone import alone
    from nestbench.run.session import tox_prepare
    from nestbench.run.workspace import find_workspace
    from nestbench.timing import Shelf
    from nestbench.timing.beginning import arms_of, begin, parts_of, today
    from nestbench.timing.host import set_aside
    from nestbench.timing.running import Timing, check_same, latest_alike

    workspace = find_workspace()
    rows, every = load_matrix(matrix), load_catalogue(folders or [])
    require_known(
        rows.asked([*stacks, *([control] if control else [])]), *every.asked(case or [], group or [])
    )
    chosen = rows.select(stacks).stacks
    if len(chosen) < 2:  # noqa: PLR2004 - a pair
        raise UsageError("One stack alone cannot be compared.", do="Name two, oldest first.")
    catalogue = every.select(case or [], group or [])
    twice = None if no_control else control or chosen[-1].id
    asked = begin(
        session or today(),
        arms_of(chosen, twice),
        parts_of(catalogue),
        measures=tuple(map(str, measure or list(Measure))),
        launch=launch_for(chosen, launch),
        limit=timeout,
        cpus=set_aside(cpus),
        seed=seed,
        planned=blocks,
    )
    shelf = Shelf(root=(results or workspace.root / "results" / "local-timings").absolute())
    if session is None:
        held = latest_alike(shelf, asked, today())
        if held is None:
            asked = replace(asked, name=shelf.free(asked.name))
        else:
            typer.echo(f"Goes on with session {held.name}, begun {held.began}.", err=True)
    else:
        held = shelf.load(session) if shelf.has(session) else None
        if held is None:
            shelf.require_new(session)
        else:
            check_same(held, asked)
    going_on = asked if held is None else replace(held, planned=blocks)

    def say(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    more = "" if session else f"--session {going_on.name}"
    with alone("nestbench time"), interruptible("finished blocks are kept", more=more):
        prepare = tox_prepare(chosen, workspace, envs=envs, allow_download=not no_download)
        made = {stack.id: prepare(stack.id, say) for stack in chosen}
        if going_on != held:
            shelf.save(going_on)
        timing = Timing(
            session=going_on,
            shelf=shelf,
            workspace=workspace,
            made=made,
            files=sorted({entry.file for entry in catalogue}),
            most=blocks,
            say=say,
        )
        found = timing.run()
    _show(shelf, timing.session, found, form=form, everything=False)


def timings(
    session: Annotated[str | None, typer.Argument(metavar="[SESSION]", help="The last if left out.")] = None,
    *,
    results: Timings = None,
    everything: Annotated[bool, typer.Option("--all", help="Every comparison, not the largest.")] = False,
    form: Form = TimingsFormat.TABLE,
    export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Only unpack pytest-benchmark's files into this folder."),
    ] = None,
) -> None:
    """Show what a timing session found: its largest differences first, and whether its control held.

    Exits with 3 where nothing could be compared.
    """
    from nestbench.names import number_of
    from nestbench.timing.answers import answers, steps
    from nestbench.timing.samples import samples

    shelf = shelf_of(results)
    chosen = shelf.load(session) if session else shelf.last()
    typer.echo(f"Read from {shelf.root / chosen.name}", err=True)
    if export is not None:
        count = len(shelf.export(chosen, export.absolute()))
        typer.echo(f"{number_of(count, 'file')} of pytest-benchmark written to {export}", err=True)
        if not count:
            raise typer.Exit(int(ExitCode.INCOMPLETE))
        return
    found = answers(chosen, samples(shelf, chosen), steps(chosen.arms))
    _show(shelf, chosen, found, form=form, everything=everything)


def shelf_of(asked: Path | None) -> "Shelf":
    """The sessions in the folder that was asked for, else those of this machine, else the published ones."""
    from nestbench.run.workspace import find_workspace
    from nestbench.timing import Shelf

    folder = find_workspace().root / "results"
    local, published = folder / "local-timings", folder / "timings"
    first = published if published.is_dir() and not local.is_dir() else local
    return Shelf(root=(asked or first).absolute())


def _show(
    shelf: "Shelf", session: "Session", found: "Answers", *, form: TimingsFormat, everything: bool
) -> None:
    from nestbench.timing import report
    from nestbench.timing.memory import usage
    from nestbench.timing.samples import samples

    memory = usage(shelf, session)
    if form is TimingsFormat.JSON:
        typer.echo(report.timings_json(session, found, samples(shelf, session), memory), nl=False)
    elif form is TimingsFormat.CSV:
        typer.echo(report.timings_csv(found), nl=False)
    else:
        most = None if everything else _SHOWN
        rows = report.biggest_first(found.rows)
        _print(f"{session.name}: the largest differences first", report.timings_frame(rows), session, most)
        typer.echo(f"{report.LEGEND} {report.TIMES_ALONE}")
        title = f"{session.name}: peak memory and its growth in MB, medians, not judged"
        _print(title, report.memory_frame(memory), session, most and _SHOWN_MEMORY)
        for line in report.failures(samples(shelf, session)):
            typer.echo(f"not measured: {line}")
        for line in [*report.seconds_text(session, found), *report.caveats(session, found)]:
            typer.echo(line)
    if not found.rows:
        raise typer.Exit(int(ExitCode.INCOMPLETE))


def _print(title: str, frame: "pd.DataFrame", session: "Session", most: int | None) -> None:
    from rich.table import Table
    from rich.text import Text

    if frame.empty:
        return
    table = Table(*frame.columns, title=title)
    for row in frame[:most].itertuples(index=False):
        table.add_row(*map(Text, row))  # a label such as list-of-layers[owner=layer] is no markup
    screen().print(table)
    if most is not None and most < len(frame):
        typer.echo(f"{len(frame) - most} more: `nestbench timings {session.name} --all`.")
