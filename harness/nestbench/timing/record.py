"""The records of a timing session: what was compared, under what conditions, and how each launch went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from nestbench.catalogue import row_label
from nestbench.store.plain import STRICT

__all__ = ["MEASURED", "PROCESSES", "SCHEMA", "TIMED_OUT", "Arm", "Ended", "Launched", "Part", "Session"]

SCHEMA = 1
#: The kind of a measurement that has a time.
MEASURED = "measured"
#: That of one whose process was ended at its limit, in it or before it.
TIMED_OUT = "timed-out"
#: Processes in which a launch times each cell. What disturbs one only ever adds to its time, so the least
#: counts; of one alone, times vary by a fifth on a virtual machine, and the least of three by half of that.
PROCESSES = 3

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+_-]*$", max_length=80)]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One of the things that are compared: a stack under a name.

    ``control_of``: the arm that this one is the double of, the same stack under another name.
    ``planted``: how many times slower the probe makes parts, by their labels, to see whether it is found.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    name: Name
    stack: Name
    lock: str  # digest
    control_of: Name | None = None
    planted: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A case variant that is timed, with the digest of the case; of a variable, the text is the value."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    case: str
    variant: dict[str, str] = field(default_factory=dict)
    digest: str

    @property
    def label(self) -> str:
        """``case-id[owner=layer]``."""
        return row_label(self.case, self.variant)


@dataclass(frozen=True, kw_only=True)
class Session:
    """What must be the same in all launches that are compared with each other.

    ``host``: facts of the machine, among them ``id``; ``cpus``: the processors set aside for launches;
    ``launch``: how the process of a cell comes to be, ``processes``: how many there are of each cell in a
    launch. ``probe``: fingerprint of the whole probe. ``planned``: blocks at which it ends, decided or not,
    and is looked at beside the looks that all sessions have.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    schema: int = SCHEMA
    name: Name
    began: str  # date and time, UTC
    seed: int
    arms: tuple[Arm, ...]
    parts: tuple[Part, ...]
    measures: tuple[str, ...]
    launch: Literal["fork", "fresh"]
    limit_seconds: float
    cpus: tuple[int, ...]
    host: Mapping[str, str]
    probe: str
    processes: int = 1  # as in sessions that do not say it
    planned: int | None = None  # nor that

    @property
    def control(self) -> Arm | None:
        """The double, where one is there."""
        return next((arm for arm in self.arms if arm.control_of is not None), None)

    def arm(self, name: str) -> Arm:
        """The arm of that name. Raises LookupError."""
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise LookupError(name)

    def conditions(self) -> dict[str, object]:
        """By name, what another session must have in common before the two may be compared at all."""
        return {
            "host": self.host.get("id"),
            "launch mode": self.launch,
            "processors": self.cpus,
            "processes a launch and cell": self.processes,
        }


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What became of one measurement: ``measured``, ``raises``, ``timed-out``, ... with the reason."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    kind: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Launched:
    """One launch: what became of each measurement of each part, by labels; seconds are of wall time.

    ``memory``: resident bytes of a part's process, ``began`` and ``peak``. ``load``: the load averages
    of the machine before and after. ``order``: place in its block, from 0.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    schema: int = SCHEMA
    arm: Name
    block: int
    order: int
    began: float
    seconds: float
    import_seconds: float
    load: tuple[float, float, float]
    load_after: tuple[float, float, float]
    versions: dict[str, str | None]
    device: dict[str, str]
    ended: dict[str, dict[str, Ended]]
    memory: dict[str, dict[str, int]]
