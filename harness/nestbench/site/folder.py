"""The folder that a site is written into: made whole or not touched, and nothing lost that is not ours."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nestbench.errors import GroundError, UsageError

__all__ = ["MARKER", "Folder"]

#: Names the files that were made; a folder without it is somebody else's.
MARKER = ".nestbench-site.json"
_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Folder:
    """``root``: the folder that was asked for.

    Files are written beside it first and moved when all are there. What an earlier build made and this
    one does not goes; every other file stays.
    """

    root: Path

    def check(self) -> None:
        """Raises UsageError where it is a file, or holds files and was not made by this command."""
        self._made()
        if self.root.exists() and not (self.root / MARKER).exists() and any(self.root.iterdir()):
            raise UsageError(
                f"{self.root} is not empty, and no site of nestbench is in it.",
                why=f"it has no {MARKER}, the list of files that this command made there",
                do="Name another folder with -o DIR, one that does not exist or is empty.",
            )

    @contextmanager
    def filling(self) -> Iterator[Path]:
        """A folder to write into; what was written becomes the site when the block ends well.

        Raises UsageError as ``check`` does and where a file would take the place of one that this
        command did not make, GroundError where the disk does not let it.
        """
        self.check()
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            work = Path(
                tempfile.mkdtemp(prefix=f".{self.root.name[:60]}-", suffix=".part", dir=self.root.parent)
            )
        except OSError as error:
            raise self._not_written(error) from error
        try:
            yield work
            self._move(work)
        except OSError as error:
            raise self._not_written(error) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _move(self, work: Path) -> None:
        old = self._made()
        new = sorted(path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file())
        self._refuse_foreign(new, old)
        self.root.mkdir(exist_ok=True)
        self._mark(sorted({*old, *new}))  # whatever happens now, all of it stays known as ours
        for name in new:
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (work / name).replace(target)
        for name in sorted(set(old) - set(new)):
            if not any((self.root / parent).is_symlink() for parent in PurePosixPath(name).parents):
                (self.root / name).unlink(missing_ok=True)
                self._drop_empty(name)
        self._mark(new)

    def _refuse_foreign(self, new: list[str], old: list[str]) -> None:
        for name in new:
            path = self.root / name
            parents = [self.root / parent for parent in PurePosixPath(name).parents if parent.name]
            foreign = path.exists() and name not in old
            if foreign or path.is_symlink() or path.is_dir() or any(one.is_symlink() for one in parents):
                raise UsageError(
                    f"{path} is in the way and was not made by this command.",
                    do="Move it, or name another folder with -o DIR.",
                )
            if blocked := [one for one in parents if one.exists() and not one.is_dir()]:
                raise UsageError(
                    f"{blocked[0]} is in the way and was not made by this command.",
                    do="Move it, or name another folder with -o DIR.",
                )

    def _drop_empty(self, name: str) -> None:
        for parent in PurePosixPath(name).parents:
            folder = self.root / parent
            if parent.name and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _mark(self, names: list[str]) -> None:
        data = {"schema": _SCHEMA, "made by": "nestbench report", "files": names}
        partial = self.root / f"{MARKER}.part"
        partial.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        partial.replace(self.root / MARKER)

    def _made(self) -> list[str]:
        """The files that an earlier build made, by its marker."""
        marker = self.root / MARKER
        if self.root.exists() and not self.root.is_dir():
            raise UsageError(f"{self.root} is a file, not a folder.", do="Name a folder with -o DIR.")
        if not marker.exists():
            return []
        try:
            data = json.loads(marker.read_text(encoding="utf-8"))
            names = data["files"]
            if data["schema"] != _SCHEMA or not all(
                isinstance(name, str) and _inside(name) for name in names
            ):
                raise ValueError("its list of files is not one of this command")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{marker} cannot be used: {error}.",
                why="it was damaged, or written by another nestbench",
                do="Name another folder with -o DIR, or delete this one yourself.",
            ) from error
        return list(names)

    def _not_written(self, error: OSError) -> GroundError:
        return GroundError(
            f"The site could not be written to {self.root}.",
            why=error.strerror or str(error),
            do="Free some space, or name another folder with -o DIR.",
        )


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name
