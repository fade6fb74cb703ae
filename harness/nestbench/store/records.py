"""The records that the store keeps. Unknown fields and wrong types are refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pydantic import ConfigDict

from nestbench.catalogue import row_label
from nestbench.digests import Digests
from nestbench.store.plain import STRICT
from nestprobe.observation import SCHEMA, Observation

__all__ = ["SCHEMA", "CaseResult", "HostFacts", "StackFacts", "Unconfirmed", "label_of"]


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """All observed variants of one case on one stack, measured with the same digests."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    schema: int = SCHEMA
    stack: str
    case: str
    digests: Digests
    observations: list[Observation]

    def variant(self, names: dict[str, str]) -> Observation | None:
        """The observation of that variant, if it is here."""
        for observation in self.observations:
            if observation.variant == names:
                return observation
        return None


@dataclass(frozen=True, kw_only=True)
class StackFacts:
    """What was imported when the stack was observed; the same in every run of one environment.

    ``versions``: what the modules said of themselves, e.g. python, tensorflow, keras, numpy, h5py;
    ``None`` for one that is not there.
    ``flavour``: which Keras it is. ``lock``: digest of the lock, or of the versions where none was.
    ``origin``: ``matrix``, or ``brought`` for a result file of another machine, or ``here``.
    ``device``: cpu or gpu.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    schema: int = SCHEMA
    stack: str
    versions: dict[str, str | None]
    flavour: str = ""
    lock: str = ""
    origin: str = "matrix"
    device: str = "cpu"

    @property
    def engine(self) -> str | None:
        """The probe's engine there, where it is another than that of the backend, as ``Stack`` has it."""
        multi_backend_2 = (self.versions.get("keras") or "").startswith("2.3.")
        return "symbolic" if self.flavour == "keras2-package" and multi_backend_2 else None


@dataclass(frozen=True, kw_only=True)
class Unconfirmed:
    """Cells of a stack after which nobody has looked whether its environment was altered.

    ``cells``: by label, as ``label_of`` makes it, what tells the environment in which each was
    measured from all others. A cell that has no result may be among them.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    schema: int = SCHEMA
    stack: str
    cells: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class HostFacts:
    """What differs from run to run: never compared, never judged.

    ``host``: free facts (id, machine, platform, date, launch mode, device, ...). ``import_seconds`` and
    ``seconds`` (by cell label) are wall time. ``at``: the id of the host, by label, of cells that another
    one measured, and of those that were brought, which have no seconds; ``others``: the facts of other
    hosts, by id.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    schema: int = SCHEMA
    stack: str
    host: dict[str, str] = field(default_factory=dict)
    import_seconds: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)
    others: dict[str, dict[str, str]] = field(default_factory=dict)

    def after(self, old: "HostFacts") -> "HostFacts":
        """These, with what ``old`` knows of cells that are not among them."""
        here, before = self.host.get("id", ""), old.host.get("id", "")
        own, seconds = self.seconds.keys() | self.at.keys(), {**old.seconds, **self.seconds}
        kept = {label: old.at.get(label, before) for label in {**old.seconds, **old.at} if label not in own}
        at = {label: host for label, host in kept.items() if host and (host != here or label not in seconds)}
        at |= self.at
        known = {before: old.host, **old.others, **self.others}
        return replace(
            self,
            seconds=seconds,
            at=at,
            others={
                host: known[host] for host in dict.fromkeys(at.values()) if host in known and host != here
            },
        )


def label_of(case: str, variant: Mapping[str, str]) -> str:
    """The label of a cell in ``Unconfirmed``: the same of an observation and of what is asked for."""
    return row_label(case, dict(sorted(variant.items())))
