"""As many results as are asked for, copied from measured ones: what reading and judging is timed on.

The first stacks and cases are the measured ones under their own names; beyond, they are copied under
others. Everything is written as current, whenever it was measured: only the names, the digests and
nothing of the observations differ from what was read.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

from nestbench.catalogue import CaseEntry, Catalogue, load_catalogue
from nestbench.digests import Digests, probe_digest
from nestbench.errors import UsageError
from nestbench.matrix import Matrix
from nestbench.matrix.locks import lock_digest, lock_path
from nestbench.store import Store
from nestbench.store.seal import sealed, unsealed

__all__ = ["Copies", "make_copies"]

Item = TypeVar("Item")

_OBSERVATIONS = '\n "observations": '


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Where they lie: ``results``, and in ``cases`` the declarations of the copied cases, if any."""

    results: Path
    cases: Path | None
    stacks: Sequence[str]
    catalogue: Catalogue

    @property
    def options(self) -> list[str]:
        """For a command that is to read them."""
        return ["--results", str(self.results), *(["--cases", str(self.cases)] if self.cases else [])]


def make_copies(store: Store, matrix: Matrix, folder: Path, *, stacks: int, cases: int) -> Copies:
    """Write results of so many stacks and cases into ``folder``, evenly chosen or repeated.

    Raises UsageError where ``store`` has no stack on which all its cases were measured.
    """
    shipped = load_catalogue()
    known = {stack.id for stack in matrix.stacks}
    measured = [name for name in store.stacks() if name in known]
    entries = [entry for entry in shipped if all(store.path(name, entry.id).exists() for name in measured)]
    if not measured or not entries:
        raise UsageError(
            f"{store.root} has no results to be copied.",
            do="Name the folder of a run over whole stacks with --results DIR.",
        )
    originals = list(_spread(entries, cases))
    declared = _declare(originals, folder / "cases")
    catalogue = load_catalogue([declared] if declared else [])
    names = _names([entry.id for entry in originals])
    to_stacks = list(_spread(measured, stacks))
    for original, stack in zip(to_stacks, _names(to_stacks), strict=True):
        lock = lock_digest(matrix.get(original)) if lock_path(matrix.get(original)).exists() else ""
        place = folder / "results" / stack
        place.mkdir(parents=True)
        facts = _text(store.path(original, "_stack"))
        facts = facts.replace(f'"stack": "{original}"', f'"stack": "{stack}"')
        (place / "_stack.json").write_text(sealed(facts), "utf-8")
        for entry, name in zip(originals, names, strict=True):
            digests = Digests(case=catalogue.get(name).digest, lock=lock, probe=probe_digest())
            text = _copied(_text(store.path(original, entry.id)), stack, entry.id, name, digests)
            (place / f"{name}.json").write_text(sealed(text), "utf-8")
    return Copies(
        results=folder / "results",
        cases=declared,
        stacks=_names(to_stacks),
        catalogue=catalogue.select(names),
    )


def _spread(items: Sequence[Item], count: int) -> Iterator[Item]:
    """So many, evenly chosen where there are more, and from the start again where there are fewer."""
    if count <= len(items):
        return (items[place * len(items) // count] for place in range(count))
    return islice(cycle(items), count)


def _names(originals: Sequence[str]) -> list[str]:
    """The second copy of a name has a number behind it."""
    seen: dict[str, int] = {}
    names = []
    for name in originals:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}-copy-{seen[name]}")
    return names


def _text(path: Path) -> str:
    return unsealed(path.read_text("utf-8"), path)


def _copied(text: str, stack: str, case: str, name: str, digests: Digests) -> str:
    _, _, body = text.partition(_OBSERVATIONS)
    head = {"schema": 1, "stack": stack, "case": name, "digests": vars(digests)}
    lines = ",\n".join(f' "{key}": {json.dumps(value)}' for key, value in head.items())
    body = body.replace(f'"case": "{case}"', f'"case": "{name}"')
    return f"{{\n{lines},{_OBSERVATIONS}{body}"


def _declare(originals: Sequence[CaseEntry], folder: Path) -> Path | None:
    """A file of cases for those that are there more than once; None where none is."""
    names = _names([entry.id for entry in originals])
    again = [(entry, name) for entry, name in zip(originals, names, strict=True) if entry.id != name]
    if not again:
        return None
    folder.mkdir(parents=True)
    text = "from nestprobe import case\n" + "".join(_declaration(entry, name) for entry, name in again)
    (folder / "copied_cases.py").write_text(text, "utf-8")
    return folder


def _declaration(entry: CaseEntry, name: str) -> str:
    first = entry.variants[0].names
    variants = {one: list(dict.fromkeys(v.names[one] for v in entry.variants)) for one in first}
    counts = {tuple(v.names.values()): (v.parameters, v.trainable) for v in entry.variants}
    arguments = ", ".join(["k", *first])
    return (
        f"\n\nCOUNTS = {counts!r}\n\n"
        f"@case(parameters=lambda counts=COUNTS, **names: counts[tuple(names.values())][0],\n"
        f"      trainable=lambda counts=COUNTS, **names: counts[tuple(names.values())][1],\n"
        f"      variants={variants!r}, about={entry.about!r})\n"
        f"def {name.replace('-', '_')}({arguments}):\n"
        f'    "A copy of {entry.id}, for its results alone."\n'
    )
