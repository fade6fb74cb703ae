"""The records of growth: what was counted, and what was timed, of one case over its sizes on one stack.

Counts are the same in every run, seconds never are; they lie in files of their own, so that a difference
in git of the counts is a difference in behaviour. The one thing in them that hangs on the machine is where
a size went over the limit. How far a count had come that was ended there is a fact of the machine, too, and
lies with the times: a ``Tally``.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from pydantic import ConfigDict

from nestbench.catalogue import row_label
from nestbench.digests import Digests
from nestbench.store.plain import STRICT

__all__ = [
    "SCHEMA",
    "CountPoint",
    "Counted",
    "Counts",
    "Kind",
    "Part",
    "StackCounts",
    "StackTimes",
    "Tally",
    "TimePoint",
    "Timed",
    "Times",
]

SCHEMA = 1


class Part(StrEnum):
    """What is counted and timed at each size; the probe's words."""

    CONSTRUCT = "construct"
    BUILD = "build"
    FIRST_CALL = "first-call"


class Kind(StrEnum):
    """What became of a part at one size; the probe's words."""

    MEASURED = "measured"
    RAISES = "raises"
    OVER = "over-the-limit"
    NOT_TRIED = "not-tried"
    NOT_APPLICABLE = "not-applicable"
    NOT_LOADED = "not-loaded"
    CRASHED = "crashed"
    EXITED = "exited"
    OUT_OF_MEMORY = "out-of-memory"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The calls of one part, also up to where it raised: Python's, and of each class of the case.

    ``lost``: counting stopped before the end, where the stack had run out; the counts are lower bounds.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: Kind
    detail: str = ""
    python_calls: int | None = None
    user_calls: dict[str, int] = field(default_factory=dict)
    lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Timed:
    """The seconds of one part, one of each process; ``at_least``: it takes longer than that."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: Kind
    detail: str = ""
    seconds: tuple[float, ...] = ()
    at_least: float | None = None


@dataclass(frozen=True, kw_only=True)
class CountPoint:
    """One size."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    size: int
    parts: dict[Part, Counted]


@dataclass(frozen=True, kw_only=True)
class TimePoint:
    """One size."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    size: int
    parts: dict[Part, Timed]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A case over its sizes: ``growing`` is the parameter, ``variant`` holds what stays as it is."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    case: str
    variant: dict[str, str] = field(default_factory=dict)
    growing: str
    digests: Digests
    limit_seconds: float
    points: tuple[CountPoint, ...]

    @property
    def label(self) -> str:
        """``case-id[owner=layer]``."""
        return row_label(self.case, self.variant)


@dataclass(frozen=True, kw_only=True)
class Times:
    """The same under the clock; ``host`` is the id of the machine, ``load`` its average afterwards."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    case: str
    variant: dict[str, str] = field(default_factory=dict)
    growing: str
    digests: Digests
    limit_seconds: float
    repeats: int
    host: str
    date: str
    launch: str
    load: tuple[float, ...]
    points: tuple[TimePoint, ...]

    @property
    def label(self) -> str:
        """``case-id[owner=layer]``."""
        return row_label(self.case, self.variant)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How far the count of ``part`` had come at ``size`` when it was ended at its limit: lower bounds."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    part: Part
    size: int
    python_calls: int
    user_calls: int


@dataclass(frozen=True, kw_only=True)
class StackCounts:
    """What was counted on a stack, by the labels of its series."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    schema: int = SCHEMA
    stack: str
    versions: dict[str, str | None]
    flavour: str
    device: str
    series: dict[str, Counts] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StackTimes:
    """What was timed on a stack; ``hosts``: the facts of each machine, by its id."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    schema: int = SCHEMA
    stack: str
    hosts: dict[str, dict[str, str]] = field(default_factory=dict)
    series: dict[str, Times] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
