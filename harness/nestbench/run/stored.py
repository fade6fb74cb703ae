"""What a store has to show: its stacks against the cases that it has results of."""

from collections.abc import Iterable

from nestbench.catalogue import Catalogue, Cell
from nestbench.matrix import Matrix
from nestbench.matrix.locks import lock_digest, lock_path
from nestbench.store import Store


def stored_cells(store: Store, catalogue: Catalogue, also: Iterable[Cell] = ()) -> list[Cell]:
    """Every stack of the store against every case that any of them has a result of.

    ``also``: cells that are expected whether stored or not. A case that one stack has and another
    lacks is there for both: the hole is to be seen.
    """
    expected = list(also)
    stacks = store.stacks()
    stacks += [s for s in dict.fromkeys(cell.stack for cell in expected) if s not in stacks]
    cases = {case for stack in store.stacks() for case in store.cases(stack)}
    cases |= {cell.case.id for cell in expected}
    entries = tuple(entry for entry in catalogue if entry.id in cases)
    return Catalogue(folders=catalogue.folders, entries=entries).cells(stacks)


def unknown_cases(store: Store, catalogue: Catalogue) -> list[str]:
    """Cases that the store has results of and the catalogue does not have."""
    known = {entry.id for entry in catalogue}
    return sorted({case for stack in store.stacks() for case in store.cases(stack)} - known)


def lock_digests(matrix: Matrix) -> dict[str, str]:
    """The digest of every lock there is, by stack."""
    return {stack.id: lock_digest(stack) for stack in matrix.stacks if lock_path(stack).exists()}
