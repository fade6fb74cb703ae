"""A whole run: select, plan, say what is there, measure, and look at what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nestbench import environments, interpreters
from nestbench.catalogue import Catalogue
from nestbench.errors import ExitCode, UnavailableError, UsageError
from nestbench.matrix import Device, Matrix, Stack
from nestbench.matrix.locks import lock_digest
from nestbench.names import number_of
from nestbench.run import selection, summary
from nestbench.run.confirming import Doubts
from nestbench.run.orchestrate import Prepare, Prepared, Run, Settings, StackResult
from nestbench.run.plan import StackPlan, plan_stack
from nestbench.run.probe_process import Limits
from nestbench.run.progress import Reporter
from nestbench.run.selection import Selection
from nestbench.run.workspace import BusyError, Workspace
from nestbench.store import Store


@dataclass(frozen=True, kw_only=True)
class How:
    """How a run is done, as a person asked for it."""

    workers: int
    launch: str = "auto"
    limits: Limits = field(default_factory=Limits)
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of a run."""

    plans: tuple[StackPlan, ...]
    results: tuple[StackResult, ...]
    left_out: tuple[selection.LeftOut, ...]
    interrupted: bool

    @property
    def shared(self) -> bool:
        """Whether another run was writing the same results, so that their tables are its affair."""
        return any(isinstance(result.error, BusyError) for result in self.results)

    @property
    def unavailable(self) -> dict[str, str]:
        """Why stacks could not be measured on this machine, by stack: it lacks what they compute on."""
        return {one.stack: one.reason for one in self.results if isinstance(one.error, UnavailableError)}

    @property
    def exit_code(self) -> ExitCode:
        """0 only where every expected cell is there."""
        return summary.exit_code(self.results, self.left_out, interrupted=self.interrupted)

    def lines(self) -> list[str]:
        """How many cells are measured, and why the others are not."""
        return summary.told(self.results, self.left_out)


def _here(stacks: Sequence[Stack]) -> Mapping[str, object]:
    return interpreters.availabilities(stacks, allow_download=False)


def select(
    matrix: Matrix,
    names: Sequence[str],
    *,
    everything: bool,
    allow_download: bool,
    look: Callable[[Sequence[Stack]], Mapping[str, object]] = _here,
) -> Selection:
    """The stacks that were asked for, or the embedded default.

    ``look`` says of each stack, by its id, why it cannot be made (``Unavailable``), or anything else. Raises
    UsageError for an unknown stack, and for names together with ``everything``.
    """
    if names and everything:
        raise UsageError("--all and names of stacks exclude each other.", do="Drop one of the two.")
    asked = matrix.select(names)
    found = look(asked.stacks)
    if names or everything:
        meant = matrix.meant(names)
        return selection.asked_for(asked.stacks, found, allow_download=allow_download, meant=meant)
    return selection.default(matrix, found, allow_download=allow_download)


def begin(plans: Sequence[StackPlan], store: Store, reporter: Reporter) -> None:
    """Make the store ready, and say what is broken in it. Raises StoreError where it cannot be written."""
    store.prepare()
    for plan in plans:
        for broken in plan.broken:
            reporter.say(f"{plan.stack}: measured again: {broken.what}")
        for why, count in plan.doubted.items():
            reporter.say(f"{plan.stack}: {number_of(count, 'cell')} not believed: {why}.")
        if plan.unknown:
            reporter.say(f"{plan.stack}: 1 cell measured again, to tell what is imported: {plan.unknown}.")


def measure(
    plans: Sequence[StackPlan],
    prepare: Prepare,
    *,
    store: Store,
    workspace: Workspace,
    catalogue: Catalogue,
    how: How,
    reporter: Reporter,
    left_out: Sequence[selection.LeftOut] = (),
    origin: str = "matrix",
) -> Report:
    """Observe what is missing of ``plans``. Raises StoreError where the store cannot be written."""
    begin(plans, store, reporter)
    settings = Settings(
        store=store,
        workspace=workspace,
        files=sorted({entry.file for entry in catalogue}),
        prepare=prepare,
        workers=how.workers,
        launch=how.launch,
        limits=how.limits,
        origin=origin,
    )
    run = Run(plans, settings, reporter)
    with reporter:
        results = run.execute()
    return Report(
        plans=tuple(plans),
        results=tuple(results),
        left_out=tuple(left_out),
        interrupted=run.interrupted,
    )


def tox_prepare(
    stacks: Sequence[Stack], workspace: Workspace, *, envs: Path | None, allow_download: bool
) -> Prepare:
    """How the environments of ``stacks`` are made; below ``envs`` where it is given."""
    by_id = {stack.id: stack for stack in stacks}

    def prepare(stack: str, say: Callable[[str], None]) -> Prepared:
        made = environments.prepare(
            by_id[stack],
            workspace.root,
            allow_download=allow_download,
            on_progress=lambda text: say(text.removeprefix(f"{stack}: ")),
            folder=envs / stack if envs else None,
        )
        row = by_id[stack]
        variables = row.variables
        if row.device is Device.GPU:
            variables |= environments.cuda_variables(made.folder)
        return Prepared(
            python=made.python_path,
            device=row.device,
            extra=variables,
            imports=row.imports,
            altered=lambda: environments.altered(row, made),
            made=made.made,
        )

    return prepare


def plans_of(
    store: Store, stacks: Sequence[Stack], catalogue: Catalogue, *, again: bool, doubts: Doubts | None = None
) -> list[StackPlan]:
    """The plan of each stack of the matrix. Raises GroundError where a stack has no lock."""
    return [
        plan_stack(
            store,
            stack.id,
            lock_digest(stack),
            catalogue,
            again=again,
            engine=stack.engine,
            doubts=doubts.of(stack) if doubts is not None else None,
        )
        for stack in stacks
    ]
