"""Result files that say the same but for a few values, decoded once.

Most stacks do the same in most cases: of the published files nearly four in five differ from an earlier
one in the stack, the lock and the counts of Python calls alone. Such a text is not decoded again, and
whoever judges can tell. Nothing is taken for granted: each of these values is a whole JSON token, what
is around it was decoded by ``codec`` with marks in place of the values, and the marks were found where
the values belong. All other texts are decoded by ``codec`` one by one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeVar

from nestbench.store import codec
from nestbench.store.disk import StoreError
from nestbench.store.records import SCHEMA, CaseResult
from nestprobe.observation import Observation

__all__ = ["Alike", "Decoded", "Measured", "Prototype"]

Record = TypeVar("Record")

_BEGINS, _COUNT = f'{{\n "schema": {SCHEMA},\n "stack": "', '"python_calls": '
_PLAIN = "([A-Za-z0-9._+-]*)"
_HEAD = re.compile(f'{re.escape(_BEGINS)}{_PLAIN}(".*?"lock": "){_PLAIN}(?=")', re.DOTALL)
_COUNTED = re.compile(_COUNT + r"(0|[1-9][0-9]{0,14})(?=[,}\n])")
#: Stands for the stack and the lock; this and what follows it for the counts. In no text that is decoded so.
_MARK = 7_310_000_000_000_000
_MARKED = "7310000000"


@dataclass(frozen=True, eq=False)
class Prototype:
    """An observation for all that differ from it in their counts of Python calls alone.

    Its own counts are marks and say nothing; ``counted`` are the phases that have one. Equal to itself only.
    """

    observation: Observation
    counted: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Measured:
    """An observation as its prototype and its own counts, made of them when it is asked for: seldom."""

    prototype: Prototype
    counts: Sequence[int] = ()

    @cached_property
    def observation(self) -> Observation:
        """The observation itself."""
        like = self.prototype.observation
        phases = dict(like.phases)
        for name, count in zip(self.prototype.counted, self.counts, strict=True):
            phases[name] = _changed(phases[name], python_calls=count)
        return _changed(like, phases=phases)


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A result. ``like``: the same, but that the counts in its observations may be marks."""

    like: CaseResult
    measured: Sequence[Measured]

    @property
    def result(self) -> CaseResult:
        """The result itself."""
        return _changed(self.like, observations=[one.observation for one in self.measured])

    def variant(self, names: Mapping[str, str]) -> Measured | None:
        """The observation of that variant, if it is here."""
        return next((one for one in self.measured if one.prototype.observation.variant == names), None)


class Alike:
    """What was decoded so far. For one reading of many files: it only grows."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], _Known | None] = {}

    def decode(self, text: str, path: Path) -> Decoded:
        """What ``codec.decode`` gives and raises, for a ``CaseResult``."""
        values = _taken_apart(text)
        if values is not None:
            if values.around not in self._known:
                self._known[values.around] = _known(values.around, path)
            known = self._known[values.around]
            if known is not None:
                return _filled(known, values)
        result = codec.decode(CaseResult, text, path)
        return Decoded(like=result, measured=[Measured(Prototype(one)) for one in result.observations])


class _Values(NamedTuple):
    """``around``: the text before, between and behind the values."""

    around: tuple[str, ...]
    stack: str
    lock: str
    counts: Sequence[int]


#: A result with marks for values, and the prototypes of its observations.
_Known = tuple[CaseResult, Sequence[Prototype]]


def _taken_apart(text: str) -> _Values | None:
    """None where the text is laid out otherwise, or a value is no plain one."""
    first, *others = _COUNTED.split(text)
    head = _HEAD.match(first)
    if head is None:
        return None
    between, behind = head[2], first[head.end() :]
    return _Values((between, behind, *others[1::2]), head[1], head[3], list(map(int, others[::2])))


def _known(around: Sequence[str], path: Path) -> _Known | None:
    """Decoded with marks; None where it cannot be, or a mark is not found where its value belongs.

    Nor where a cell is there twice: whether it says the same is told of what it says.
    """
    if any(_MARKED in piece for piece in around):
        return None
    between, first, *others = around
    counts = [_MARK + place for place in range(len(others))]
    text = f"{_BEGINS}{_MARK}{between}{_MARK}{first}"
    text += "".join(f"{_COUNT}{count}{piece}" for count, piece in zip(counts, others, strict=True))
    try:
        result = codec.decode(CaseResult, text, path)
    except StoreError:
        return None  # and in its own words it is told what is wrong
    prototypes = [
        Prototype(one, [name for name, phase in one.phases.items() if phase.python_calls is not None])
        for one in result.observations
    ]
    found = [one.observation.phases[name].python_calls for one in prototypes for name in one.counted]
    in_place = result.stack == result.digests.lock == str(_MARK) and found == counts
    cells = {frozenset(one.variant.items()) for one in result.observations}
    return (result, prototypes) if in_place and len(cells) == len(prototypes) else None


def _filled(known: _Known, values: _Values) -> Decoded:
    result, prototypes = known
    left = iter(values.counts)
    return Decoded(
        like=_changed(result, stack=values.stack, digests=_changed(result.digests, lock=values.lock)),
        measured=[Measured(one, [next(left) for _ in one.counted]) for one in prototypes],
    )


def _changed(record: Record, **values: object) -> Record:
    """As ``dataclasses.replace``, in a quarter of its time: nothing here has an ``__init__`` of its own."""
    made: Record = object.__new__(type(record))
    vars(made).update(vars(record), **values)
    return made
