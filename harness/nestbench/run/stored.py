"""What a store has to show: its stacks against the cases that it has results of."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from nestbench.catalogue import Catalogue, Cell
from nestbench.errors import IncompleteError
from nestbench.matrix import Matrix
from nestbench.matrix.locks import lock_digest, lock_path
from nestbench.names import few, number_of, require_known
from nestbench.store import Store

_FEW = 4  # names in a sentence
_SHOWN = 60  # characters of a name that is none


def stored_cells(store: Store, catalogue: Catalogue, also: Iterable[Cell] = ()) -> list[Cell]:
    """Every stack of the store against every case that any of them has a result of.

    ``also``: cells that are expected whether stored or not. A case that one stack has and another
    lacks is there for both: the hole is to be seen.
    """
    expected = list(also)
    stacks = store.stacks()
    cases = {case for stack in stacks for case in store.cases(stack)}
    stacks += [s for s in dict.fromkeys(cell.stack for cell in expected) if s not in stacks]
    cases |= {cell.case.id for cell in expected}
    entries = tuple(entry for entry in catalogue if entry.id in cases)
    return Catalogue(folders=catalogue.folders, entries=entries).cells(stacks)


def measured_cells(
    store: Store,
    catalogue: Catalogue,
    matrix: Matrix,
    *,
    stacks: Sequence[str] = (),
    cases: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> list[Cell]:
    """The cells of ``stored_cells``, once it is sure that what was asked for is among them.

    Raises UsageError for names and patterns that nothing is called, IncompleteError for those that
    are known and were never measured, and where the store has nothing of the catalogue.
    """
    cells = stored_cells(store, catalogue)
    ids = list(dict.fromkeys([*(stack.id for stack in matrix.stacks), *store.stacks()]))
    asked = (replace(matrix.asked(stacks), known=ids), *catalogue.asked(cases, groups))
    require_known(*asked)
    if not cells:
        raise IncompleteError(
            f"{store.root} has results, but of no case of the catalogue.",
            do="Name the folder of their cases with --cases DIR.",
        )
    held = {
        "stack": [cell.stack for cell in cells],
        "case": [cell.case.id for cell in cells],
        "group": [cell.case.group for cell in cells],
    }
    missing = [(one.kind, name) for one in asked for name in replace(one, known=held[one.kind]).unknown()]
    if missing:
        names = ", ".join(f"{kind} {name}" for kind, name in missing)
        words = [name if kind == "stack" else f"--{kind} {name}" for kind, name in missing]
        raise IncompleteError(
            f"Not measured, so there is nothing to show: {names}.",
            do=f"`nestbench run {shlex.join(' '.join(words).split())}` measures that.",
        )
    return cells


def beside(store: Store, catalogue: Catalogue, matrix: Matrix) -> Iterator[str]:
    """Sentences on what a table of the store leaves out, and on what it cannot know."""
    for name in store.nameless():
        yield f"Left out: the folder {_quoted(name)}, which holds results and whose name is none of a stack."
    known = {entry.id for entry in catalogue}
    stacks = store.stacks()
    rows = {stack.id for stack in matrix.stacks}
    if elsewhere := [stack for stack in stacks if stack not in rows]:
        names = few(elsewhere, _FEW)
        yield f"Of no stack of the matrix, and shown all the same: {names}."
    held = {case for stack in stacks for case in store.cases(stack)}
    unknown = sorted(held - known)
    if unknown:
        names = few(unknown, _FEW)
        yield (
            f"Not in the catalogue and left out: {number_of(len(unknown), 'case')} ({names}); "
            "--cases DIR adds their folder."
        )
    if held and known - held:
        yield f"Measured on no stack and left out: {number_of(len(known - held), 'case')} of {len(known)}."
    for stack in stacks:
        if store.load_stack(stack, lambda _: None) is None:
            yield (
                f"{stack}: which versions were imported is not known, its _stack.json is missing, broken or "
                "of another stack; a run there writes it again."
            )


def _quoted(name: str) -> str:
    """With what a terminal must not be sent escaped."""
    return ascii(name) if len(name) <= _SHOWN else f"{name[:_SHOWN]!a}..."


def lock_digests(matrix: Matrix) -> dict[str, str]:
    """The digest of every lock there is, by stack."""
    return {stack.id: lock_digest(stack) for stack in matrix.stacks if lock_path(stack).exists()}
