"""Many stacks at once: environments are made while others are observed; every failure stays alone."""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nestbench import staging
from nestbench.catalogue import Cell
from nestbench.environments import COMPILED_FOR_ONCE, clean_environ
from nestbench.errors import (
    AlteredError,
    ExitCode,
    IncompleteError,
    NestbenchError,
    UnavailableError,
)
from nestbench.faults import explained
from nestbench.matrix import Device
from nestbench.names import few, number_of
from nestbench.run.confirming import Confirming
from nestbench.run.events import Ready
from nestbench.run.journal import Journal
from nestbench.run.meant import require_meant
from nestbench.run.observe import Ground, Listener
from nestbench.run.plan import StackPlan, missing_cells
from nestbench.run.probe_process import Limits
from nestbench.run.progress import Reporter
from nestbench.run.watch import Watch
from nestbench.run.workspace import Workspace
from nestbench.store import Store
from nestbench.store.custody import Custody

#: Making an environment waits for the network and the disk more than it computes.
_PREPARED_AT_ONCE = 2
_WAKE_SECONDS = 0.5
_INTERRUPTED = "interrupted"
_FEW = 4  # names in a sentence
#: How long an interrupted run waits for its probe servers, which are ended within seconds.
_ENDING_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An environment that is there.

    ``device``: what it computes on. ``extra``: variables beside the clean ones. ``imports``: versions by
    name, as the probe says them, that must be what is imported; what is not named may be anything.
    ``altered`` says, as a phrase, what is not as it was made; ``made`` tells it from all others, if anything.
    """

    python: Path
    device: Device = Device.CPU
    extra: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    altered: Callable[[], str] = lambda: ""
    made: str | None = None

    def environ(self, home: Path, probe: Path) -> dict[str, str]:
        """Variables of a process in it that finds the staged ``probe``; what it leaves lies in ``home``."""
        return {**clean_environ(home, device=self.device), **self.extra, "PYTHONPATH": str(probe)}

    def ground(
        self,
        scratch: Path,
        probe: Path,
        *,
        files: Sequence[Path],
        log: Path,
        launch: str,
        jobs: int,
        limits: Limits,
    ) -> Ground:
        """Where probe servers of it run; what they leave lies in ``scratch``, a folder that is there."""
        home = scratch / "home"
        home.mkdir()
        once = COMPILED_FOR_ONCE if self.device is Device.CPU else {}
        return Ground(
            python=self.python,
            environ={**self.environ(home, probe), **once},
            files=files,
            log=log,
            scratch=scratch,
            launch="fresh" if self.device is Device.GPU else launch,
            jobs=jobs,
            limits=limits,
            probe=probe,
        )

    def require_meant(self, stack: str, ready: Ready) -> None:
        """That what the probe found is what the row says.

        Raises GroundError where another Keras is imported, UnavailableError where the device is another.
        """
        require_meant(stack, self.imports, ready.versions)
        device = ready.device.get("device")
        if device != self.device:
            raise UnavailableError(
                f"The probe computes on {device} and not on the {self.device} that was asked for.",
                do="Observe it with the probe of this nestbench.",
            )

    def require_unaltered(self, stack: str, undo: Callable[[], None] = lambda: None) -> None:
        """That what was measured in it is what its lock holds; else ``undo`` it. Raises AlteredError."""
        wrong = self.altered()
        if wrong:
            undo()
            raise AlteredError(
                f"The environment of {stack} was altered while it was measured: {wrong}; "
                "nothing that this run measured of it is kept.",
                why="a case wrote into it, where the kernel does not keep cases out, or something else did",
                do="Run the same command again: the environment is made anew before.",
            )


#: Makes the environment of a stack by its id, told through the callable; raises NestbenchError.
Prepare = Callable[[str, Callable[[str], None]], Prepared]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a run is done. ``workers``: cells observed at once, over all stacks."""

    store: Store
    workspace: Workspace
    files: Sequence[Path]  # case files
    prepare: Prepare
    workers: int
    launch: str = "auto"
    limits: Limits = field(default_factory=Limits)
    origin: str = "matrix"


@dataclass(frozen=True, kw_only=True)
class StackResult:
    """How one stack ended; ``missing`` cells were not measured, for ``reason``."""

    stack: str
    expected: int
    missing: int
    seconds: float = 0.0
    reason: str = ""
    error: NestbenchError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """0 only where every expected cell is there, and nothing speaks against one.

        What was to be measured again and was not is there, too, as it was before: that is not clean.
        """
        if self.error is not None and self.error.exit_code in (ExitCode.GROUND, ExitCode.FOUND):
            return self.error.exit_code
        return ExitCode.INCOMPLETE if self.missing or self.error is not None else ExitCode.CLEAN


class Run:
    """One run over the stacks of ``plans``; ``stop`` ends it early and leaves nothing running."""

    def __init__(self, plans: Sequence[StackPlan], settings: Settings, reporter: Reporter) -> None:
        self._plans = {plan.stack: plan for plan in plans if plan.to_run}
        self._all = list(plans)
        self._settings = settings
        self._reporter = reporter
        # Once, at the start: every stack of a run is observed by the same probe.
        self._probe = staging.stage(settings.workspace.folder("probe"))
        self._stop = threading.Event()
        # What threads finished: a plan with its environment or None, or None: one was observed.
        self._came: queue.SimpleQueue[tuple[StackPlan, Prepared | None] | None] = queue.SimpleQueue()
        self._ends: dict[str, tuple[str, NestbenchError | None, float]] = {}

    def stop(self) -> None:
        """End every server and start nothing more; may be called from any thread."""
        self._stop.set()

    def execute(self) -> list[StackResult]:
        """Observe what is to be run; the result of every planned stack, in their order.

        On KeyboardInterrupt everything is ended and the results so far are returned.
        """
        for plan in self._plans.values():
            self._reporter.expect(plan.stack, len(plan.to_run))
        # Daemons: a thread that waits for a download must not hold up the end of the process,
        # which closes the pipe that keeps tox running.
        todo: queue.SimpleQueue[StackPlan] = queue.SimpleQueue()
        for plan in sorted(self._plans.values(), key=lambda plan: -plan.estimate):
            todo.put(plan)
        for _ in range(_PREPARED_AT_ONCE):
            threading.Thread(target=self._make_all, args=(todo,), daemon=True).start()
        observers: list[threading.Thread] = []
        try:
            self._flow(observers)
        except KeyboardInterrupt:
            self._reporter.say("Interrupted: ending what runs; finished results are kept.")
        finally:
            self.stop()
            deadline = time.monotonic() + _ENDING_SECONDS
            for thread in observers:
                thread.join(max(0.0, deadline - time.monotonic()))
        return [self._result(plan) for plan in self._all]

    @property
    def interrupted(self) -> bool:
        """Whether it was ended before its time."""
        return len(self._ends) < len(self._plans) or any(
            reason == _INTERRUPTED for reason, _, _ in self._ends.values()
        )

    def _flow(self, observers: list[threading.Thread]) -> None:
        """Observe what is prepared, the longest first; jobs are shared out as slots fall free."""
        ready: list[tuple[StackPlan, Prepared]] = []
        preparing = len(self._plans)
        observing = 0
        while preparing or ready or observing:
            if self._stop.is_set() and not observing:
                return
            while ready and observing < self._settings.workers:
                ready.sort(key=lambda item: -item[0].estimate)
                plan, prepared = ready.pop(0)
                sharing = observing + 1 + len(ready) + preparing
                jobs = max(1, self._settings.workers // sharing)
                thread = threading.Thread(target=self._observed, args=(plan, prepared, jobs), daemon=True)
                thread.start()
                observers.append(thread)
                observing += 1
            try:
                came = self._came.get(timeout=_WAKE_SECONDS)
            except queue.Empty:
                continue
            if came is None:
                observing -= 1
                continue
            preparing -= 1
            plan, made = came
            if made is not None:
                ready.append((plan, made))

    def _make_all(self, todo: "queue.SimpleQueue[StackPlan]") -> None:
        while not todo.empty():
            try:
                plan = todo.get_nowait()
            except queue.Empty:  # the other maker was faster
                return
            self._came.put((plan, self._prepared(plan)))

    def _prepared(self, plan: StackPlan) -> Prepared | None:
        self._reporter.phase(plan.stack, "preparing its environment")
        try:
            if self._stop.is_set():
                raise IncompleteError(_INTERRUPTED)
            return self._settings.prepare(plan.stack, lambda text: self._reporter.phase(plan.stack, text))
        except Exception as error:  # noqa: BLE001 - one stack's failure is its own
            self._end(plan, error, 0.0)
            return None

    def _observed(self, plan: StackPlan, prepared: Prepared, jobs: int) -> None:
        started = time.monotonic()
        try:
            if self._stop.is_set():
                raise IncompleteError(_INTERRUPTED)
            with self._settings.workspace.lock(self._settings.store.root, plan.stack, own_folder=True):
                self._observe(plan, prepared, jobs)
            self._end(plan, None, time.monotonic() - started)
        except Exception as error:  # noqa: BLE001 - one stack's failure is its own
            self._end(plan, error, time.monotonic() - started)
        finally:
            self._came.put(None)

    def _observe(self, plan: StackPlan, prepared: Prepared, jobs: int) -> None:
        settings, store = self._settings, self._settings.store
        custody = Custody(store.root / plan.stack)
        confirming = Confirming(store, plan.stack, plan.to_run, prepared.made, custody.note)

        def told(done: int, cell: Cell) -> None:
            self._reporter.cell(plan.stack, done, cell.label)

        watch = Watch(plan, store, told, origin=settings.origin, custody=custody, confirming=confirming)

        def ready(said: Ready) -> None:
            prepared.require_meant(plan.stack, said)
            watch.ready(said)

        def say(text: str) -> None:
            self._reporter.say(f"{plan.stack}: {text}")

        listener = Listener(ready=ready, started=watch.started, done=watch.done)
        journal = Journal(settings.workspace.journal(store.root, plan.stack))
        with settings.workspace.scratch(plan.stack) as scratch:
            ground = prepared.ground(
                scratch,
                self._probe,
                files=settings.files,
                log=settings.workspace.log(plan.stack),
                launch=settings.launch,
                jobs=jobs,
                limits=settings.limits,
            )
            self._reporter.phase(plan.stack, "importing")
            try:
                why = journal.observe(ground, plan.to_run, listener, stop=self._stop, say=say)
            finally:
                try:
                    self._tell_strange(plan, watch.strange())
                    watch.save_host()
                finally:  # a disk that takes no more does not excuse from looking
                    prepared.require_unaltered(plan.stack, undo=custody.undo)
                    confirming.confirm()
        if why is not None:
            raise IncompleteError(why)

    def _tell_strange(self, plan: StackPlan, files: Sequence[str]) -> None:
        if files:
            self._reporter.say(
                f"{plan.stack}: something else wrote to {number_of(len(files), 'result file')} "
                f"while they were measured: {few(files, _FEW)}. What this run found and wrote is back in "
                f"its place; what was added is beside it, under names in .strange."
            )

    def _end(self, plan: StackPlan, error: Exception | None, seconds: float) -> None:
        told = None if error is None else explained(error)
        if self._stop.is_set() and told is not None and not isinstance(told, AlteredError):
            told = IncompleteError(_INTERRUPTED)  # whatever it says, that is why
        reason = "" if told is None else told.what
        self._ends[plan.stack] = (reason, told, seconds)
        cells = f"{len(plan.to_run)} cells in {seconds:.0f} s"
        self._reporter.end(plan.stack, cells if told is None else reason)

    def _result(self, plan: StackPlan) -> StackResult:
        """Counted in the store, not in what the run believes to have done."""
        reason, error, seconds = self._ends.get(plan.stack, (_INTERRUPTED if plan.to_run else "", None, 0.0))
        left = missing_cells(self._settings.store, plan.stack, plan.lock, plan.expected, probe=plan.probe)
        return StackResult(
            stack=plan.stack,
            expected=len(plan.expected),
            missing=len(left),
            seconds=seconds,
            reason=reason,
            error=error,
        )
