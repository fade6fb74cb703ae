"""Options of the commands that time, declared once."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nestbench.errors import UsageError

if TYPE_CHECKING:
    from nestbench.matrix import Stack

__all__ = [
    "Cpus",
    "Measure",
    "Measures",
    "Seconds",
    "Seed",
    "SessionName",
    "TimedLaunches",
    "launch_for",
]


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
TimedLaunches = Annotated[
    TimedLaunch | None,
    typer.Option("--launch", help="How a cell's process comes to be: fork; fresh on a GPU."),
]
Seconds = Annotated[float, typer.Option("--timeout", min=1, help="Seconds for one cell.")]
Cpus = Annotated[
    str | None,
    typer.Option("--cpus", metavar="N,N", help="Processors for the launches; the last one if left out."),
]
Seed = Annotated[int, typer.Option("--seed", help="Of the order within blocks.")]
SessionName = Annotated[str | None, typer.Option("--session", metavar="NAME", help="Name of the session.")]


def launch_for(stacks: "Sequence[Stack]", asked: TimedLaunch | None) -> Literal["fork", "fresh"]:
    """How the processes of these stacks come to be: a process that holds a GPU cannot be forked.

    Raises UsageError where that was asked for, and where some compute on a GPU and others on the CPU.
    """
    from nestbench.matrix import Device

    on_gpu = [stack.id for stack in stacks if stack.device is Device.GPU]
    if on_gpu and len(on_gpu) < len(stacks):
        raise UsageError(
            f"Stacks on a GPU ({', '.join(on_gpu)}) cannot be timed against stacks on the CPU.",
            why="between the two, the device would be compared and not the release",
            do="Name stacks on one of them.",
        )
    if on_gpu and asked is TimedLaunch.FORK:
        raise UsageError(
            f"A process that holds a GPU cannot be forked: {', '.join(on_gpu)}.",
            do="Leave --launch out: each case then gets a fresh process.",
        )
    return "fresh" if on_gpu or asked is TimedLaunch.FRESH else "fork"
