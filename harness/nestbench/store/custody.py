"""The files of one stack while it is measured: whatever else writes to them is found, and undone.

A case is code and may write anywhere. What a run has not written itself must not pass for measured.
"""

import contextlib
from collections.abc import Hashable
from pathlib import Path

from nestbench.given import content
from nestbench.store.disk import write_text

__all__ = ["Custody"]

_ASIDE = ".strange"


class Custody:
    """Remembers every result file in ``folder``, a few megabytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, bytes] = {}
        self._looks: dict[str, Hashable] = {}  # of files before they were read and found to be as known
        for path in folder.glob("*.json"):
            with contextlib.suppress(OSError):  # what cannot be read was no result before, either
                self._known[path.name] = content(path)
        self._before = dict(self._known)

    def note(self, path: Path, text: str) -> None:
        """Remember what the run itself has written there: what is there now, a case may have altered."""
        self._known[path.name] = text.encode()

    def mend(self, name: str | None = None, *, hasty: bool = False) -> list[str]:
        """Put back what was changed or removed, lay aside what was added; the names of those files.

        ``name``: look at that file alone. ``hasty``: read none that looks as it did when it was read last.
        Raises StoreError where the disk does not let it.
        """
        there = {path.name for path in self._folder.glob("*.json")} if name is None else {name}
        strange = []
        for one in sorted(there | (self._known.keys() if name is None else set())):
            path, known = self._folder / one, self._known.get(one)
            look = _look(path)
            same = look is not None and look == self._looks.get(one)
            if (hasty and same) or _is(path, known):
                self._looks[one] = look
                continue
            strange.append(one)
            if known is None:
                path.replace(path.with_name(one + _ASIDE))
            else:
                write_text(path, known.decode(errors="replace"))
        return strange

    def undo(self) -> None:
        """Make the files what they were at first: nothing that was written since is to be believed.

        Raises StoreError or OSError where the disk does not let it.
        """
        self._known = dict(self._before)
        self._looks.clear()
        for path in self._folder.glob("*.json"):
            if path.name not in self._known:
                path.unlink(missing_ok=True)
        self.mend()


def _look(path: Path) -> Hashable:
    """What a write to the file changes; None where it cannot be looked at."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is(path: Path, known: bytes | None) -> bool:
    """Whether the file holds that; for None, whether there is none."""
    try:
        return not path.is_symlink() and content(path) == known
    except FileNotFoundError:
        return known is None
    except OSError:
        return False
