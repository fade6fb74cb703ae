"""What a probe server says, as typed events read from its stdout."""

from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from nestprobe.observation import Observation

NO_DEVICE = "DeviceError"


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The backend is imported; ``import_seconds`` is what that took.

    ``device``: what it was found to compute on: ``device`` (cpu or gpu), and of a GPU its name, memory,
    driver, CUDA and cuDNN.
    """

    event: Literal["ready"]
    versions: dict[str, str | None]
    flavour: str | None = None
    launch: str
    threads: int | None = None
    import_seconds: float
    device: dict[str, str] = field(default_factory=lambda: {"device": "cpu"})


@dataclass(frozen=True, kw_only=True)
class Started:
    """A cell has begun."""

    event: Literal["started"]
    case: str
    variant: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CellDone:
    """A cell was observed, however it ended.

    ``seconds`` of wall time from the start of its process to the end; ``case_seconds`` of them were
    the case's own (None where it did not finish).
    """

    event: Literal["cell"]
    observation: Observation
    seconds: float
    case_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """Every cell of the request was answered."""

    event: Literal["done"]


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The server cannot observe anything, e.g. TensorFlow does not import.

    ``what`` is the name of an exception: ``NO_DEVICE`` where the device that was asked for is not there.
    """

    event: Literal["failed"]
    what: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """A line on stdout that is no event; kept for the log and never believed."""

    line: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The server is gone; ``how`` is e.g. "exit status 0", "SIGKILL" or "silent for 180 s"."""

    how: str
    clean: bool  # it ended by itself with status 0


Said: TypeAlias = Ready | Started | CellDone | Done | Failed
Event: TypeAlias = Said | Noise | Ended

_said: TypeAdapter[Said] = TypeAdapter(
    Annotated[Ready | Started | CellDone | Done | Failed, Field(discriminator="event")]
)


def parse(line: bytes) -> Said | Noise:
    """One line of stdout. Never raises: what does not parse is Noise."""
    try:
        return _said.validate_json(line)
    except ValidationError as error:
        text = line[:500].decode("utf-8", "replace").rstrip()
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return Noise(line=text, why=f"{where}: {first['msg']}" if where else first["msg"])
