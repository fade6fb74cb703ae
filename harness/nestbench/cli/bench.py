"""``nestbench bench``: what nestbench itself costs, and whether its method works."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.faults import faults
from nestbench.cli.method import method
from nestbench.cli.options import (
    Cases,
    Environments,
    Form,
    ListFormat,
    MatrixFile,
    NoDownload,
    Results,
    screen,
)
from nestbench.cli.speed import speed
from nestbench.cli.trial import doctor
from nestbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from nestbench.bench import Cost
    from nestbench.bench.page import PageCost

_HELP = "What nestbench itself costs, whether its method works, and what it loses when things go wrong."
_bench = typer.Typer(help=_HELP, no_args_is_help=True)
_bench.command("method")(method)
_bench.command("speed")(speed)
_bench.command("doctor")(doctor)
_bench.command("faults")(faults)


def add_to(app: typer.Typer) -> None:
    """Add the group of commands to ``app``."""
    app.add_typer(_bench, name="bench")


@_bench.callback()
def bench() -> None:
    """What nestbench itself costs, whether its method works, and what it loses when things go wrong."""


@_bench.command("isolation")
def isolation(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STACK]...", help="Ids of stacks; tf2.0 tf2.15 tf2.21 if none."),
    ] = None,
    *,
    case: Cases = None,
    sample: Annotated[int, typer.Option(min=1, help="Cells run in fresh interpreters.")] = 10,
    envs: Environments = None,
    matrix: MatrixFile = None,
    no_download: NoDownload = False,
    form: Form = ListFormat.TABLE,
) -> None:
    """A warm run against its floor, no isolation, and a fresh process per case.

    Exits with 1 where a ratio misses its aim, as `nestbench bench speed` has it.
    """
    from nestbench.bench import measure_isolation
    from nestbench.bench.aims import figures_of, with_figures
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import Device, load_matrix
    from nestbench.run.alone import alone
    from nestbench.run.session import tox_prepare
    from nestbench.run.workspace import find_workspace

    chosen = load_matrix(matrix).select(stacks or ["tf2.0", "tf2.15", "tf2.21"]).stacks
    on_gpu = [stack.id for stack in chosen if stack.device is Device.GPU]
    if on_gpu:
        raise UsageError(
            f"Isolation is measured against forked processes; on a GPU there are none: {', '.join(on_gpu)}.",
            do="Name stacks on the CPU.",
        )
    catalogue = load_catalogue([]).select(case or [], [])
    prepare = tox_prepare(chosen, find_workspace(), envs=envs, allow_download=not no_download)

    def say(text: str) -> None:
        typer.echo(text, err=True)

    with alone("nestbench bench isolation"):
        costs = [
            measure_isolation(
                stack.id,
                prepare(stack.id, say),
                catalogue,
                envs=envs,
                sample=sample,
                say=say,
            )
            for stack in chosen
        ]
    if form is ListFormat.JSON:
        typer.echo(json.dumps([with_figures(cost, figures_of(cost)) for cost in costs], indent=1))
    else:
        _print(costs)
    if any(one.missed for cost in costs for one in figures_of(cost).values()):
        raise typer.Exit(int(ExitCode.FOUND))


@_bench.command("site")
def site(
    *,
    stacks: Annotated[int, typer.Option(min=1, help="How many stacks to stage.")] = 60,
    cases: Annotated[int, typer.Option(min=1, help="How many cases to stage.")] = 200,
    browser: Annotated[
        str | None, typer.Option(metavar="FILE", help="A Chromium; the one on PATH if none.")
    ] = None,
    results: Results = None,
    form: Form = ListFormat.TABLE,
) -> None:
    """Time and memory of building the site, size of its front page, milliseconds in a browser.

    Exits with 1 where a figure misses its aim, as `nestbench bench speed` has it; with 3 without a browser.
    """
    import shutil
    import tempfile
    from pathlib import Path

    from nestbench.bench.aims import figures_of, with_figures
    from nestbench.bench.page import measure_page
    from nestbench.matrix import load_matrix
    from nestbench.run.workspace import find_workspace
    from nestbench.store import Store

    store = Store((results or find_workspace().published).absolute())
    with tempfile.TemporaryDirectory(prefix="nestbench-site-") as work:
        cost = measure_page(
            store,
            load_matrix(),
            Path(work),
            stacks=stacks,
            cases=cases,
            browser=browser or shutil.which("chromium") or shutil.which("google-chrome"),
            say=lambda text: typer.echo(text, err=True),
        )
    figures = figures_of(cost)
    if form is ListFormat.JSON:
        typer.echo(json.dumps(with_figures(cost, figures), indent=1))
    else:
        _print_page(cost)
    if any(one.missed for one in figures.values()):
        raise typer.Exit(int(ExitCode.FOUND))
    if cost.usable is None:
        raise typer.Exit(int(ExitCode.INCOMPLETE))


def _print_page(cost: "PageCost") -> None:
    from rich.table import Table

    from nestbench.bench.aims import figures_of

    figures = figures_of(cost)
    rows = {
        "to build it": (
            f"{cost.build_seconds:.1f} s, {cost.build_cpu_seconds:.1f} s of them at work",
            "build_seconds",
        ),
        "its peak memory": (f"{cost.build_megabytes:.0f} MB", "build_megabytes"),
        "the whole site": (f"{cost.site_megabytes:.0f} MB", ""),
        "front page, compressed": (f"{cost.front_kilobytes:.0f} kB", ""),
        "front page with its data": (f"{cost.carried_kilobytes:.0f} kB", "carried_kilobytes"),
    }
    if cost.usable is not None:
        rows |= {
            "usable after": (f"{cost.usable:.0f} ms, {cost.usable_cpu:.0f} ms of them at work", "usable"),
            "whole after": (f"{cost.whole:.0f} ms", ""),
            "a filter answers in": (f"{cost.filter:.0f} ms, is whole after {cost.filter_whole:.0f} ms", ""),
            "the slowest filter": (f"{cost.slowest_filter:.0f} ms", "slowest_filter"),
        }
    size = f"{cost.stacks} stacks x {cost.cases} cases, {cost.cells} cells"
    table = Table("", size, "aim", title="The site, and its use in a headless browser")
    for name, (text, figure) in rows.items():
        table.add_row(name, text, figures[figure].aim if figure else "")
    screen().print(table)
    if cost.usable is None:
        typer.echo(f"Not used in a browser: {cost.why_not}.")


def _print(costs: "list[Cost]") -> None:
    from rich.table import Table

    from nestbench.bench import Cost
    from nestbench.bench.aims import figures_of

    def aim(cost: Cost, name: str) -> str:
        return f" ({figures_of(cost)[name].aim})"

    table = Table("", *(cost.stack for cost in costs), title="Seconds of wall time, and ratios")
    rows: dict[str, Callable[[Cost], str]] = {
        "cells": lambda cost: str(cost.cells),
        "warm run, one cell at a time": lambda cost: f"{cost.warm:.1f}",
        "warm run as it comes": lambda cost: f"{cost.warm_parallel:.1f} ({cost.workers} workers)",
        "floor: one import + the cases": lambda cost: (
            f"{cost.floor:.1f} ({cost.imported:.1f} + {cost.inside:.1f})"
        ),
        "one process, no isolation": lambda cost: f"{cost.inline:.1f}",
        "a fresh process per cell": lambda cost: f"{cost.fresh:.0f} (from {cost.sample} cells)",
        "warm run / floor": lambda cost: f"{cost.over_floor:.2f}{aim(cost, 'over_floor')}",
        "warm run / no isolation": lambda cost: f"{cost.over_inline:.2f}",
        "fresh / warm run, one at a time": lambda cost: (
            f"{cost.faster_than_fresh:.1f}{aim(cost, 'faster_than_fresh')}"
        ),
        "fresh / warm run as it comes": lambda cost: f"{cost.faster_than_fresh_parallel:.1f}",
        "controller's peak memory, MB": lambda cost: f"{cost.controller_megabytes:.0f}",
    }
    for name, text in rows.items():
        table.add_row(name, *(text(cost) for cost in costs))
    screen().print(table)
