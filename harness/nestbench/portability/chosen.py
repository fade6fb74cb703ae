"""Which stacks and case variants are exchanged."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nestbench.catalogue import CaseEntry, Catalogue, Variant, parted
from nestbench.errors import UsageError
from nestbench.matrix import Device, Matrix, Stack
from nestbench.names import require_known

__all__ = ["Chosen", "choose"]

_DEFAULT = Path(__file__).parent / "chosen.toml"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """``stacks`` save and load each other's files of ``cells``: cases with one of their variants."""

    stacks: tuple[Stack, ...]
    cells: tuple[tuple[CaseEntry, Variant], ...]


def choose(
    matrix: Matrix, catalogue: Catalogue, stacks: Sequence[str] = (), cases: Sequence[str] = ()
) -> Chosen:
    """What was asked for by name or pattern; the default where nothing was.

    A case that is asked for comes with the variants that the default has of it, else with its first.
    Raises UsageError for a name that is not known.
    """
    given = tomllib.loads(_DEFAULT.read_text(encoding="utf-8"))
    require_known(matrix.asked(stacks), *catalogue.asked(cases, ()))
    names = list(stacks) or given["stacks"]
    meant = matrix.meant(names)
    rows = tuple(stack for stack in matrix.select(names).stacks if stack.id in meant)
    _refuse_gpus(rows)
    if len(rows) < 2:  # noqa: PLR2004 - one to save, one to load
        raise UsageError("one stack alone exchanges nothing.", do="Name two stacks or more.")
    by_default = [_cell(catalogue, label) for label in given["cases"]]
    if not cases:
        return Chosen(stacks=rows, cells=tuple(by_default))
    cells = []
    for entry in catalogue.select(list(cases)):
        known = [pair for pair in by_default if pair[0].id == entry.id]
        cells += known or [(entry, entry.variants[0])]
    return Chosen(stacks=rows, cells=tuple(cells))


def _refuse_gpus(rows: Sequence[Stack]) -> None:
    on_gpu = [stack.id for stack in rows if stack.device is Device.GPU]
    if on_gpu:
        raise UsageError(
            f"files are exchanged between stacks on the CPU; {', '.join(on_gpu)} is on a GPU.",
            why="each stack loads in processes that are forked, which a GPU does not allow",
            do="Name the same release on the CPU: a file does not hold what it was computed on.",
        )


def _cell(catalogue: Catalogue, label: str) -> tuple[CaseEntry, Variant]:
    name, variant = parted(label)
    entry = catalogue.get(name)
    for one in entry.variants:
        if one.label == variant:
            return entry, one
    raise UsageError(f"{_DEFAULT}: {name} has no variant {variant!r}.", do="Correct the list.")
