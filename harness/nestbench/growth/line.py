"""What grows: a case over its sizes, what else varies of it held fast; and what its results depend on."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nestprobe
from nestbench.catalogue import CaseEntry, row_label
from nestbench.digests import Digests, file_fingerprint, probe_digest
from nestbench.growth.record import Counts, Kind, Times
from nestbench.matrix import Stack
from nestbench.matrix.locks import lock_digest

__all__ = ["Line", "counts_are_current", "digests_of", "lines_of", "times_are_current"]

_DIGITS = 16
#: The part of the probe that growth is measured by, beside what decides an observation.
_MEASURES = ("growing", "note", "part", "point", "subject")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A case of the catalogue that has sizes; ``variant``: the parameters that do not grow."""

    entry: CaseEntry
    variant: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """``case-id[owner=layer]``."""
        return row_label(self.entry.id, ",".join(f"{name}={value}" for name, value in self.variant))


def lines_of(entries: Iterable[CaseEntry]) -> list[Line]:
    """The lines of those entries that have sizes, in their order."""
    return [Line(entry=entry, variant=fixed) for entry in entries if entry.sizes for fixed in _fixed(entry)]


def _fixed(entry: CaseEntry) -> Iterator[tuple[tuple[str, str], ...]]:
    """Each combination of the parameters that do not grow, once."""
    every = (
        tuple((name, value) for name, value in variant.values if name != entry.growing)
        for variant in entry.variants
    )
    yield from dict.fromkeys(every)


def digests_of(line: Line, stack: Stack) -> Digests:
    """What a result of ``line`` on ``stack`` depends on. Raises GroundError where the stack has no lock."""
    return Digests(case=line.entry.digest, lock=lock_digest(stack), probe=_probe(stack.engine))


@cache
def _probe(engine: str | None) -> str:
    folder = Path(nestprobe.__file__).parent / "timing"
    texts = [probe_digest(engine=engine), *(file_fingerprint(folder / f"{name}.py") for name in _MEASURES)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:_DIGITS]


def counts_are_current(held: Counts | None, line: Line, digests: Digests, *, limit: float) -> bool:
    """Whether nothing is left to count: every size was tried, and where one was ended, at no lower limit."""
    return held is not None and _reaches(held, line, digests, limit)


def times_are_current(
    held: Times | None, line: Line, digests: Digests, *, limit: float, repeats: int, host: str
) -> bool:
    """The same of times, which are also to be of this machine and as often repeated."""
    if held is None or held.host != host or held.repeats < repeats:
        return False
    return _reaches(held, line, digests, limit)


def _reaches(held: Counts | Times, line: Line, digests: Digests, limit: float) -> bool:
    if held.digests != digests or {point.size for point in held.points} != set(line.entry.sizes):
        return False
    stopped = any(one.kind is Kind.OVER for point in held.points for one in point.parts.values())
    return not stopped or held.limit_seconds >= limit
