"""What a run is measuring, on the disk: one that is killed tells the next one at which cells.

Where the kernel does not keep cells apart, a case can kill the run itself. Each further run would die of it
again, and what comes after it would never be measured.
"""

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag

from nestbench.catalogue import Cell
from nestbench.names import few
from nestbench.run.events import CellDone
from nestbench.run.observe import Ground, Listener, observe

__all__ = ["Journal"]

#: A cell is given up when so many runs were killed while nothing else was measured. More than two: a run
#: that somebody kills again and again may be at the same cell twice.
_MOST = 3
_FEW = 4  # names in a sentence


class Journal:
    """Of one stack into one folder of results, which one run at a time writes.

    It is gone when a run ends in any other way than by being killed. Where the disk does not take it, nothing
    is lost but what it is for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kills = _kills(path)
        self._under_way: list[str] = []

    def observe(
        self,
        ground: Ground,
        cells: Sequence[Cell],
        listener: Listener,
        *,
        stop: Flag,
        say: Callable[[str], None],
    ) -> str | None:
        """As ``run.observe.observe``; cells at which a run was killed come last and one after the other."""
        last = sorted((cell for cell in cells if cell.label in self._kills), key=self._times)
        first = [cell for cell in cells if cell.label not in self._kills]
        if last:
            say(f"a run was killed while it measured {_few(last)}: last this time, and one at a time")
        given_up = [cell for cell in last if self._times(cell) >= _MOST]
        last = last[: len(last) - len(given_up)]
        heard = replace(listener, started=self._starting(listener), done=self._storing(listener))
        try:
            why = observe(ground, first, heard, stop=stop)
            if why is None and last:
                why = observe(replace(ground, jobs=1), last, heard, stop=stop)
        finally:
            self._close()
        if why is None and given_up:
            killed = f"{_MOST} runs were killed while nothing else was measured than {_few(given_up)}"
            return f"{killed}; left out of this run, not of the next"
        return why

    def _times(self, cell: Cell) -> int:
        """How many runs were killed while this cell alone was measured."""
        return self._kills[cell.label]

    def _starting(self, listener: Listener) -> Callable[[Cell], None]:
        def started(cell: Cell) -> None:
            if cell.label not in self._under_way:
                self._under_way.append(cell.label)
            self._write()
            listener.started(cell)

        return started

    def _storing(self, listener: Listener) -> Callable[[Cell, CellDone], None]:
        def done(cell: Cell, answer: CellDone) -> None:
            listener.done(cell, answer)
            self._kills.pop(cell.label, None)
            self._under_way = [label for label in self._under_way if label != cell.label]
            self._write()

        return done

    def _write(self) -> None:
        partial = self._path.with_suffix(".part")
        with contextlib.suppress(OSError):
            partial.write_text(json.dumps({"kills": self._kills, "under way": self._under_way}), "utf-8")
            partial.replace(self._path)

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _kills(path: Path) -> dict[str, int]:
    """By label; none where there is no journal, or none that can be read."""
    try:
        held = json.loads(path.read_text("utf-8"))
        found = {str(label): int(number) for label, number in held["kills"].items()}
        under_way = [str(label) for label in held["under way"]]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
    for label in under_way:
        found[label] = found.get(label, 0) + (len(under_way) == 1)
    return found


def _few(cells: Sequence[Cell]) -> str:
    return few([cell.label for cell in cells], _FEW)
