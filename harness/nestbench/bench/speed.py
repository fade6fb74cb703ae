"""How fast nestbench runs, held against the least that a run can take and against what people do otherwise.

Measured one after the other in one call, on the same cells of the same environments:

- the floor of a run: one import of the stack, and the time that its children spend in the cases;
- a fresh process per case, of which a sample stands for all;
- tox over the same stacks, one after the other and in each one cell after the other, its own environments
  made before the clock starts;
- a tenth of the cases, for how a run grows: what it takes beyond the import.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nestbench.bench.isolation import Warm, measure_warm, run_warm, spread
from nestbench.catalogue import Catalogue
from nestbench.errors import GroundError
from nestbench.run.orchestrate import Prepared

__all__ = ["Run", "Speed", "measure_speed"]

_TENFOLD = 10


@dataclass(frozen=True, kw_only=True)
class Run(Warm):
    """One stack. ``few``: seconds of the warm run of ``few_cells``."""

    few_cells: int
    few: float

    @property
    def growth(self) -> float:
        """Seconds beyond the import, all cells / few cells, by cell: 1 is linear, less is better."""
        per_cell = (self.warm - self.imported) / self.cells
        return per_cell / ((self.few - self.imported) / self.few_cells)


@dataclass(frozen=True, kw_only=True)
class Speed:
    """``warm``: seconds of all stacks in one `nestbench run`; ``tox``: of tox, None where it was not run."""

    runs: Sequence[Run]
    warm: float
    workers: int
    tox: float | None

    @property
    def faster_than_tox(self) -> float | None:
        """Serial tox / nestbench run as it comes."""
        return self.tox / self.warm if self.tox is not None else None


def measure_speed(
    made: Mapping[str, Prepared],
    catalogue: Catalogue,
    *,
    envs: Path | None,
    sample: int,
    tox_ini: Path | None,
    say: Callable[[str], None],
) -> Speed:
    """Measure stacks whose environments are ``made``, by id.

    ``tox_ini``: where tox finds the stacks' environments; None leaves tox out. Raises GroundError.
    """
    ids = [entry.id for entry in catalogue]
    few = catalogue.select([entry.id for entry in spread(catalogue.entries, len(ids) // _TENFOLD)])
    with tempfile.TemporaryDirectory(prefix="nestbench-bench-") as name:
        folder = Path(name)
        runs = [
            _run(stack, one, catalogue, few, folder=folder / stack, envs=envs, sample=sample, say=say)
            for stack, one in made.items()
        ]
        workers = len(os.sched_getaffinity(0))
        say(f"{', '.join(made)}: warm run as it comes, {workers} cells at a time")
        warm, _ = run_warm(list(made), ids, folder / "all", envs, workers=workers)
        tox = None
        if tox_ini is not None:
            say(f"{', '.join(made)}: tox, one after the other")
            tox = _tox(tox_ini, list(made), ids, folder / "tox", envs)
    return Speed(runs=runs, warm=warm, workers=workers, tox=tox)


def _run(
    stack: str,
    made: Prepared,
    catalogue: Catalogue,
    few: Catalogue,
    *,
    folder: Path,
    envs: Path | None,
    sample: int,
    say: Callable[[str], None],
) -> Run:
    folder.mkdir()
    few_cells = len(few.cells([stack]))
    say(f"{stack}: warm run of {few_cells} cells, one at a time")
    seconds, _ = run_warm([stack], [one.id for one in few], folder / "few", envs, workers=1)
    warm, _ = measure_warm(stack, made, catalogue, folder, envs=envs, sample=sample, say=say)
    return Run(**vars(warm), few_cells=few_cells, few=seconds)


def _tox(ini: Path, stacks: Sequence[str], ids: Sequence[str], results: Path, envs: Path | None) -> float:
    run = [sys.executable, "-m", "tox", "run", "-c", str(ini), "-e", ",".join(stacks)]
    _called([*run, "--notest"])
    words = ["--again", "--quiet", "--workers", "1", "--results", str(results)]
    words += [word for one in ids for word in ("--case", one)]
    words += ["--envs", str(envs)] if envs is not None else []
    began = time.perf_counter()
    _called([*run, "--", *words])
    return time.perf_counter() - began


def _called(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GroundError(
            f"tox ended with status {done.returncode}.",
            why=(done.stderr.strip() or done.stdout.strip())[-500:],
            do="Leave it out with --no-tox, or run it by hand: " + " ".join(command[1:7]),
        )
