"""``nestbench run``: the main job."""

import os
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.errors import going_on
from nestbench.cli.options import (
    Accepted,
    Again,
    CaseFolders,
    Cases,
    Environments,
    Groups,
    MatrixFile,
    NoDownload,
    Quiet,
    Results,
    on_stdout,
)
from nestbench.cli.streams import silence_stdout
from nestbench.errors import UsageError

if TYPE_CHECKING:
    from nestbench.catalogue import Catalogue
    from nestbench.machines.cluster import Cluster
    from nestbench.matrix import Matrix
    from nestbench.run.session import How, Report
    from nestbench.run.workspace import Workspace
    from nestbench.store import Store


class On(StrEnum):
    """What --here computes on."""

    CPU = "cpu"
    GPU = "gpu"


class Launch(StrEnum):
    """How a cell's process comes to be."""

    AUTO = "auto"
    FORK = "fork"
    FRESH = "fresh"


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("run")(run)


def run(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STACK]...",
            help="Ids of stacks, or patterns. If none: the oldest, the last with Keras 2, the newest.",
        ),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every stack of the matrix.")] = False,
    here: Annotated[
        bool, typer.Option("--here", help="Observe the Python that runs nestbench, as it is.")
    ] = False,
    device: Annotated[
        On | None, typer.Option(help="With --here: what to compute on. The CPU if left out.")
    ] = None,
    case: Cases = None,
    group: Groups = None,
    folders: CaseFolders = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Only the I-th of N parts of the cases.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Measure on the workers of this scheduler of Dask."),
    ] = None,
    tasks_per_stack: Annotated[
        int, typer.Option(min=1, help="With --scheduler: parts of a stack's cases, for as many workers.")
    ] = 1,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Cells observed at once, on each machine; one per CPU if left out."),
    ] = None,
    launch: Annotated[
        Launch,
        typer.Option(help="A process per cell: forked after one import, or fresh (always on a GPU)."),
    ] = Launch.AUTO,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for one cell.")] = 60,
    memory: Annotated[int, typer.Option(min=16, help="Megabytes for one cell.")] = 4096,
    again: Again = False,
    check: Annotated[
        bool, typer.Option("--check", help="Then hold it against what is accepted, as `nestbench check`.")
    ] = False,
    results: Results = None,
    accepted: Accepted = None,
    envs: Environments = None,
    no_download: NoDownload = False,
    matrix: MatrixFile = None,
    quiet: Quiet = False,
) -> None:
    """Measure how nested layers are counted, tracked and built, and show the table.

    What is measured already, and still current, is not measured again. A cell that ended as case-wrong,
    timed-out or crashed was measured: it is named at the end and is no reason to exit with another code
    than 0; `nestbench check` is what fails. With --scheduler, --envs is a
    folder on the workers; all else stays as it is.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import Device, load_matrix
    from nestbench.names import require_known
    from nestbench.run.probe_process import Limits
    from nestbench.run.session import How
    from nestbench.run.workspace import find_workspace
    from nestbench.store import Store

    workspace = find_workspace()
    store = Store((results or workspace.local).absolute())
    every = load_catalogue(folders or [])
    rows = load_matrix(matrix)
    require_known(rows.asked(stacks or []), *every.asked(case or [], group or []))
    if device is not None and not here:
        raise UsageError(
            "--device goes with --here: elsewhere the device is part of the stack.",
            do="Name a stack on a GPU, such as tf2.21-gpu; `nestbench matrix` lists them.",
        )
    catalogue = every.select(case or [], group or [])
    if shard is not None:
        catalogue = catalogue.shard(*_parts(shard))
    if scheduler is None and tasks_per_stack > 1:
        raise UsageError(
            "--tasks-per-stack goes with --scheduler: here a stack is one task.",
            do="Leave it out, or name a scheduler; for jobs of a CI there is --shard I/N.",
        )
    catalogue.shard(1, tasks_per_stack)  # where some would be empty, that is told before anything is done
    how = How(
        workers=workers or len(os.sched_getaffinity(0)),
        launch=str(launch),
        limits=Limits(seconds=timeout, megabytes=memory),
        again=again,
    )
    if here:
        if stacks or everything or scheduler is not None:
            raise UsageError(
                "--here observes one interpreter, the one that runs nestbench.",
                do="Leave out --all, --scheduler and the names of stacks.",
            )
        from nestbench.run.here import measure_here

        chosen = Device(device or On.CPU)
        report = measure_here(store, workspace, catalogue, how, device=chosen, quiet=quiet)
    else:
        cluster = None
        if scheduler is not None:
            from nestbench.machines.cluster import Cluster

            cluster = Cluster(scheduler, jobs=workers, parts=tasks_per_stack)
        with cluster or nullcontext():
            report = _run_matrix(
                stacks or [],
                everything=everything,
                store=store,
                workspace=workspace,
                catalogue=catalogue,
                how=how,
                envs=envs,
                allow_download=not no_download,
                matrix=rows,
                quiet=quiet,
                cluster=cluster,
            )
    try:
        _show(report, store, workspace, every, again=again)
    except BrokenPipeError:  # a reader that left changes no exit code
        silence_stdout()
    if not check or report.interrupted:
        raise typer.Exit(int(report.exit_code))
    from nestbench.cli.check import Ground, gate
    from nestbench.errors import gravest

    ground = Ground(
        store=store,
        workspace=workspace,
        catalogue=catalogue,
        matrix=rows,
        accepted=(accepted or workspace.accepted).absolute(),
        whole=len(catalogue) == len(every),
    )
    stacks_run = [
        *(plan.stack for plan in report.plans),
        *(one.stack for one in report.left_out if one.asked),
    ]
    found = gate(stacks_run, ground, how=how, envs=envs, quiet=quiet)
    raise typer.Exit(int(gravest([found, report.exit_code])))


def _parts(shard: str) -> tuple[int, int]:
    """The two numbers of ``I/N``."""
    number, _, of = shard.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise UsageError(
            f"--shard {shard} is no part of the cases.",
            do="Give it as I/N, such as 1/3, 2/3 and 3/3: the first, second and third of three parts.",
        )
    return int(number), int(of)


def _run_matrix(
    names: list[str],
    *,
    everything: bool,
    store: "Store",
    workspace: "Workspace",
    catalogue: "Catalogue",
    how: "How",
    envs: Path | None,
    allow_download: bool,
    matrix: "Matrix",
    quiet: bool,
    cluster: "Cluster | None",
) -> "Report":
    from nestbench.names import number_of
    from nestbench.run import session
    from nestbench.run.confirming import Doubts
    from nestbench.run.progress import reporter
    from nestbench.run.selection import grouped

    told = reporter(quiet=quiet)
    if cluster is None:
        chosen = session.select(matrix, names, everything=everything, allow_download=allow_download)
    else:
        from nestbench.machines import measuring as far

        chosen = far.select(
            cluster, matrix, names, everything=everything, allow_download=allow_download, say=told.say
        )
    doubts = Doubts(store=store, workspace=workspace, envs=envs)
    plans = session.plans_of(store, chosen.stacks, catalogue, again=how.again, doubts=doubts)
    for named, out in grouped(chosen.left_out) if plans else ():
        told.say(f"{named}: left out: {out.reason}.\n  To get it: {out.remedy}.")
    if plans:
        current = sum(plan.current for plan in plans)
        to_run = sum(len(plan.to_run) for plan in plans)
        names_of = ", ".join(plan.stack for plan in plans)
        told.say(f"{names_of}: {number_of(current, 'cell')} current, {to_run} to run.")
    else:
        told.say("No stack is left to run.")
    if cluster is not None:
        return far.measure(
            plans,
            chosen,
            cluster,
            store=store,
            workspace=workspace,
            catalogue=catalogue,
            how=how,
            envs=envs,
            allow_download=allow_download,
            reporter=told,
        )
    return session.measure(
        plans,
        session.tox_prepare(chosen.stacks, workspace, envs=envs, allow_download=allow_download),
        store=store,
        workspace=workspace,
        catalogue=catalogue,
        how=how,
        reporter=told,
        left_out=chosen.left_out,
    )


def _show(
    report: "Report", store: "Store", workspace: "Workspace", catalogue: "Catalogue", *, again: bool
) -> None:
    """The table of this run on the screen, that of the whole store beside the results."""
    from nestbench.frames import collect
    from nestbench.report import Query, make_grid, print_table, write_tables
    from nestbench.run.confirming import not_confirmed
    from nestbench.run.stored import stored_cells
    from nestbench.run.summary import compare, poor

    locks = {plan.stack: plan.lock for plan in report.plans}
    cells = [cell for plan in report.plans for cell in plan.expected]
    console = on_stdout()
    shown = collect(store, cells, locks, report.unavailable)
    if cells:
        print_table(make_grid(shown, Query()), console, title=store.root.name)
    if cells and not report.shared:
        # A stack without any result because there is no such device here has no column of its own.
        every = stored_cells(store, catalogue, [one for one in cells if one.stack not in report.unavailable])
        write_tables(store, every, store.root, collect(store, every, locks))
        names = ", ".join(f"table.{kind}" for kind in ("md", "csv", "json"))
        console.print(f"\nThe same in {store.root}: {names}", markup=False, soft_wrap=True)
    for line in [*report.lines(), *poor(shown), *not_confirmed(store)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if report.interrupted:
        text = f"Interrupted. {going_on('what was measured is kept', again=again)}"
        console.print(text, markup=False, soft_wrap=True)
    published = workspace.published
    if report.plans and published.is_dir() and published.resolve() != store.root.resolve():
        from nestbench.store import Store

        comparison = compare(store, Store(published), report.plans)
        for line in comparison.lines("the published results"):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
