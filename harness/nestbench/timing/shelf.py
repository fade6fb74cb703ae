"""Where sessions lie: ``<session>/session.json``, and two files of every launch.

``<arm>/block-001.json.gz`` is what pytest-benchmark wrote, unchanged but for being packed: its statistics say
each time ten times over, so it takes an eighth. ``Shelf.export`` unpacks it for ``pytest-benchmark compare``.
Sessions of before have it as ``block-001.json``; they are read, and gone on with, all the same.
``<arm>/block-001.launch.json`` says what became of each measurement and how the machine was.
"""

import contextlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nestbench.errors import IncompleteError, UsageError
from nestbench.store.disk import StoreError, read_text, write_text
from nestbench.store.plain import from_text, to_data
from nestbench.timing.record import SCHEMA, Launched, Session

__all__ = ["Shelf"]

_SESSION = "session.json"
_LAUNCHES = "*/block-*"
#: Deleted alone, it would leave launches of which nobody knows what they measured.
_WITHOUT = "Bring it back as it was, move its folder away, or name another session with --session NAME."


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The sessions below one folder."""

    root: Path

    def has(self, name: str) -> bool:
        """Whether there is a session of that name, whole or broken."""
        return (self.root / name / _SESSION).exists()

    def names(self) -> list[str]:
        """Names of the sessions, the last begun at the end; those of one day as their files were written.

        Raises StoreError where one is broken.
        """
        paths = {path.parent.name: path for path in self.root.glob(f"*/{_SESSION}")}
        began = {name: self.load(name).began for name in paths}
        return sorted(paths, key=lambda name: (began[name], paths[name].stat().st_mtime, name))

    def readable(self) -> list[Session]:
        """In the order of ``names``, without what is broken or was moved: it stands in no other's way."""
        found = []
        for path in self.root.glob(f"*/{_SESSION}"):
            with contextlib.suppress(StoreError):
                session = self.load(path.parent.name)
                if session.name == path.parent.name:
                    found.append((session.began, path.stat().st_mtime, session.name, session))
        return [session for *_, session in sorted(found, key=lambda one: one[:3])]

    def free(self, name: str) -> str:
        """``name``, or where its folder is taken ``name-2`` and so on."""
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        return next(one for one in itertools.chain([name], numbered) if not (self.root / one).exists())

    def load(self, name: str) -> Session:
        """The session of that name. Raises UsageError where there is none, StoreError."""
        path = self.root / name / _SESSION
        text = read_text(path)
        if text is None:
            known = sorted(one.parent.name for one in self.root.glob(f"*/{_SESSION}"))
            do = f"{self.root} has {', '.join(known)}." if known else f"None is in {self.root}."
            raise UsageError.unknown("timing session", name, known, do=do)
        return from_text(Session, text, path, SCHEMA, do=_WITHOUT)

    def require_new(self, name: str) -> None:
        """Raise UsageError where launches lie in the folder of a session that is to begin."""
        folder = self.root / name
        if any(folder.glob(_LAUNCHES)):
            raise UsageError(
                f"{folder} holds launches, and no {_SESSION}, so no session can begin there.",
                why="that file was deleted, and under what conditions they were measured is gone with it",
                do=_WITHOUT,
            )

    def last(self) -> Session:
        """The session begun last. Raises IncompleteError where there is none, StoreError."""
        names = self.names()
        if not names:
            where = f"in {self.root}" if self.root.is_dir() else f"yet: there is no folder {self.root}"
            raise IncompleteError(
                f"There is no timing session {where}.",
                do="`nestbench time STACK STACK` measures one; --results DIR names another folder.",
            )
        return self.load(names[-1])

    def save(self, session: Session) -> None:
        """Write what a session is. Raises StoreError."""
        write_text(self.root / session.name / _SESSION, _encode(session))

    def launched(self, session: Session) -> Iterator[tuple[Launched, Path]]:
        """Each launch that came to its end, with the path of pytest-benchmark's file of it.

        Raises StoreError for a broken record.
        """
        for arm in session.arms:
            for path in sorted((self.root / session.name / arm.name).glob("block-*.launch.json")):
                text = read_text(path)
                if text is not None:
                    launched = from_text(Launched, text, path, SCHEMA)
                    yield launched, self.benchmarks(session, arm.name, _block(path))

    def holds(self, session: Session, arm: str, block: int) -> bool:
        """Whether that launch came to its end."""
        return self._launch(session, arm, block).exists()

    def keep(self, session: Session, launched: Launched, benchmarks: str | None) -> None:
        """Write a launch, the record last: with it the launch counts as done. Raises StoreError."""
        if benchmarks is not None:
            write_text(self._packed(session, launched.arm, launched.block), benchmarks)
        write_text(self._launch(session, launched.arm, launched.block), _encode(launched))

    def discard(self, session: Session, arm: str, block: int) -> None:
        """Remove a launch, the record first: without it the launch was never done."""
        packed = self._packed(session, arm, block)
        for path in (self._launch(session, arm, block), packed, packed.with_suffix("")):
            path.unlink(missing_ok=True)

    def benchmarks(self, session: Session, arm: str, block: int) -> Path:
        """pytest-benchmark's file of a launch; not there where nothing could be measured in it."""
        packed = self._packed(session, arm, block)
        plain = packed.with_suffix("")
        return plain if plain.exists() and not packed.exists() else packed

    def export(self, session: Session, folder: Path) -> list[Path]:
        """Write pytest-benchmark's files as it wrote them, ``<arm>/block-001.json``; returns where they are.

        Raises StoreError.
        """
        written = []
        for launched, path in self.launched(session):
            text = read_text(path)
            if text is not None:
                written.append(folder / launched.arm / f"block-{launched.block:03d}.json")
                write_text(written[-1], text)
        return written

    def _packed(self, session: Session, arm: str, block: int) -> Path:
        return self.root / session.name / arm / f"block-{block:03d}.json.gz"

    def _launch(self, session: Session, arm: str, block: int) -> Path:
        return self.root / session.name / arm / f"block-{block:03d}.launch.json"


def _block(path: Path) -> int:
    return int(path.name.removeprefix("block-").split(".")[0])


def _encode(record: Session | Launched) -> str:
    data = to_data(record, SCHEMA)
    if isinstance(record, Session):
        return json.dumps(data, indent=1) + "\n"
    # A line for each part: what changes in git is what changed.
    head = {name: value for name, value in data.items() if name not in {"ended", "memory"}}
    lines = [json.dumps(head)[:-1]]
    for name in ("ended", "memory"):
        rows = [f"  {json.dumps(label)}: {json.dumps(value)}" for label, value in data[name].items()]
        lines.append(f' "{name}": {{\n' + ",\n".join(rows) + "\n }")
    return ",\n".join(lines) + "}\n"
