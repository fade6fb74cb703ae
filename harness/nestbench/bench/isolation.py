"""What isolation costs: a warm run against its floor, no isolation, and a fresh process per case.

All four are measured one after the other in one call, on the same cells of the same environment. The
floor is one import of TensorFlow plus the time that the children spend in the cases themselves. The
fresh processes are many times slower, so a sample of cells, evenly spread, stands for all of them; its
mean is scaled to the number of cells, and the size of the sample stands beside the figure.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nestbench import staging
from nestbench.catalogue import Catalogue, Cell
from nestbench.errors import GroundError
from nestbench.run.events import CellDone, Ready
from nestbench.run.observe import Ground, Listener, observe
from nestbench.run.orchestrate import Prepared
from nestbench.run.probe_process import Limits

__all__ = ["Cost", "Warm", "measure_isolation", "measure_warm", "run_warm", "spread"]

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Warm:
    """Seconds of wall time of a stack's cells, one at a time: the run, the least and the most it could be."""

    stack: str
    cells: int
    warm: float  # `nestbench run` of all cells
    imported: float  # one import
    inside: float  # in the cases themselves
    fresh: float  # a new interpreter for each cell: scaled from the sample
    sample: int  # cells that were really run in fresh interpreters

    @property
    def floor(self) -> float:
        """The least that a run with one import can take."""
        return self.imported + self.inside

    @property
    def over_floor(self) -> float:
        """Warm run / floor."""
        return self.warm / self.floor

    @property
    def faster_than_fresh(self) -> float:
        """Fresh process per cell / warm run, both one cell at a time."""
        return self.fresh / self.warm


@dataclass(frozen=True, kw_only=True)
class Cost(Warm):
    """What isolation costs on one stack."""

    warm_parallel: float  # the warm run with its default number of workers
    workers: int
    inline: float  # all cells in one process without isolation, import included
    controller_megabytes: float  # peak resident memory of the controller in the warm run

    @property
    def over_inline(self) -> float:
        """Warm run / no isolation."""
        return self.warm / self.inline

    @property
    def faster_than_fresh_parallel(self) -> float:
        """Fresh process per cell, one at a time / `nestbench run` as it comes."""
        return self.fresh / self.warm_parallel


def measure_isolation(
    stack: str,
    made: Prepared,
    catalogue: Catalogue,
    *,
    envs: Path | None,
    sample: int,
    say: Callable[[str], None],
) -> Cost:
    """Measure one stack, whose environment is ``made`` and current.

    ``sample``: how many cells are run in fresh interpreters.
    Raises GroundError where a run does not come to its end.
    """
    workers = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="nestbench-bench-") as name:
        folder = Path(name)
        warm, memory = measure_warm(stack, made, catalogue, folder, envs=envs, sample=sample, say=say)
        say(f"{stack}: warm run, {workers} at a time")
        ids = [entry.id for entry in catalogue]
        parallel, _ = run_warm([stack], ids, folder / "many", envs, workers=workers)
        say(f"{stack}: in one process without isolation")
        _, _, inline = _serve(made, catalogue.cells([stack]), folder, launch="inline")
    return Cost(
        **vars(warm), warm_parallel=parallel, workers=workers, inline=inline, controller_megabytes=memory
    )


def measure_warm(
    stack: str,
    made: Prepared,
    catalogue: Catalogue,
    folder: Path,
    *,
    envs: Path | None,
    sample: int,
    say: Callable[[str], None],
) -> tuple[Warm, float]:
    """A warm run against its floor and fresh processes; and the controller's peak megabytes in that run.

    Raises GroundError where a run does not come to its end.
    """
    cells = catalogue.cells([stack])
    say(f"{stack}: warm run of {len(cells)} cells, one at a time")
    warm, memory = run_warm([stack], [entry.id for entry in catalogue], folder / "one", envs, workers=1)
    say(f"{stack}: the same in children, timed inside")
    imported, inside, _ = _serve(made, cells, folder, launch="fork")
    chosen = spread(cells, sample)
    say(f"{stack}: {len(chosen)} cells in fresh interpreters")
    fresh = _fresh(made, chosen, folder) / len(chosen) * len(cells)
    measured = Warm(
        stack=stack,
        cells=len(cells),
        warm=warm,
        imported=imported,
        inside=inside,
        fresh=fresh,
        sample=len(chosen),
    )
    return measured, memory


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """So many of them, at least one, evenly chosen."""
    count = max(1, min(count, len(items)))
    return [items[position * len(items) // count] for position in range(count)]


def run_warm(
    stacks: Sequence[str], ids: Sequence[str], results: Path, envs: Path | None, *, workers: int
) -> tuple[float, float]:
    """Wall seconds and peak megabytes of `nestbench run`, as a user starts it."""
    command = [sys.executable, "-m", "nestbench", "run", *stacks, "--again", "--quiet"]
    command += ["--results", str(results), "--workers", str(workers)]
    command += [word for one in ids for word in ("--case", one)]
    if envs is not None:
        command += ["--envs", str(envs)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _peak_megabytes(process.pid))
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    _, errors = process.communicate()
    if process.returncode != 0:
        raise GroundError(
            f"The run of {', '.join(stacks)} ended with status {process.returncode}.",
            why=errors.strip()[-500:] or "It said nothing.",
            do=f"Run it by hand: {' '.join(command[1:5])}",
        )
    return seconds, peak


def _peak_megabytes(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) / 1024


def _serve(made: Prepared, cells: Sequence[Cell], folder: Path, *, launch: str) -> tuple[float, float, float]:
    """Seconds of the import, in the cases, and of wall time in all, of one probe server."""
    scratch = Path(tempfile.mkdtemp(dir=folder))
    ground = Ground(
        python=made.python,
        environ=made.environ(scratch, staging.stage(folder / "probe")),
        files=sorted({Path(cell.case.file) for cell in cells}),
        log=folder / "probe.log",
        scratch=scratch,
        launch=launch,
        jobs=1,
        limits=Limits(),
    )
    imports: list[Ready] = []
    answers: list[CellDone] = []
    listener = Listener(
        ready=imports.append,
        started=lambda _: None,
        done=lambda _cell, answer: answers.append(answer),
    )
    began = time.perf_counter()
    failure = observe(ground, cells, listener, stop=threading.Event())
    wall = time.perf_counter() - began
    if failure is not None or len(answers) != len(cells):
        raise GroundError(
            f"The probe answered {len(answers)} of {len(cells)} cells.",
            why=failure or "It gave no reason.",
        )
    inside = sum(one.case_seconds if one.case_seconds is not None else one.seconds for one in answers)
    return imports[0].import_seconds, inside, wall


def _fresh(made: Prepared, cells: Sequence[Cell], folder: Path) -> float:
    """Wall seconds of the naive way: an interpreter, an import and a case, one after the other."""
    scratch = Path(tempfile.mkdtemp(dir=folder))
    environ = made.environ(scratch, staging.stage(folder / "probe"))
    began = time.perf_counter()
    for cell in cells:
        command = [str(made.python), "-s", "-m", "nestprobe", "--launch", "inline", "--only", cell.case.id]
        for name, value in cell.variant.names.items():
            command += ["--variant", f"{name}={value}"]
        command += ["--cases", str(Path(cell.case.file).parent), "-o", str(scratch / "result.json")]
        done = subprocess.run(command, env=environ, cwd=scratch, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise GroundError(
                f"A fresh interpreter ended with status {done.returncode} on {cell.case.id}.",
                why=done.stderr.strip()[-500:],
            )
    return time.perf_counter() - began
