"""What the probe servers of one stack say, stored as they say it."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from nestbench.catalogue import Cell
from nestbench.machine import this_machine
from nestbench.run.confirming import Confirming
from nestbench.run.events import CellDone, Ready
from nestbench.run.plan import StackPlan
from nestbench.store import HostFacts, StackFacts, Store
from nestbench.store.again import forget
from nestbench.store.custody import Custody

__all__ = ["Watch"]

#: Between two writings of the host's facts, times as long as one takes: a twentieth of the time at most.
_PAUSES = 20


class Watch:
    """Stores at once what is said. ``told`` hears how many cells are done, and one that is or is not.

    ``host``: facts of the machine that measures; of this one where left out. ``custody``: of the stack's
    result files, where cases run on this machine and nothing but this writes there. ``confirming`` is told
    before the first cell is stored, and of each. ``agreed``: whether what was imported is to be written,
    where several machines measure the stack; it raises where they contradict each other.
    """

    def __init__(
        self,
        plan: StackPlan,
        store: Store,
        told: Callable[[int, Cell], None] = lambda _done, _cell: None,
        *,
        origin: str = "matrix",
        host: Mapping[str, str] | None = None,
        custody: Custody | None = None,
        confirming: Confirming | None = None,
        agreed: Callable[[StackFacts], bool] = lambda _facts: True,
    ) -> None:
        self._plan, self._store, self._told, self._origin = plan, store, told, origin
        self._host = this_machine() if host is None else host
        self._custody, self._strange = custody, set[str]()
        self._confirming = confirming
        self._agreed = agreed
        self._done = 0
        self._ready: Ready | None = None
        self._seconds: dict[str, float] = {}
        self._host_due = 0.0

    def ready(self, ready: Ready) -> None:
        """What was imported is kept. Raises StoreError, and what ``agreed`` raises."""
        facts = StackFacts(
            stack=self._plan.stack,
            versions=dict(ready.versions),
            flavour=ready.flavour or "",
            lock=self._plan.lock,
            origin=self._origin,
            device=ready.device["device"],
        )
        write = self._agreed(facts)
        self._ready = ready
        if self._confirming is not None:
            self._confirming.begin()
        if not write:
            return
        written = self._store.save_stack(facts)
        if self._custody is not None:
            self._custody.note(self._store.facts_path(self._plan.stack), written)

    def started(self, cell: Cell) -> None:
        """A cell has begun."""
        self._told(self._done, cell)

    def done(self, cell: Cell, answer: CellDone) -> None:
        """A cell was observed. Raises StoreError where that cannot be written."""
        path = self._store.path(self._plan.stack, cell.case.id)
        if self._custody is not None:
            self._strange.update(self._custody.mend(path.name))  # else it would be taken over
            # Each time, and not at the end alone: of a run that is killed all that is there will be believed.
            self._strange.update(self._custody.mend(hasty=True))
        written = self._store.add(self._plan.stack, self._plan.digests(cell), answer.observation)
        if self._custody is not None:
            self._custody.note(path, written)
        if self._confirming is not None:
            self._confirming.stored(cell)
        self._seconds[cell.label] = round(answer.seconds, 3)
        forget(self._store, self._plan.stack, cell.case.id, cell.variant.names)
        self._done += 1
        if time.monotonic() >= self._host_due:  # not at the end alone, which a run that is killed never sees
            self.save_host()
        self._told(self._done, cell)

    def strange(self) -> list[str]:
        """Names of files that something else wrote to: put back, or laid aside. Raises StoreError."""
        if self._custody is not None:
            self._strange.update(self._custody.mend())
        return sorted(self._strange)

    def save_host(self) -> None:
        """Write where and how fast; an interrupted run's seconds count too."""
        if self._ready is None:
            return
        began = time.monotonic()
        host = {
            **self._host,
            "launch": self._ready.launch,
            **self._ready.device,
            "date": datetime.now(UTC).date().isoformat(),
        }
        written = self._store.save_host(
            HostFacts(
                stack=self._plan.stack,
                host=host,
                import_seconds=round(self._ready.import_seconds, 2),
                seconds=self._seconds,
            )
        )
        if self._custody is not None:
            self._custody.note(self._store.host_path(self._plan.stack), written)
        ended = time.monotonic()
        self._host_due = ended + _PAUSES * (ended - began)
