"""Options of the commands that time, declared once."""

from enum import StrEnum
from typing import Annotated

import typer

__all__ = ["Cpus", "Measure", "Measures", "Seconds", "Seed", "SessionName", "TimedLaunch", "TimedLaunches"]


class Measure(StrEnum):
    """What is timed; the probe's names."""

    CONSTRUCT = "construct"
    BUILD = "build"
    FIRST_CALL = "first-call"
    STEADY_BUILD = "steady-build"
    SUMMARY = "summary"
    FIRST_STEP = "first-step"


class TimedLaunch(StrEnum):
    """How a cell's process comes to be; never mixed in one session."""

    FORK = "fork"
    FRESH = "fresh"


Measures = Annotated[list[Measure] | None, typer.Option("--measure", help="Only this; may be repeated.")]
TimedLaunches = Annotated[TimedLaunch, typer.Option("--launch", help="How a cell's process comes to be.")]
Seconds = Annotated[float, typer.Option("--timeout", min=1, help="Seconds for one cell.")]
Cpus = Annotated[
    str | None,
    typer.Option("--cpus", metavar="N,N", help="Processors for the launches; the last one if left out."),
]
Seed = Annotated[int, typer.Option("--seed", help="Of the order within blocks.")]
SessionName = Annotated[str | None, typer.Option("--session", metavar="NAME", help="Name of the session.")]
