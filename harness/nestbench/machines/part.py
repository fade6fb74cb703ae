"""Plans in parts, each for one machine, and how they are measured there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nestbench.catalogue import Catalogue, Cell
from nestbench.machines.needs import Needs, needs_of
from nestbench.machines.task import Ended
from nestbench.matrix import Stack
from nestbench.run.plan import StackPlan
from nestbench.run.probe_process import Limits
from nestbench.run.watch import Watch
from nestbench.run.workspace import Workspace
from nestbench.store import Store

__all__ = ["Given", "Order", "Part", "divided"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """How plans are measured elsewhere. ``envs``: a folder on the workers."""

    store: Store
    workspace: Workspace
    catalogue: Catalogue
    stacks: Sequence[Stack]
    launch: str = "auto"
    limits: Limits = field(default_factory=Limits)
    envs: Path | None = None
    allow_download: bool = True


@dataclass(eq=False, kw_only=True)
class Part:
    """Cells of one stack that one machine measures; ``shunned``: workers that could not."""

    plan: StackPlan
    stack: Stack
    needs: Needs
    cells: Sequence[Cell]
    tries: int = 0
    shunned: set[str] = field(default_factory=set)


@dataclass(eq=False, kw_only=True)
class Given:
    """A part as it was given once: to one of ``only``, and what is known of the worker that began it."""

    part: Part
    only: frozenset[str]
    worker: str = ""
    name: str = "a worker"
    watch: Watch | None = None
    unconfirmed: set[Cell] = field(default_factory=set)  # stored since it looked at its environment
    ended: Ended | None = None


def divided(plan: StackPlan, order: Order, count: int) -> list[Part]:
    """What is to run of ``plan`` in up to ``count`` parts by case, as ``--shard`` divides them."""
    stack = next(stack for stack in order.stacks if stack.id == plan.stack)
    needs = needs_of(stack, allow_download=order.allow_download)
    parts = []
    for number in range(1, count + 1):
        ids = {entry.id for entry in order.catalogue.shard(number, count)}
        cells = [cell for cell in plan.to_run if cell.case.id in ids]
        if cells:
            parts.append(Part(plan=plan, stack=stack, needs=needs, cells=cells))
    return parts
