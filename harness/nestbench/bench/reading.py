"""What it costs to read, judge and show many results: whole commands, each in a process of its own.

How seconds grow with the number of stacks and cases is told of what comes on top of a table of one cell,
which is what it costs to start. Of several rounds the fastest counts: what else the machine does can only
add to it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nestbench.bench.copies import Copies, make_copies
from nestbench.errors import GroundError
from nestbench.matrix import Matrix
from nestbench.store import Store

__all__ = ["CASES", "STACKS", "Reading", "Took", "measure_reading", "took"]

STACKS, CASES, TENFOLD = 60, 200, 10
_ROUNDS = 3


@dataclass(frozen=True)
class Took:
    """Wall time and peak resident memory of a whole process."""

    seconds: float
    megabytes: float


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The commands over all results; ``fewer_stacks`` and ``fewer_cases``: the table of a tenth of them.

    ``start``: the table of one cell.
    """

    stacks: int
    cases: int
    cells: int
    table: Took
    compare: Took
    history: Took
    start: Took
    fewer_stacks: Took
    fewer_cases: Took

    @property
    def growth_with_stacks(self) -> float:
        """Seconds beyond those of starting, ten times the stacks / as they are: 10 is linear."""
        return self._growth(self.fewer_stacks)

    @property
    def growth_with_cases(self) -> float:
        """The same for ten times the cases."""
        return self._growth(self.fewer_cases)

    def _growth(self, fewer: Took) -> float:
        return (self.table.seconds - self.start.seconds) / (fewer.seconds - self.start.seconds)


def measure_reading(
    store: Store, matrix: Matrix, *, stacks: int = STACKS, cases: int = CASES, say: Callable[[str], None]
) -> Reading:
    """Measure on copies of the results in ``store``. Raises UsageError, GroundError."""
    with tempfile.TemporaryDirectory(prefix="nestbench-bench-") as name:
        folder = Path(name)

        def copied(stack_count: int, case_count: int) -> Copies:
            say(f"Results of {stack_count} stacks and {case_count} cases")
            place = folder / f"{stack_count}-{case_count}"
            return make_copies(store, matrix, place, stacks=stack_count, cases=case_count)

        def table(of: Copies) -> Took:
            return _fastest(["table", *of.options, "--format", "markdown", "-o", str(folder / "table.md")])

        whole = copied(stacks, cases)
        known = {stack.id for stack in matrix.stacks}
        first, *_, last = [one for one in whole.stacks if one in known]  # compare takes no other
        return Reading(
            stacks=stacks,
            cases=cases,
            cells=len(whole.catalogue.cells(whole.stacks)),
            table=table(whole),
            compare=_fastest(["compare", first, last, *whole.options]),
            history=_fastest(["history", whole.catalogue.entries[0].id, *whole.options]),
            start=table(copied(1, 1)),
            fewer_stacks=table(copied(max(1, stacks // TENFOLD), cases)),
            fewer_cases=table(copied(stacks, max(1, cases // TENFOLD))),
        )


def took(arguments: Sequence[str]) -> Took:
    """What ``nestbench ARGUMENTS`` takes, its output thrown away. Raises GroundError where it fails."""
    command = [sys.executable, "-m", "nestbench", *arguments]
    began = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if process.returncode != 0:
        raise GroundError(
            f"`nestbench {' '.join(arguments[:3])}` ended with status {process.returncode}.",
            why=said.strip()[-500:] or "It said nothing.",
        )
    return Took(seconds, usage.ru_maxrss / 1024)


def _fastest(arguments: Sequence[str]) -> Took:
    return min((took(arguments) for _ in range(_ROUNDS)), key=lambda one: one.seconds)
