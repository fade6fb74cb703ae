"""Plans given to many machines in parts: results are stored as they come, and no lost machine loses one."""

import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from nestbench.catalogue import Cell
from nestbench.errors import AlteredError, GroundError, IncompleteError, NestbenchError
from nestbench.faults import explained
from nestbench.machines.cluster import Cluster
from nestbench.machines.imported import Imported
from nestbench.machines.needs import Needs, Offer
from nestbench.machines.part import Given, Order, Part, divided
from nestbench.machines.task import Began, Ended, Looked, Phase, Said, Saw, Task, fingerprint, packed, slim
from nestbench.matrix.locks import read_lock
from nestbench.names import number_of
from nestbench.run.confirming import Confirming
from nestbench.run.events import CellDone, Ready
from nestbench.run.orchestrate import StackResult
from nestbench.run.plan import StackPlan, missing_cells
from nestbench.run.progress import Reporter
from nestbench.run.watch import Watch
from nestbench.store.collecting import ContradictionError
from nestbench.store.custody import Custody

__all__ = ["Dispatch"]

#: How often a part is given in all: machines are lost, and the ground fails, but not for ever.
TRIES = 4
#: How long a scheduler, or the last worker that could take a part, may be away.
PATIENCE_SECONDS = 300.0
#: A worker whose ground failed so often in a row is given nothing while there are others.
_BAD = 3
_WAKE_SECONDS = 0.5
_LOOK_SECONDS = 2.0


class Dispatch:
    """One run of ``plans`` on the workers of ``cluster``."""

    def __init__(
        self, plans: Sequence[StackPlan], order: Order, cluster: Cluster, reporter: Reporter
    ) -> None:
        self._plans, self._order, self._cluster, self._reporter = plans, order, cluster, reporter
        self._files = packed(sorted({entry.file for entry in order.catalogue}))
        self._cells = {
            (plan.stack, cell.case.id, frozenset(cell.variant.values)): cell
            for plan in plans
            for cell in plan.to_run
        }
        self._waiting: dict[Needs, list[Part]] = {}
        self._given: dict[str, Given] = {}
        self._ever: dict[str, Given] = {}  # a word may come late
        self._offers: list[Offer] = []
        self._failed: Counter[str] = Counter()  # times in a row that a worker's ground failed
        self._stored: set[Cell] = set()
        self._done: Counter[str] = Counter()  # cells
        self._open: Counter[str] = Counter()  # parts
        self._held: dict[str, contextlib.ExitStack] = {}  # locks of stacks that are written
        self._confirming: dict[str, Confirming] = {}
        self._imported = Imported(reporter.say)
        self._errors: dict[str, NestbenchError] = {}
        self._started = time.monotonic()
        self._seconds: dict[str, float] = {}
        self._looked = -_LOOK_SECONDS
        self._alone_since: dict[Needs, float] = {}
        self.interrupted = False

    def execute(self) -> list[StackResult]:
        """Measure what is to be run; the result of every plan, in their order.

        On KeyboardInterrupt every task is taken back and the results so far are returned.
        """
        for plan in sorted(self._plans, key=lambda plan: -plan.estimate):
            parts = divided(plan, self._order, self._cluster.parts)
            if parts:
                self._reporter.expect(plan.stack, len(plan.to_run))
            self._open[plan.stack] = len(parts)
            for part in parts:
                self._waiting.setdefault(part.needs, []).append(part)
        try:
            while self._given or any(self._waiting.values()):
                self._turn()
        except KeyboardInterrupt:
            self.interrupted = True
            self._reporter.say("Interrupted: taking back what was given; finished results are kept.")
        finally:
            self._cluster.take_back(list(self._given))
            for given in self._given.values():
                self._keep_host(given)
            for lock in self._held.values():
                lock.close()
        return [self._result(plan) for plan in self._plans]

    def _turn(self) -> None:
        try:
            if time.monotonic() - self._looked >= _LOOK_SECONDS:
                self._look()
            self._fill()
        except OSError:  # the scheduler went in the middle of a word
            self._begin_again()
            return
        heard = self._cluster.hear(_WAKE_SECONDS)
        for said in heard.said:
            if said.key in self._ever:
                self._hear(self._ever[said.key], said)
        for key in heard.ended:
            if key in self._given:
                self._settle(self._given.pop(key))
        if heard.cut:
            self._begin_again()

    def _look(self) -> None:
        """See who is there; what a worker had that is gone is given to another."""
        self._offers, others = self._cluster.offers()
        self._looked = time.monotonic()
        for line in others:
            self._reporter.say(line)
        there = {offer.address for offer in self._offers}
        for key, given in list(self._given.items()):
            if not ({given.worker} if given.worker else given.only) & there:
                self._take_back(key)

    def _take_back(self, key: str) -> None:
        self._cluster.take_back([key])
        self._settle(self._given.pop(key))

    def _fill(self) -> None:
        """Give as much as there are hands for: what waits can still go to whoever is free first, or comes."""
        for needs, waiting in self._waiting.items():
            able = [offer for offer in self._offers if offer.at_once(needs)]
            able = [offer for offer in able if self._failed[offer.address] < _BAD] or able
            if able:
                self._alone_since.pop(needs, None)
            elif waiting:
                self._abandon(needs, waiting)
            busy = sum(given.part.needs == needs for given in self._given.values())
            for _ in range(min(len(waiting), sum(offer.at_once(needs) for offer in able) - busy)):
                self._give(waiting.pop(0), frozenset(offer.address for offer in able))

    def _abandon(self, needs: Needs, waiting: list[Part]) -> None:
        """Wait for somebody to come back who could take these, but not for ever."""
        since = self._alone_since.setdefault(needs, time.monotonic())
        if time.monotonic() - since < PATIENCE_SECONDS:
            return
        error = IncompleteError(
            f"for {PATIENCE_SECONDS:.0f} s there was no worker left that offers {' and '.join(needs)}",
            do="Start one, and run the same command again: nothing is measured twice.",
        )
        while waiting:
            self._close(waiting.pop(0), error)

    def _give(self, part: Part, able: frozenset[str]) -> None:
        order = self._order
        if part.plan.stack not in self._held:
            lock = contextlib.ExitStack()
            try:
                lock.enter_context(order.workspace.lock(order.store.root, part.plan.stack, own_folder=True))
            except NestbenchError as error:  # another run writes this stack
                self._close(part, error)
                return
            lock.callback(self._keep_or_undo, part.plan.stack, Custody(order.store.root / part.plan.stack))
            self._held[part.plan.stack] = lock
            self._confirming[part.plan.stack] = Confirming(
                order.store, part.plan.stack, part.plan.to_run, self._cluster.topic
            )
        key = f"{self._cluster.topic}-{len(self._ever)}-{part.plan.stack}"
        task = Task(
            key=key,
            topic=self._cluster.topic,
            stack=part.stack,
            lock=read_lock(part.stack),
            files=self._files,
            cells=slim(part.cells),
            fingerprint=fingerprint(),
            launch=order.launch,
            jobs=self._cluster.jobs,
            limits=order.limits,
            envs=order.envs,
            allow_download=order.allow_download,
        )
        given = Given(part=part, only=able - part.shunned or able)
        part.tries += 1
        self._given[key] = self._ever[key] = given
        self._cluster.give(task, part.needs, given.only)

    def _hear(self, given: Given, said: Said) -> None:
        stack = given.part.plan.stack
        current = said.key in self._given
        match said:
            case Began() if given.worker:  # Dask gave it to a second worker by itself
                if current:
                    self._take_back(said.key)
            case Began():
                given.worker, given.name = said.worker, said.name
                confirming = self._confirming.get(stack)
                agreed = partial(self._imported.agreed, worker=said.name)
                given.watch = Watch(
                    given.part.plan, self._order.store, host=said.host, confirming=confirming, agreed=agreed
                )
                self._reporter.phase(stack, f"on {said.name}")
            case Phase(text=text):
                self._reporter.phase(stack, f"on {given.name}: {text}")
            case Saw(event=event) if current and given.watch is not None:  # else another has its cells now
                try:
                    self._saw(given, given.watch, event)
                except NestbenchError as error:  # it cannot be stored: no other worker mends that
                    self._cluster.take_back([said.key])
                    self._close(self._given.pop(said.key).part, error)
            case Looked() if current:
                self._confirm(given)
            case Ended():
                given.ended = said

    def _saw(self, given: Given, watch: Watch, event: Ready | CellDone) -> None:
        if isinstance(event, Ready):
            watch.ready(event)
            return
        seen = event.observation
        stack = given.part.plan.stack
        cell = self._cells.get((stack, seen.case, frozenset(seen.variant.items())))
        if cell is None:
            return
        if cell not in self._stored:
            watch.done(cell, event)
            self._stored.add(cell)
            given.unconfirmed.add(cell)
            self._done[stack] += 1
            self._reporter.cell(stack, self._done[stack], cell.label)
        elif self._order.store.observation(stack, seen.case, seen.variant) != seen:
            error = ContradictionError(
                f"{cell.label}: {given.name} saw something else than the worker before it; the first is kept",
                why="the case differs from run to run, or something is wrong with one of the machines",
                do=f"Measure it again: `nestbench run {stack} --case {seen.case} --again`.",
            )
            self._fail(stack, error)
        else:
            given.unconfirmed.add(cell)

    def _settle(self, given: Given) -> None:
        """What was given is no longer out: it is done, is given once more, or fails."""
        self._keep_host(given)
        part = given.part
        stack = part.plan.stack
        trouble = given.ended.trouble if given.ended else None
        if given.ended and not trouble:
            self._confirm(given)
        self._stored -= given.unconfirmed  # nobody will look at that environment for them
        self._done[stack] -= len(given.unconfirmed)
        part.cells = [cell for cell in part.cells if cell not in self._stored]
        error = trouble.error(given.name) if trouble else GroundError(f"{given.name} was lost with its task")
        if isinstance(error, AlteredError):
            self._fail(stack, error)
            for waiting in self._waiting.values():  # all of the stack is undone, whoever measures the rest
                for other in [one for one in waiting if one.plan.stack == stack]:
                    waiting.remove(other)
                    self._close(other, None)
        if not part.cells or self._altered(stack):
            self._failed[given.worker] = 0
            self._close(part, None)
        elif part.tries == TRIES or (trouble and trouble.kind == "incomplete"):  # its own fault comes again
            self._close(part, error)
        else:
            left = f"{number_of(len(part.cells), 'cell')} of it to be given once more"
            if given.unconfirmed:
                seen = len(given.unconfirmed)
                left += f", {seen} of them since nobody looked there whether its environment was altered"
            self._reporter.say(f"{stack}: {error.what}; {left}.")
            if trouble:
                part.shunned.add(given.worker)
                self._failed[given.worker] += 1
            self._waiting[part.needs].insert(0, part)

    def _confirm(self, given: Given) -> None:
        try:
            self._confirming[given.part.plan.stack].confirm(given.unconfirmed)
        except NestbenchError as error:
            self._fail(given.part.plan.stack, error)
        given.unconfirmed.clear()

    def _keep_host(self, given: Given) -> None:
        if given.watch is not None:
            try:
                given.watch.save_host()
            except NestbenchError as error:
                self._fail(given.part.plan.stack, error)

    def _begin_again(self) -> None:
        """The scheduler is gone: wait for it, and give once more what it had."""
        self._reporter.say(f"The scheduler at {self._cluster.address} is gone; waiting for it to come back.")
        back = self._cluster.connect_again(PATIENCE_SECONDS)
        self._looked = -_LOOK_SECONDS
        lost = list(self._given.values())
        self._given.clear()
        for given in lost:
            self._settle(given)
        if not back:
            error = GroundError(
                f"the scheduler at {self._cluster.address} did not come back in {PATIENCE_SECONDS:.0f} s",
                do="Start it, and run the same command again: nothing is measured twice.",
            )
            for waiting in self._waiting.values():
                while waiting:
                    self._close(waiting.pop(0), error)

    def _close(self, part: Part, error: NestbenchError | None) -> None:
        stack = part.plan.stack
        self._open[stack] -= 1
        if error is not None:
            self._fail(stack, error)
        if self._open[stack]:
            return
        if stack in self._held:
            self._held.pop(stack).close()
        seconds = self._seconds[stack] = time.monotonic() - self._started
        trouble = self._errors.get(stack)
        cells = f"{number_of(len(part.plan.to_run), 'cell')}, {seconds:.0f} s after the start"
        self._reporter.end(stack, trouble.what if trouble else cells)

    def _fail(self, stack: str, error: NestbenchError) -> None:
        if not self._altered(stack):  # nothing is worse, and it must not be forgotten
            self._errors[stack] = error

    def _altered(self, stack: str) -> bool:
        return isinstance(self._errors.get(stack), AlteredError)

    def _keep_or_undo(self, stack: str, custody: Custody) -> None:
        """Last thing under the lock: of a stack that was altered all is as it was before the run."""
        if self._altered(stack):
            try:
                custody.undo()
            except (NestbenchError, OSError) as error:
                self._errors[stack] = explained(error)

    def _result(self, plan: StackPlan) -> StackResult:
        """Counted in the store, not in what the run believes to have done."""
        left = missing_cells(self._order.store, plan.stack, plan.lock, plan.expected, probe=plan.probe)
        error = self._errors.get(plan.stack)
        if self.interrupted and self._open[plan.stack] and not self._altered(plan.stack):
            error = IncompleteError("interrupted")
        return StackResult(
            stack=plan.stack,
            expected=len(plan.expected),
            missing=len(left),
            seconds=self._seconds.get(plan.stack, 0.0),
            reason=error.what if error else "",
            error=error,
        )
