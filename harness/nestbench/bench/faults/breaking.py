"""Environments that were changed between two runs or while one measures, and package indexes that fail."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from nestbench.bench.faults.index import Fails
from nestbench.bench.faults.place import STACK, Held, Place, ended, held
from nestbench.bench.faults.tally import Tally
from nestbench.errors import ExitCode

__all__ = ["altered", "environments", "index"]

_LOOK_SECONDS = 0.01
_UNREACHABLE = "http://127.0.0.1:9/simple"


def environments(place: Place, tally: Tally, times: int) -> None:
    """An environment broken in each way; the next run notices, makes it again, and measures as before."""
    envs = place.root / "broken-envs"
    for number in range(max(1, times // 25)):
        for name, damage in _DAMAGES.items():
            results, where = place.fresh("broken"), f"{name}, round {number}"
            place.expect(tally, place.run(results, envs=envs), [ExitCode.CLEAN], f"before {where}")
            stamp = _made(envs)
            damage(next((envs / STACK / "venv" / "lib").glob("python*/site-packages")))
            place.expect(tally, place.run(results, "--again", envs=envs), [ExitCode.CLEAN], where)
            place.judge(tally, results, where)
            if _made(envs) == stamp:
                tally.count(untold=1, where=f"{where}: not noticed")
            tally.saw["made again"] += 1


def altered(place: Place, tally: Tally, times: int) -> None:
    """An environment altered while it is measured, and the run killed before it looks; the next one knows."""
    envs = place.root / "altered-envs"
    for number in range(max(1, times // 5)):
        results, where = place.fresh("altered"), f"round {number}"
        place.expect(tally, place.run(place.fresh("before"), envs=envs), [ExitCode.CLEAN], f"before {where}")
        process = place.start(*place.words(results, envs=envs))
        _wait(process, results, bool)
        _same_size(next((envs / STACK / "venv" / "lib").glob("python*/site-packages")))
        _wait(process, results, place.differing)
        process.kill()
        tally.saw["killed"] += ended(process).code == -signal.SIGKILL
        tally.saw["wrong before"] += place.differing(held(results)[0])
        if number % 2:  # somebody else finds the environment first, and has it made anew
            other = place.run(place.fresh("other"), envs=envs)
            place.expect(tally, other, [ExitCode.CLEAN], f"beside {where}")
        place.expect(tally, place.run(results, envs=envs), [ExitCode.CLEAN], where)
        place.judge(tally, results, where)


def _wait(process: "subprocess.Popen[str]", results: Path, until: Callable[[Held], object]) -> None:
    while process.poll() is None and not until(held(results)[0]):
        time.sleep(_LOOK_SECONDS)


def _made(envs: Path) -> int:
    return (envs / STACK / "stamp.json").stat().st_mtime_ns


def _rewritten(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    path.unlink()
    path.write_text(text.replace(old, new), encoding="utf-8")


def _same_size(site: Path) -> None:
    _rewritten(site / "tinydep" / "__init__.py", "1.1", "6.6")


def _through_the_link(site: Path) -> None:
    path = site / "tinydep" / "__init__.py"
    path.write_text(path.read_text(encoding="utf-8").replace("1.1", "6.6"), encoding="utf-8")


def _by_hand(site: Path) -> None:
    """As an installer leaves it: another version with its own list of files."""
    _same_size(site)
    info = site / "tinydep-1.1.dist-info"
    _rewritten(info / "METADATA", "Version: 1.1", "Version: 6.6")
    info.rename(site / "tinydep-6.6.dist-info")


def _with_its_list(site: Path) -> None:
    """The file and what the list of files says of it."""
    _same_size(site)
    record = site / "tinydep-1.1.dist-info" / "RECORD"
    lines = record.read_text(encoding="utf-8").splitlines()
    lines = ["tinydep/__init__.py,," if line.startswith("tinydep/__init__") else line for line in lines]
    record.unlink()
    record.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _earlier_on_the_path(site: Path) -> None:
    (site / "extra.pth").write_text("import extra\n", encoding="utf-8")
    (site / "extra.py").write_text("import tinydep\ntinydep.__version__ = '6.6'\n", encoding="utf-8")


_DAMAGES: Mapping[str, Callable[[Path], object]] = {
    "a package removed": lambda site: shutil.rmtree(site / "tinydep"),
    "a package removed with its list": lambda site: shutil.rmtree(site / "tinydep-1.1.dist-info"),
    "a file altered in its size": _same_size,
    "a file altered in uv's cache, too": _through_the_link,
    "a file altered and its list with it": _with_its_list,
    "another version by hand": _by_hand,
    "a module that changes another": _earlier_on_the_path,
    "its Python removed": lambda site: (site.parents[2] / "bin" / "python").unlink(),
    "not finished": lambda site: (site.parents[3] / "stamp.json").unlink(),
}


def index(place: Place, tally: Tally, times: int) -> None:
    """An index that fails in each way: nothing is measured; then it serves, and all is as ever."""
    for number in range(max(1, times // 25)):
        for fails in (*Fails, None):
            if fails is Fails.NOT:
                continue
            results, envs, cache = (place.fresh(name) for name in ("index", "index-envs", "index-cache"))
            where = f"{fails or 'cannot be reached'}, round {number}"
            own = {"UV_CACHE_DIR": str(cache), "UV_DEFAULT_INDEX": place.index.url}
            place.index.fails = fails or Fails.NOT
            asked = own if fails else own | {"UV_DEFAULT_INDEX": _UNREACHABLE}
            try:
                done = place.run(results, envs=envs, **asked)
            finally:
                place.index.fails = Fails.NOT
            place.expect(tally, done, [ExitCode.GROUND], where, "could not be", "not the one that the lock")
            found = place.judge(tally, results, where, whole=False)
            tally.count(wrong=len(found), where=f"{where}: measured all the same")
            place.expect(tally, place.run(results, envs=envs, **own), [ExitCode.CLEAN], f"after {where}")
            place.judge(tally, results, f"after {where}")
