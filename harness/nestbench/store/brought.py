"""A result file that ``python -m nestprobe`` wrote elsewhere, stored as a stack of its own."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, NamedTuple

from pydantic import ConfigDict

from nestbench import digests
from nestbench.catalogue import CaseEntry, row_label
from nestbench.digests import Digests
from nestbench.errors import UsageError
from nestbench.machine import host_digest
from nestbench.names import number_of
from nestbench.store import codec, disk
from nestbench.store.collecting import ContradictionError, differing, listed
from nestbench.store.records import CaseResult, HostFacts, StackFacts
from nestbench.store.results import Store
from nestprobe.observation import SCHEMA, Observation

__all__ = ["BroughtResult", "BroughtSources", "BroughtStack", "Imported", "write_import"]


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


class Imported(NamedTuple):
    """The id of its stack, and how many cells that lay there and were not current went."""

    stack: str
    replaced: int


#: Holds the stack of that id while it is written.
Alone = Callable[[str], AbstractContextManager[None]]


def write_import(
    store: Store,
    path: Path,
    entries: Iterable[CaseEntry],
    stack: str | None = None,
    *,
    alone: Alone = lambda _stack: nullcontext(),
) -> Imported:
    """Store the result file at ``path``.

    A result is current where the sender's source files are this catalogue's and this probe's; where
    the file does not say, it is kept and shown as not current. Results that lie there already stay beside
    it, but for those that are not current and were measured from other sources: they go.

    Raises ContradictionError, and stores nothing, where it says something else of a cell than what stays;
    UsageError where there is no such file, it is none that the probe wrote, or the name is
    that of a stack of the matrix, or it tells a cell twice; StoreError where the store cannot be written.
    """
    brought = _read(path)
    if not brought.observations:
        raise UsageError(f"{path} holds no observations", do="Observe there again.")
    name = stack or brought.stack.id or default_name(brought.stack.versions, brought.stack.device)
    store.facts_path(name)  # what can name no stack is refused before anything is held
    with alone(name):
        return _written(store, path, brought, name, entries)


def _written(
    store: Store, path: Path, brought: BroughtResult, name: str, entries: Iterable[CaseEntry]
) -> Imported:
    held = store.load_stack(name, lambda _: None)
    if held is not None and held.origin != "brought":
        raise UsageError(
            f"the stack {name} is in {store.root} already, and was measured here",
            do="Give what you bring another name with --as NAME.",
        )
    lock = digests.versions_digest(brought.stack.versions)
    known = {entry.id: entry for entry in entries}
    by_case = defaultdict(list)
    for observation in brought.observations:
        by_case[observation.case].append(observation)
    _check_once(path, by_case)
    facts = StackFacts(
        stack=name,
        versions=brought.stack.versions,
        flavour=brought.stack.flavour or "",
        lock=lock,
        origin="brought",
        device=brought.stack.device,
    )
    here = digests.probe_digest(engine=facts.engine)
    same_probe = brought.sources.probe and brought.sources.probe == digests.tree_fingerprint()
    probe = here if same_probe else ""
    wrong = [f"{name}: what was imported"] if held is not None and held != facts else []
    new: list[tuple[Digests, Observation]] = []
    replaced = 0
    for case, observations in by_case.items():
        same = case in known and brought.sources.cases.get(case) == digests.file_fingerprint(known[case].file)
        sent = Digests(case=known[case].digest if same else "", lock=lock, probe=probe)
        now = replace(sent, case=known[case].digest, probe=here) if case in known else sent
        there = store.load(name, case, lambda _: None)
        if there is not None and there.digests not in (sent, now):
            replaced += len(there.observations)
            there = None
        new += _beside(there, sent, observations, wrong)
    if wrong:
        raise ContradictionError(
            f"{path} contradicts what is stored as {name} in {store.root} in "
            f"{number_of(len(wrong), 'place')}, so nothing of it was stored:\n{listed(wrong)}",
            why="Another machine or other sources measured it, or a case differs from run to run.",
            do="Give it a name of its own with --as NAME.",
        )
    for sent, observation in new:
        store.add(name, sent, observation)
    store.save_stack(facts)
    host = _nameless(brought.host)
    labels = (row_label(one.case, one.variant) for one in brought.observations)
    at = dict.fromkeys(labels, host["id"]) if "id" in host else {}
    store.save_host(HostFacts(stack=name, host=host, at=at))
    return Imported(stack=name, replaced=replaced)


def _nameless(host: Mapping[str, str]) -> dict[str, str]:
    """With a digest in place of the machine's name: results are published."""
    facts = {name: fact for name, fact in host.items() if name != "node"}
    if "node" not in host:
        return facts
    return {"id": host_digest(host["node"], host.get("platform", "")), **facts}


def _beside(
    there: CaseResult | None,
    sent: Digests,
    observations: Sequence[Observation],
    wrong: list[str],
) -> Iterator[tuple[Digests, Observation]]:
    """Those of one case to be stored; to ``wrong`` goes what contradicts those of ``there`` that stay."""
    if there is None:
        yield from ((sent, one) for one in observations)
        return
    other = ["other sources"] if there.digests != sent else []
    for one in observations:
        stored = there.variant(one.variant)
        if stored == one:
            continue
        said = other + (list(differing(stored, one)) if stored is not None else [])
        if said:
            wrong.append(f"{row_label(one.case, one.variant)} on {there.stack}: {', '.join(said)}")
        else:
            yield sent, one


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
