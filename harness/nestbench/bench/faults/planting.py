"""Every fault by its name, and how it is planted."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from nestbench.bench.faults import breaking, damaging, disks, interrupting
from nestbench.bench.faults.index import serving, stocked
from nestbench.bench.faults.misbehaving import Real, misbehaving
from nestbench.bench.faults.place import Place
from nestbench.bench.faults.tally import Tally

__all__ = ["FAULTS", "plant"]

_CASES = "cases"
_TINY: Mapping[str, Callable[[Place, Tally, int], None]] = {
    "killed": interrupting.killed,
    "together": interrupting.together,
    "shown": interrupting.shown,
    "full": disks.full,
    "read-only": disks.read_only,
    "cut": damaging.cut,
    "flipped": damaging.flipped,
    "schemas": damaging.schemas,
    "environments": breaking.environments,
    "altered": breaking.altered,
    "index": breaking.index,
    "clock": interrupting.clock,
}

#: The names, in the order in which they are planted.
FAULTS = (*_TINY, _CASES)


def plant(
    names: Sequence[str], *, times: int, real: Real | None, say: Callable[[str], None]
) -> Iterator[Tally]:
    """Plant the faults of these names; ``times`` is how often a controller is killed, others go by it.

    ``real``: where cases misbehave; None where that is left out. Raises GroundError where the tiny stack,
    or the real one, cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="nestbench-faults-") as folder, ExitStack() as held:
        place: Place | None = None
        for name in names:
            say(f"planting: {name}")
            tally = Tally(fault=name)
            if name == _CASES:
                if real is None:
                    tally.not_tried = "no stack was named for it"
                else:
                    misbehaving(real, Path(folder) / "real", tally, say)
            else:
                if place is None:
                    tiny = Path(folder) / "tiny"
                    tiny.mkdir()
                    index = stocked()
                    held.enter_context(serving(index))
                    place = Place(tiny, index)
                _TINY[name](place, tally, times)
            yield tally
