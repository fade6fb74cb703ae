"""The files of one stack while it is measured: whatever else writes to them is found, and undone.

A case is code and may write anywhere. What a run has not written itself must not pass for measured.
"""

import contextlib
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
        for path in folder.glob("*.json"):
            with contextlib.suppress(OSError):  # what cannot be read was no result before, either
                self._known[path.name] = content(path)

    def note(self, path: Path, text: str) -> None:
        """Remember what the run itself has written there: what is there now, a case may have altered."""
        self._known[path.name] = text.encode()

    def mend(self, name: str | None = None) -> list[str]:
        """Put back what was changed or removed, lay aside what was added; the names of those files.

        ``name``: look at that file alone. Raises StoreError where the disk does not let it.
        """
        there = {path.name for path in self._folder.glob("*.json")} if name is None else {name}
        strange = []
        for one in sorted(there | (self._known.keys() if name is None else set())):
            path, known = self._folder / one, self._known.get(one)
            if _is(path, known):
                continue
            strange.append(one)
            if known is None:
                path.replace(path.with_name(one + _ASIDE))
            else:
                write_text(path, known.decode(errors="replace"))
        return strange


def _is(path: Path, known: bytes | None) -> bool:
    """Whether the file holds that; for None, whether there is none."""
    try:
        return not path.is_symlink() and content(path) == known
    except FileNotFoundError:
        return known is None
    except OSError:
        return False
