"""Which stored cells are believed: those after which somebody looked whether their environment was altered.

A run looks at its end, and one that is killed does not. Until then its cells are named beside the results,
and the next run believes them where it finds that very environment, unaltered; else it measures them again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nestbench import environments
from nestbench.catalogue import Cell
from nestbench.matrix import Stack
from nestbench.names import few, number_of
from nestbench.run.workspace import BusyError, Workspace
from nestbench.store import Store, StoreError
from nestbench.store.codec import NewerSchemaError
from nestbench.store.records import label_of

__all__ = ["ON_WORKERS", "Confirming", "Doubts", "not_confirmed"]

#: Begins what tells the environments of a run's workers, which lie on other machines.
ON_WORKERS = "nestbench-"
_UNKNOWN = "unknown"  # tells no environment
_FEW = 4  # names in a sentence
_AGAIN = (
    "nobody has looked, after they were measured, whether their environment was altered, and it cannot be "
    "told any more ({}): they are measured again"
)
_AWAY = "it was on a worker, and nobody can look at it from here"
_BUSY = "another run is measuring them"


def _label(cell: Cell) -> str:
    return label_of(cell.case.id, cell.variant.names)


class Confirming:
    """Of one stack that is measured, by whoever holds its lock. ``noted`` hears of what is written.

    ``environment`` tells the one in which cells are measured from all others; None: nobody ever looks at it.
    """

    def __init__(
        self,
        store: Store,
        stack: str,
        cells: Iterable[Cell],
        environment: str | None,
        noted: Callable[[Path, str], None] = lambda _path, _text: None,
    ) -> None:
        self._store, self._stack, self._environment, self._noted = store, stack, environment, noted
        self._to_run = [_label(cell) for cell in cells]
        self._known: dict[str, str] | None = None

    def begin(self) -> None:
        """Before the first cell is stored: none of them is confirmed. Raises StoreError."""
        if self._environment is not None and self._known is None:
            there = self._store.unconfirmed(self._stack)
            self._known = {**dict.fromkeys(self._to_run, self._environment), **there}
            self._write()

    def stored(self, cell: Cell) -> None:
        """It is what was measured here, whatever was stored of it before. Raises StoreError."""
        if self._known is not None and self._environment is not None:
            label = _label(cell)
            if self._known.get(label) != self._environment:
                self._known[label] = self._environment
                self._write()

    def confirm(self, cells: Iterable[Cell] | None = None) -> None:
        """The environment is unaltered after these, or all, were stored. Raises StoreError."""
        if self._known is None:
            return
        labels = self._to_run if cells is None else list(map(_label, cells))
        gone = {label for label in labels if self._known.get(label) == self._environment}
        if gone:
            self._known = {label: one for label, one in self._known.items() if label not in gone}
            self._write()

    def _write(self) -> None:
        assert self._known is not None
        written = self._store.save_unconfirmed(self._stack, self._known)
        if written:
            self._noted(self._store.unconfirmed_path(self._stack), written)


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """Says of a stack which of its cells are not believed, and why. ``envs``: where environments lie."""

    store: Store
    workspace: Workspace
    envs: Path | None = None

    def of(self, stack: Stack) -> Mapping[str, str]:
        """Why, as a sentence, by label as ``label_of`` makes it; what can be confirmed now is.

        Raises StoreError where a newer nestbench wrote there, or nothing can be written.
        """
        if not self.store.unconfirmed_path(stack.id).exists():
            return {}
        try:
            with self.workspace.lock(self.store.root, stack.id, own_folder=True):
                return self._looked_at(stack)
        except BusyError:
            return dict.fromkeys(self.store.unconfirmed(stack.id), _BUSY)

    def _looked_at(self, stack: Stack) -> Mapping[str, str]:
        cells = self._named(stack.id)
        folder = self.envs / stack.id if self.envs else None
        whys = {
            made: _AWAY
            if made.startswith(ON_WORKERS)
            else environments.why_not_unaltered(stack, self.workspace.root, made, folder=folder)
            for made in set(cells.values())
        }
        left = {label: made for label, made in cells.items() if whys[made]}
        if len(left) < len(cells):
            self.store.save_unconfirmed(stack.id, left)
        return {label: _AGAIN.format(whys[made]) for label, made in left.items()}

    def _named(self, stack: str) -> Mapping[str, str]:
        try:
            return self.store.unconfirmed(stack)
        except NewerSchemaError:
            raise
        except StoreError:  # which they are cannot be read any more, so it may be any
            every = dict.fromkeys(_stored(self.store, stack), _UNKNOWN)
            self.store.save_unconfirmed(stack, every)
            return every


def not_confirmed(store: Store) -> Iterator[str]:
    """A sentence on each stack with stored cells that are not confirmed."""
    for stack in store.stacks():
        try:
            cells = store.unconfirmed(stack)
        except StoreError as error:
            yield f"{stack}: which of its cells are not confirmed cannot be read: {error.what}."
            continue
        labels = [label for label in _stored(store, stack) if label in cells] if cells else []
        if labels:
            them = "it" if len(labels) == 1 else "them"
            yield (
                f"{stack}: not confirmed: {number_of(len(labels), 'cell')} ({few(labels, _FEW)}): "
                f"the run that measured {them} was killed or interrupted before it looked whether its "
                f"environment was altered, or has yet to look; `nestbench run` looks, or "
                f"measures {them} again."
            )


def _stored(store: Store, stack: str) -> list[str]:
    results = (store.load(stack, case, lambda _: None) for case in store.cases(stack))
    return [label_of(one.case, one.variant) for found in results if found for one in found.observations]
