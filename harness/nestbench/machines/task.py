"""What a worker is asked to do and what it says meanwhile: plain data between two machines."""

import dataclasses
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from nestbench import __version__
from nestbench.catalogue import CaseEntry, Cell
from nestbench.digests import tree_fingerprint
from nestbench.errors import AlteredError, GroundError, IncompleteError, NestbenchError, UnavailableError
from nestbench.matrix import Stack
from nestbench.run.events import CellDone, Ready
from nestbench.run.probe_process import Limits

__all__ = [
    "Began", "Ended", "Looked", "Phase", "Said", "Saw", "Task", "Trouble", "fingerprint", "packed", "parse",
    "slim", "unpacked", "written",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Task:
    """Cells of one stack. ``key`` is its own; one that is given a second time has another.

    ``lock`` is the text of the stack's lock, ``files`` the packed case files: nothing is looked for on the
    worker but nestbench itself, whose ``fingerprint`` must be this. ``envs`` is a folder there.
    """

    key: str
    topic: str
    stack: Stack
    lock: str
    files: bytes
    cells: Sequence[Cell]
    fingerprint: str
    launch: str
    jobs: int | None
    limits: Limits
    envs: Path | None
    allow_download: bool


@dataclass(frozen=True, kw_only=True)
class Began:
    """A worker has taken the task. ``name``: as it is shown; ``host``: facts of its machine that are kept."""

    said: Literal["began"] = "began"
    key: str
    worker: str
    name: str
    host: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What it does now."""

    said: Literal["phase"] = "phase"
    key: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Saw:
    """What the probe said."""

    said: Literal["saw"] = "saw"
    key: str
    event: Annotated[Ready | CellDone, Field(discriminator="event")]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """After all that it saw so far, the environment there is as it was made."""

    said: Literal["looked"] = "looked"
    key: str


_Kind: TypeAlias = Literal["altered", "unavailable", "incomplete", "ground"]
#: Each before those that it is one of.
_KINDS: Mapping[_Kind, type[NestbenchError]] = {
    "altered": AlteredError,
    "unavailable": UnavailableError,
    "incomplete": IncompleteError,
    "ground": GroundError,
}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """An error as data."""

    kind: _Kind
    what: str
    why: str = ""
    do: str = ""

    @classmethod
    def of(cls, error: NestbenchError) -> "Trouble":
        """``error`` as data."""
        kind: _Kind = next((kind for kind, one in _KINDS.items() if isinstance(error, one)), "ground")
        return cls(kind=kind, what=error.what, why=error.why, do=error.do)

    def error(self, name: str) -> NestbenchError:
        """The error, told of the machine ``name``."""
        return _KINDS[self.kind](f"on {name}: {self.what}", why=self.why, do=self.do)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The worker is done with the task, well where there is no trouble."""

    said: Literal["ended"] = "ended"
    key: str
    trouble: Trouble | None = None


Said: TypeAlias = Began | Phase | Saw | Looked | Ended

_said: TypeAdapter[Said] = TypeAdapter(Annotated[Said, Field(discriminator="said")])


def written(said: Said) -> str:
    """As JSON."""
    return json.dumps(dataclasses.asdict(said))


def parse(text: str) -> Said:
    """What was ``written``. Raises ValueError for anything else."""
    return _said.validate_json(text)


@cache
def fingerprint() -> str:
    """The nestbench of this machine: its version, and what observes."""
    return f"{__version__} {tree_fingerprint()[:16]}"


def slim(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """``cells`` with no more of their cases than a worker needs."""
    entries: dict[str, CaseEntry] = {}
    return tuple(
        dataclasses.replace(cell, case=entries.setdefault(cell.case.id, _slim(cell.case))) for cell in cells
    )


def _slim(entry: CaseEntry) -> CaseEntry:
    return dataclasses.replace(entry, symptom="", doc="", sources=(), variants=(), source="")


def packed(files: Sequence[Path]) -> bytes:
    """The texts of case files in their order. Raises OSError."""
    texts = [(path.name, path.read_text(encoding="utf-8")) for path in files]
    return zlib.compress(json.dumps(texts).encode())


def unpacked(files: bytes) -> Mapping[str, str]:
    """Texts by relative path, in order; a folder each, since two may be of one name."""
    texts: list[tuple[str, str]] = json.loads(zlib.decompress(files))
    return {f"{number}/{Path(name).name}": text for number, (name, text) in enumerate(texts)}
