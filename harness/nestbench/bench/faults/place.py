"""A folder of its own for planting faults: a tiny stack, its cases, and what an undisturbed run says."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nestbench.bench.faults.index import Index
from nestbench.bench.faults.tally import Tally
from nestbench.errors import ExitCode, GroundError
from nestbench.store import Store
from nestbench.store.disk import StoreError
from nestprobe.observation import Observation

__all__ = ["STACK", "Ended", "Held", "Place"]

STACK = "tiny"
_HUNG = 1000  # no exit code
_CASES = 12
_MATRIX = f"""\
schema = 1

[[stack]]
id = "{STACK}"
tensorflow = "2.0"
wheel = "tinyflow"
keras = "2.2.4-tf"
flavour = "tf.keras"
python = "{sys.version_info[0]}.{sys.version_info[1]}"
platform = "linux-x86_64"
device = "cpu"
uploaded = 2021-01-01
resolved = 2021-01-15
"""
_CASE = """
@case(parameters=1, variants={{"owner": ("layer", "model", "list")}})
def planted_{number}(k, owner):
    "What is said of this case is made up."
"""

#: Observations by case and variant.
Held = Mapping[tuple[str, tuple[tuple[str, str], ...]], Observation]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended: its exit code, and all that it said."""

    code: int
    said: str


class Place:
    """Starts commands as a person does, below ``root``. Raises GroundError where the tiny stack cannot be."""

    def __init__(self, root: Path, index: Index) -> None:
        self.root, self.index = root, index
        self.envs = root / "envs"
        self._matrix, self._cases = root / "matrix" / "stacks.toml", root / "cases"
        for folder in (self._matrix.parent, self._cases, root / ".nestbench"):
            folder.mkdir()
        self._matrix.write_text(_MATRIX, encoding="utf-8")
        text = "from nestprobe import case\n" + "".join(_CASE.format(number=n) for n in range(_CASES))
        (self._cases / "planted.py").write_text(text, encoding="utf-8")
        self._done(self.call("lock", STACK, "--matrix", str(self._matrix)))
        self._done(self.run(root / "reference"))
        began = time.monotonic()
        self._done(self.run(root / "timed"))
        self.seconds = time.monotonic() - began  # of a run with its environment at hand
        self.reference, _ = held(root / "reference")

    def environ(self, **more: str) -> dict[str, str]:
        """Variables of a command: nothing of the person's own package index or caches."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
        package = str(Path(__file__).parents[3])
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(filter(None, [package, kept.get("PYTHONPATH")])),
            "UV_DEFAULT_INDEX": self.index.url,
            "UV_CACHE_DIR": str(self.root / "uv-cache"),
            "UV_HTTP_RETRIES": "0",
            "UV_HTTP_TIMEOUT": "5",
            **more,
        }

    def words(self, results: Path, *more: str, envs: Path | None = None) -> list[str]:
        """The words of ``nestbench run`` on the tiny stack."""
        chosen = ["--matrix", str(self._matrix), "--cases", str(self._cases), "--case", "planted-*"]
        where = ["--results", str(results), "--envs", str(envs or self.envs)]
        return ["run", STACK, *chosen, *where, "--workers", "2", "--quiet", "--no-download", *more]

    def shown(self, command: str, results: Path, *more: str) -> list[str]:
        """The words of a command that shows results."""
        given = ["--matrix", str(self._matrix), "--cases", str(self._cases), "--results", str(results)]
        return [command, *given, *more]

    def start(self, *words: str, folder: Path | None = None, **environ: str) -> subprocess.Popen[str]:
        """A command that runs, in ``folder`` or below ``root``, in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "nestbench", *words],
            cwd=folder or self.root,
            env=self.environ(**environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def call(self, *words: str, **environ: str) -> Ended:
        """A command, to its end."""
        return ended(self.start(*words, folder=None, **environ))

    def run(self, results: Path, *more: str, envs: Path | None = None, **environ: str) -> Ended:
        """A run on the tiny stack, to its end."""
        return self.call(*self.words(results, *more, envs=envs), **environ)

    def fresh(self, name: str) -> Path:
        """A folder of that name that is not there."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    def copy(self, name: str) -> Path:
        """The results of the undisturbed run once more."""
        return Path(shutil.copytree(self.root / "reference", self.fresh(name)))

    def judge(self, tally: Tally, results: Path, where: str, *, whole: bool = True) -> Held:
        """Count what is wrong in ``results``, and what is missing of a ``whole`` run; gives what is there."""
        found, broken = held(results)
        lost = len(self.reference.keys() - found.keys()) if whole else 0
        wrong = self.differing(found) + len(broken)
        tally.count(lost=lost, wrong=wrong, where="; ".join([where, *broken[:1]]))
        return found

    def differing(self, found: Held) -> int:
        """How many results are not those of an undisturbed run."""
        return sum(self.reference.get(key) != one for key, one in found.items())

    def expect(self, tally: Tally, done: Ended, codes: Sequence[ExitCode], where: str, *words: str) -> None:
        """Count a run that ended with another code, in a traceback, or failed without any of ``words``."""
        tally.runs += 1
        tally.saw[f"exit code {done.code}"] += 1
        told = not done.code or not words or any(word in done.said for word in words)
        if done.code not in list(codes) or not told or "Traceback" in done.said:
            tally.count(
                untold=1, where=f"{where}: exit code {done.code}: {' '.join(done.said.split())[-300:]}"
            )

    def _done(self, done: Ended) -> None:
        if done.code:
            raise GroundError(
                f"The tiny stack that faults are planted in could not be made: exit code {done.code}.",
                why=done.said.strip()[-500:],
            )


def ended(process: "subprocess.Popen[str]", *, limit: float = 300) -> Ended:
    """Wait for a command; one that hangs for ``limit`` seconds is ended, which no exit code is."""
    try:
        said, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.terminate()
        said, _ = process.communicate()
        return Ended(code=_HUNG, said=f"{said}\nhung for {limit:.0f} s")
    return Ended(code=process.returncode, said=said)


def held(results: Path) -> tuple[Held, list[str]]:
    """What a store holds of the tiny stack, and what is said of files that cannot be read."""
    store, broken = Store(results), []
    found = {}
    for case in store.cases(STACK):
        try:
            result = store.load(STACK, case)
        except StoreError as error:
            broken.append(error.what)
            continue
        for one in result.observations if result else ():
            found[case, tuple(sorted(one.variant.items()))] = one
    return found, broken
