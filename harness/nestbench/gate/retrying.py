"""A second try: what failed is observed once more, each cell in a fresh process, before it counts.

What the second try saw is kept beside the results, in ``again``: it can be looked at, and where the
environments are elsewhere (the job that checks is not the job that measured) it stands for the try.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nestbench import environments
from nestbench.catalogue import Catalogue, Cell
from nestbench.frames import Result, State, collect
from nestbench.gate.finding import Finding
from nestbench.matrix import Matrix
from nestbench.matrix.locks import lock_digest, lock_path
from nestbench.run import session
from nestbench.run.orchestrate import Prepare
from nestbench.run.plan import StackPlan, plan_stack
from nestbench.run.progress import Reporter
from nestbench.run.workspace import Workspace
from nestbench.store import Store
from nestbench.store.again import forget, second_tries
from nestbench.store.records import label_of

__all__ = ["Tried", "Trying", "try_again"]


@dataclass(frozen=True, kw_only=True)
class Trying:
    """How cells are tried again. ``prepare``: what makes an environment; tox where left out."""

    store: Store  # of the first try
    workspace: Workspace
    matrix: Matrix
    catalogue: Catalogue
    how: session.How
    reporter: Reporter
    envs: Path | None = None
    prepare: Prepare | None = None


@dataclass(frozen=True, kw_only=True)
class Tried:
    """Results by stack and label, and why there are none, by stack."""

    results: Mapping[tuple[str, str], Result] = field(default_factory=dict)
    why_not: Mapping[str, str] = field(default_factory=dict)


def try_again(failed: Sequence[Finding], trying: Trying) -> Tried:
    """The cells of ``failed`` once more, where the environment of their stack is at hand.

    Where it is not, what an earlier try left beside the results. Raises StoreError where nothing can
    be written there.
    """
    again = second_tries(trying.store)
    cells: dict[str, list[Cell]] = {}
    for one in failed:
        if one.cell is not None:
            cells.setdefault(one.stack, []).append(one.cell)
    rows = {stack.id: stack for stack in trying.matrix.stacks}
    why_not = {stack: _why_not(stack, trying) for stack in cells}
    plans = [_plan(again, stack, cells[stack], trying) for stack, why in why_not.items() if not why]
    for cell in (cell for plan in plans for cell in plan.to_run):  # what an earlier try saw is no answer
        forget(trying.store, cell.stack, cell.case.id, cell.variant.names)
    if plans:
        prepare = trying.prepare or session.tox_prepare(
            [rows[plan.stack] for plan in plans], trying.workspace, envs=trying.envs, allow_download=False
        )
        report = session.measure(
            plans,
            prepare,
            store=again,
            workspace=trying.workspace,
            catalogue=trying.catalogue,
            how=replace(trying.how, launch="fresh", again=True),
            reporter=trying.reporter,
        )
        why_not |= {one.stack: one.reason for one in report.results if one.reason}
    locks = {one: lock_digest(rows[one]) for one in cells if one in rows and lock_path(rows[one]).exists()}
    unsure = {stack: again.unconfirmed(stack) for stack in cells}
    held = [
        result
        for stack, its in cells.items()
        for result in collect(again, its, locks)
        if result.state is State.CURRENT
        and label_of(result.cell.case.id, result.cell.variant.names) not in unsure[stack]
    ]
    return Tried(
        results={(one.cell.stack, one.cell.label): one for one in held},
        why_not={stack: why for stack, why in why_not.items() if why},
    )


def _why_not(stack: str, trying: Trying) -> str:
    """Why the stack cannot be tried again here; empty where it can."""
    row = next((one for one in trying.matrix.stacks if one.id == stack), None)
    if row is None:
        return "it is no stack of the matrix"
    if trying.prepare is not None:
        return ""
    folder = trying.envs / stack if trying.envs else None
    return environments.why_not_at_hand(row, trying.workspace.root, folder=folder)


def _plan(again: Store, stack: str, cells: Sequence[Cell], trying: Trying) -> StackPlan:
    row = trying.matrix.get(stack)
    plan = plan_stack(again, stack, lock_digest(row), trying.catalogue, again=True, engine=row.engine)
    return replace(plan, expected=tuple(cells), to_run=tuple(cells))
