"""The store: what is measured, by stack and case, as files."""

import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from nestbench.digests import Digests, probe_digest, probe_digests
from nestbench.errors import UsageError
from nestbench.store import codec, disk
from nestbench.store.alike import Alike, Decoded
from nestbench.store.disk import StoreError
from nestbench.store.records import CaseResult, HostFacts, StackFacts, Unconfirmed
from nestbench.store.seal import sealed, unsealed
from nestprobe.observation import Observation

__all__ = ["OnBroken", "Reader", "Store", "by_number"]

Record = TypeVar("Record")

OnBroken = Callable[[StoreError], None]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_CASE = re.compile(r"[\w+-][\w.+-]*")
_STACK, _HOST, _UNCONFIRMED = "_stack", "_host", "_unconfirmed"
_BESIDE = (_STACK, _HOST, _UNCONFIRMED)
_SUFFIX = ".json"
_SHOWN = 60  # characters of a name that is none


class Store:
    """Results under one folder. Safe for threads of one process; one process writes at a time.

    Reading raises StoreError for a broken file, or, where ``on_broken`` is given, hands the error
    to it and treats the result as missing. A file of a newer schema is refused in either case.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._writing = threading.Lock()

    def prepare(self) -> None:
        """Check that the store can be written to and remove partial files.

        Raises UsageError where its folder is a file, StoreError.
        """
        if self.root.exists() and not self.root.is_dir():
            raise UsageError(
                f"{self.root} is a file, not a folder.",
                do="Name a folder for the results with --results DIR.",
            )
        disk.require_writable(self.root)
        disk.clean(self.root)

    def stacks(self) -> list[str]:
        """Stacks with any result, in the order of their version numbers."""
        return sorted(filter(_NAME.fullmatch, self._folders()), key=by_number)

    def nameless(self) -> list[str]:
        """Folders that hold files as a stack's does, and whose name can be none of a stack, sorted."""
        return sorted(name for name in self._folders() if not _NAME.fullmatch(name) and name[0] != ".")

    def _folders(self) -> list[str]:
        if not self.root.is_dir():
            return []
        return [folder.name for folder in self.root.iterdir() if _stored(folder)]

    def cases(self, stack: str) -> list[str]:
        """Cases with a result file on that stack, sorted."""
        return sorted(name for name in _stored(self.root / stack) if name not in _BESIDE)

    def path(self, stack: str, name: str) -> Path:
        """Where a result lies. Raises UsageError for a name that is no file name.

        Both may come from a file that somebody sent: neither leads out of the store.
        """
        for kind, one, form in (("stack", stack, _NAME), ("case", name, _CASE)):
            if not form.fullmatch(one):
                raise UsageError(
                    f"{one[:_SHOWN]!r} cannot name a {kind}",
                    do="Use letters, digits, dots, dashes, plus signs and underscores.",
                )
        return self.root.joinpath(stack, f"{name}{_SUFFIX}")

    def facts_path(self, stack: str) -> Path:
        """Where what was imported on that stack lies."""
        return self.path(stack, _STACK)

    def host_path(self, stack: str) -> Path:
        """Where the facts of its hosts lie."""
        return self.path(stack, _HOST)

    def unconfirmed_path(self, stack: str) -> Path:
        """Where it lies of which cells it is not known whether their environment was altered."""
        return self.path(stack, _UNCONFIRMED)

    def load(self, stack: str, case: str, on_broken: OnBroken | None = None) -> CaseResult | None:
        """The stored result; None where there is none."""
        path = self.path(stack, case)
        return self._read(CaseResult, path, on_broken, lambda one: _check_result(one, stack, case, path))

    def reader(self) -> "Reader":
        """For one reading of many results."""
        return Reader(self)

    def save(self, result: CaseResult) -> str:
        """Write a result, and return what was written; its variants are sorted. Raises StoreError."""
        ordered = sorted(result.observations, key=lambda one: sorted(one.variant.items()))
        path = self.path(result.stack, result.case)
        return _written(path, replace(result, observations=ordered))

    def add(
        self,
        stack: str,
        digests: Digests,
        observation: Observation,
        on_broken: OnBroken | None = None,
    ) -> str:
        """Put one observation beside those of the same digests; those of other digests go.

        Returns what was written. Raises StoreError where it cannot be written.
        """
        with self._writing:
            old = self.load(stack, observation.case, on_broken or (lambda _: None))
            kept = (
                [one for one in old.observations if one.variant != observation.variant]
                if old is not None and old.digests == digests
                else []
            )
            return self.save(
                CaseResult(
                    stack=stack,
                    case=observation.case,
                    digests=digests,
                    observations=[*kept, observation],
                )
            )

    def observation(
        self, stack: str, case: str, variant: Mapping[str, str], on_broken: OnBroken | None = None
    ) -> Observation | None:
        """The stored observation of one cell, current or not."""
        result = self.load(stack, case, on_broken)
        return None if result is None else result.variant(dict(variant))

    def current_variants(
        self, stack: str, case: str, digests: Digests, on_broken: OnBroken | None = None
    ) -> list[dict[str, str]]:
        """The variants whose stored observation was measured with these digests."""
        result = self.load(stack, case, on_broken)
        if result is None or result.digests != digests:
            return []
        return [dict(one.variant) for one in result.observations]

    def load_stack(self, stack: str, on_broken: OnBroken | None = None) -> StackFacts | None:
        """What was imported on that stack; None where it is not known."""
        path = self.path(stack, _STACK)
        return self._read(StackFacts, path, on_broken, lambda one: _check_place(one.stack, stack, path))

    def save_stack(self, facts: StackFacts) -> str:
        """Write what was imported, and return what was written. Raises StoreError."""
        return _written(self.path(facts.stack, _STACK), facts)

    def load_host(self, stack: str, on_broken: OnBroken | None = None) -> HostFacts | None:
        """Where and how fast that stack was observed last; None where it is not known."""
        path = self.path(stack, _HOST)
        return self._read(HostFacts, path, on_broken, lambda one: _check_place(one.stack, stack, path))

    def save_host(self, facts: HostFacts) -> str:
        """Write the host's facts, and return what was written; those of cells not run this time are kept.

        Raises StoreError.
        """
        with self._writing:
            old = self.load_host(facts.stack, lambda _: None)
            if old is not None:
                facts = facts.after(old)
            return _written(self.host_path(facts.stack), facts)

    def unconfirmed(self, stack: str) -> dict[str, str]:
        """As ``Unconfirmed.cells`` has them; none where all are confirmed. Raises StoreError."""
        path = self.unconfirmed_path(stack)
        held = self._read(Unconfirmed, path, None, lambda one: _check_place(one.stack, stack, path))
        return held.cells if held is not None else {}

    def save_unconfirmed(self, stack: str, cells: Mapping[str, str]) -> str:
        """Write which are not confirmed, and return what was written: nothing where all are.

        Raises StoreError.
        """
        path = self.unconfirmed_path(stack)
        if not cells:
            disk.remove(path)
            return ""
        return _written(path, Unconfirmed(stack=stack, cells=dict(cells)))

    def _read(
        self, type_: type[Record], path: Path, on_broken: OnBroken | None, check: Callable[[Record], None]
    ) -> Record | None:
        try:
            text = disk.read_text(path)
            if text is None:
                return None
            record = codec.decode(type_, unsealed(text, path), path)
            check(record)
        except codec.NewerSchemaError:
            raise
        except StoreError as error:
            if on_broken is None:
                raise
            on_broken(error)
            return None
        return record


class Reader:
    """Reads results one after the other; what many of them say alike is decoded once and kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._alike = Alike()

    def load(self, stack: str, case: str) -> Decoded | None:
        """The stored result; None where there is none. Raises StoreError for a broken file."""
        path = self._store.path(stack, case)
        text = disk.read_text(path)
        if text is None:
            return None
        decoded = self._alike.decode(unsealed(text, path), path)
        _check_result(decoded.like, stack, case, path)
        return decoded

    def probes(self, stack: str) -> frozenset[str]:
        """Digests of the probe that a current result of ``stack`` may have: one where it is known."""
        facts = self._store.load_stack(stack, lambda _: None)
        if facts is None or not facts.flavour:
            return probe_digests()
        return frozenset({probe_digest(engine=facts.engine)})


def _written(path: Path, record: CaseResult | StackFacts | HostFacts | Unconfirmed) -> str:
    text = sealed(codec.encode(record))
    disk.write_text(path, text)
    return text


def _stored(folder: Path) -> list[str]:
    """Names of the records in a stack's folder; none where it is no folder, or cannot be read."""
    try:
        files = os.listdir(folder)  # noqa: PTH208 - thousands: as paths they take three times as long
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    return [file.removesuffix(_SUFFIX) for file in files if file.endswith(_SUFFIX)]


def _check_result(result: CaseResult, stack: str, case: str, path: Path) -> None:
    """Raises StoreError for a result of another stack or case, and for one that has a cell twice."""
    cases = {result.case} | {one.case for one in result.observations}
    for held in cases - {case}:
        _check_place(f"{result.stack} {held}", f"{stack} {case}", path)
    _check_place(result.stack, stack, path)
    variants = [sorted(one.variant.items()) for one in result.observations]
    twice = next((one for place, one in enumerate(variants) if one in variants[:place]), None)
    if twice is not None:
        first, second, *_ = (one for one in result.observations if sorted(one.variant.items()) == twice)
        says = "the same" if first == second else "different things"
        name = ",".join(f"{key}={value}" for key, value in twice) or "without variants"
        raise StoreError(
            f"{path} holds two observations of one cell ({name}), which say {says}",
            why="Two results were put into one file by hand or by a merge: which of them holds is not known.",
            do="Delete it and run again, or bring it back from git.",
        )


def _check_place(held: str, meant: str, path: Path) -> None:
    if held != meant:
        raise StoreError(
            f"{path} holds a result of {held}, not of {meant}",
            why="The file was copied or renamed by hand.",
            do="Delete it and run again; `nestbench import` brings in results of elsewhere.",
        )


def by_number(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts tf2.9 before tf2.10."""
    parts = re.split(r"(\d+)", name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
