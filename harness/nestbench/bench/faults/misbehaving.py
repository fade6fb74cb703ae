"""A hundred cases that misbehave at once, on a real stack, beside cases that do not."""

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nestbench.bench.faults.place import Ended, ended
from nestbench.bench.faults.tally import Tally
from nestbench.catalogue import Catalogue
from nestbench.errors import ExitCode, GroundError
from nestbench.store import Store
from nestprobe.observation import Observation

__all__ = ["Real", "misbehaving"]

#: A case may kill the controller, where the kernel lets it: the run is then taken up again.
_MOST_RUNS = 40
_SECONDS, _MEGABYTES = 20, 1500  # of a cell: far above what the neighbours take
_GOOD = ("planted-wellbehaved", "article-*", "list-of-layers", "raw-variable-*")
_BAD = ("planted-misbehaviour", "planted-trespass")
_LONG = 1800.0
_TRACE = ".nestbench-trespass"

#: Observations by case and variant.
_Cells = dict[tuple[str, tuple[tuple[str, str], ...]], Observation]


@dataclass(frozen=True, kw_only=True)
class Real:
    """A stack whose environment is at hand below ``envs``, and the cases ``planted`` for it in a folder."""

    stack: str
    envs: Path
    planted: Path
    catalogue: Catalogue  # with the planted ones


def misbehaving(real: Real, root: Path, tally: Tally, say: Callable[[str], None]) -> None:
    """What misbehaves has an outcome with a name, and its neighbours say what they say without it."""
    good, bad = real.catalogue.select(_GOOD, []), real.catalogue.select(_BAD, [])
    for name in ("quiet", "loud"):
        (root / name / ".nestbench").mkdir(parents=True)
    done = _run(real, root / "quiet", _GOOD)
    if done.code:
        raise GroundError(f"{real.stack} could not be measured.", why=done.said.strip()[-500:])
    quiet = _observed(root / "quiet", real.stack, good)
    say(f"{real.stack}: {len(bad.cells([real.stack]))} cells that misbehave beside {len(quiet)} that do not")
    trace = Path(pwd.getpwuid(os.getuid()).pw_dir, _TRACE)
    trace.unlink(missing_ok=True)
    for _ in range(_MOST_RUNS):
        done = _run(real, root / "loud", (*_GOOD, *_BAD))
        tally.saw[f"exit code {done.code}"] += 1
        if done.code != -signal.SIGKILL:
            break
    loud = _observed(root / "loud", real.stack, good)
    outcomes = _observed(root / "loud", real.stack, bad)
    expected = len(bad.cells([real.stack]))
    tally.runs = expected
    tally.saw.update(one.outcome.kind for one in outcomes.values())
    tally.saw["told: something else wrote"] += "something else wrote" in done.said
    tally.saw["the home was written to"] += trace.exists()
    trace.unlink(missing_ok=True)
    tally.count(lost=len(quiet.keys() - loud.keys()), where="neighbours")
    tally.count(wrong=sum(quiet.get(key) != one for key, one in loud.items()), where="neighbours")
    tally.count(lost=expected - len(outcomes), where=f"what misbehaves: {done.said.strip()[-300:]}")
    named = done.code == ExitCode.INCOMPLETE and "runs were killed" in done.said
    if done.code != ExitCode.CLEAN and not named:
        tally.count(untold=1, where=f"exit code {done.code}: {done.said.strip()[-300:]}")


def _run(real: Real, folder: Path, cases: tuple[str, ...]) -> Ended:
    command = [sys.executable, "-m", "nestbench", "run", real.stack, "--cases", str(real.planted)]
    command += [word for one in cases for word in ("--case", one)]
    command += ["--envs", str(real.envs), "--timeout", str(_SECONDS), "--memory", str(_MEGABYTES), "--quiet"]
    package = str(Path(__file__).parents[3])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    return ended(process, limit=_LONG)


def _observed(folder: Path, stack: str, cases: Catalogue) -> _Cells:
    """What the store holds of these cases; a file that cannot be read is one that is not there."""
    store = Store(folder / "results" / "local")
    found: _Cells = {}
    for entry in cases:
        result = store.load(stack, entry.id, lambda _: None)
        for one in result.observations if result else ():
            found[entry.id, tuple(sorted(one.variant.items()))] = one
    return found
