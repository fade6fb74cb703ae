"""A result file that ``python -m nestprobe`` wrote elsewhere, stored as a stack of its own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from nestbench import digests
from nestbench.catalogue import CaseEntry
from nestbench.digests import Digests
from nestbench.errors import UsageError
from nestbench.store import codec, disk
from nestbench.store.records import HostFacts, StackFacts
from nestbench.store.results import Store
from nestprobe.observation import SCHEMA, Observation

__all__ = ["BroughtResult", "BroughtSources", "BroughtStack", "write_import"]


@dataclass(frozen=True, kw_only=True)
class BroughtStack:
    """The interpreter that was observed, on which ``device``; ``id`` where the sender named it."""

    versions: dict[str, str | None]
    flavour: str | None = None
    id: str | None = None
    device: str = "cpu"


@dataclass(frozen=True, kw_only=True)
class BroughtSources:
    """SHA-256 (hex) of what the sender ran, where it could say.

    ``cases``: of the bytes of the file that declares a case, by case id. ``probe``: of the probe's
    files, as ``digests.tree_fingerprint`` computes it.
    """

    cases: dict[str, str] = field(default_factory=dict)
    probe: str = ""


@dataclass(frozen=True, kw_only=True)
class BroughtResult:
    """The layout of a result file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    schema: int = SCHEMA
    stack: BroughtStack
    observations: list[Observation]
    host: dict[str, str] = field(default_factory=dict)
    sources: BroughtSources = field(default_factory=BroughtSources)


def write_import(
    store: Store,
    path: Path,
    entries: Iterable[CaseEntry],
    stack: str | None = None,
) -> str:
    """Store the result file at ``path`` and return the id of its stack.

    A result is current where the sender's source files are this catalogue's and this probe's; where
    the file does not say, it is kept and shown as not current.

    Raises UsageError where there is no such file, it is none that the probe wrote, or the name is
    that of a stack of the matrix, or it tells a cell twice; StoreError where the store cannot be written.
    """
    brought = _read(path)
    if not brought.observations:
        raise UsageError(f"{path} holds no observations", do="Observe there again.")
    name = stack or brought.stack.id or default_name(brought.stack.versions, brought.stack.device)
    held = store.load_stack(name, lambda _: None)
    if held is not None and held.origin != "brought":
        raise UsageError(
            f"the stack {name} is in {store.root} already, and was measured here",
            do="Give what you bring another name with --as NAME.",
        )
    lock = digests.versions_digest(brought.stack.versions)
    known = {entry.id: entry for entry in entries}
    probe = ""
    if brought.sources.probe and brought.sources.probe == digests.tree_fingerprint():
        probe = digests.probe_digest()
    by_case = defaultdict(list)
    for observation in brought.observations:
        by_case[observation.case].append(observation)
    _check_once(path, by_case)
    for case, observations in by_case.items():
        same = case in known and brought.sources.cases.get(case) == digests.file_fingerprint(known[case].file)
        sent = Digests(case=known[case].digest if same else "", lock=lock, probe=probe)
        for observation in observations:  # beside the variants that an earlier import brought
            store.add(name, sent, observation)
    store.save_stack(
        StackFacts(
            stack=name,
            versions=brought.stack.versions,
            flavour=brought.stack.flavour or "",
            lock=lock,
            origin="brought",
            device=brought.stack.device,
        )
    )
    store.save_host(HostFacts(stack=name, host=brought.host))
    return name


def _check_once(path: Path, by_case: Mapping[str, Sequence[Observation]]) -> None:
    """Raises UsageError where the file tells a cell twice: the store would refuse it from then on."""
    for case, observations in by_case.items():
        variants = [one.variant for one in observations]
        if any(variants.count(one) > 1 for one in variants):
            raise UsageError(
                f"{path} tells a cell of {case} twice, so nothing of it was stored",
                why="The case was observed from two files or folders.",
                do="Observe again with each folder of cases named once.",
            )


def _read(path: Path) -> BroughtResult:
    # The file is the user's own, and may be anything: no advice here may cost it.
    try:
        text = disk.read_text(path)
        if text is None:
            raise UsageError(f"{path}: no such result file", do="`python -m nestprobe -o FILE` writes one.")
        return codec.decode(BroughtResult, text, path)
    except codec.NewerSchemaError as error:
        raise UsageError(error.what, why=error.why, do="Update nestbench, then import it.") from error
    except disk.StoreError as error:
        raise UsageError(
            f"{path} is no whole result file of the probe",
            why=error.why,
            do="Give the file that `python -m nestprobe -o FILE` wrote: copy it again, or observe again.",
        ) from error


def default_name(versions: dict[str, str | None], device: str = "cpu") -> str:
    """``here-tf2.21.0-keras3.12.0-py3.13-gpu``, from what was imported; on the CPU without an end."""
    parts = ["here"]
    for module, short in (("tensorflow", "tf"), ("keras", "keras"), ("tf_keras", "tfkeras")):
        if versions.get(module):
            parts.append(f"{short}{versions[module]}")
    python = versions.get("python")
    if python:
        parts.append("py" + ".".join(python.split(".")[:2]))
    if device != "cpu":
        parts.append(device)
    return "-".join(parts)
