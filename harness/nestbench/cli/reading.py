"""Which results a command reads, and what it says of those that it does not."""

import contextlib
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nestbench.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from nestbench.store import Store

__all__ = ["Reading", "reading"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """``store`` is read; ``published``, never mixed with it, is there too where nobody chose between them."""

    store: "Store"
    published: "Store | None" = None

    @contextlib.contextmanager
    def or_published(
        self, *, stacks: Sequence[str] = (), cases: Callable[[], Iterable[str]]
    ) -> Iterator[None]:
        """An IncompleteError from within says so where the published results have what was asked for.

        ``stacks``: names and patterns, each of which must be there; ``cases`` gives ids, one of which must.
        """
        try:
            yield
        except IncompleteError as error:
            if self.published is not None and _has(self.published, stacks, set(cases())):
                option = _option(self.published.root)
                error.do = f"There are published results of it: add {option}. {error.do}".strip()
            raise


def reading(results: Path | None) -> Reading:
    """The results in the folder that was asked for, else the first of local and published that holds any.

    Says on stderr which, and what in it is not confirmed. Raises UsageError where the folder that was asked
    for is a file, IncompleteError where none holds any.
    """
    from nestbench.names import number_of
    from nestbench.run.confirming import not_confirmed
    from nestbench.run.workspace import find_workspace
    from nestbench.store import Store

    if results is not None and results.is_file():
        do = "Name the folder of the results with --results DIR."
        raise UsageError(f"{results} is a file, not a folder.", do=do)
    workspace = find_workspace()
    folders = [results.absolute()] if results else [workspace.local, workspace.published]
    stores = [store for store in map(Store, folders) if store.stacks()]
    if not stores:
        raise IncompleteError(
            f"There are no results in {' or '.join(map(str, folders))}.",
            why="results lie below the folder in which `nestbench run` was called",
            do="Run `nestbench run` here, go to where it ran, or name the folder with --results DIR.",
        )
    store, *others = stores
    typer.echo(f"Read from {store.root}", err=True)
    for other in others:
        held, there = (number_of(len(one.stacks()), "stack") for one in (store, other))
        typer.echo(f"It holds {held}; the published results, {there}: {_option(other.root)}", err=True)
    for line in not_confirmed(store):
        typer.echo(line, err=True)
    return Reading(store=store, published=others[0] if others else None)


def _has(store: "Store", stacks: Sequence[str], cases: set[str]) -> bool:
    from nestbench.names import matching

    held = store.stacks()
    found = [matching(pattern, held) for pattern in stacks or ["*"]]
    return all(any(cases & set(store.cases(stack)) for stack in part) for part in found)


def _option(folder: Path) -> str:
    here = Path.cwd()
    return shlex.join(["--results", str(folder.relative_to(here) if folder.is_relative_to(here) else folder)])
