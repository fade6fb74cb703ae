"""A disk that is full, or read-only, while results are written to it."""

import contextlib
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from mmap import PAGESIZE
from pathlib import Path

from nestbench.bench.faults.place import STACK, Place, ended
from nestbench.bench.faults.tally import Tally
from nestbench.errors import ExitCode

__all__ = ["full", "read_only"]

_CLEAN, _GROUND = ExitCode.CLEAN, ExitCode.GROUND
_LEAST, _STEP = 8, 4  # kilobytes
_ROOM = "size=64m"


def full(place: Place, tally: Tally, times: int) -> None:
    """Disks of a few kilobytes, each with room for some results; then there is room, and the run goes on."""
    sizes = range(_LEAST, max(_LEAST + _STEP, _kilobytes(place)), _STEP)
    for number in range(max(1, times // 5)):
        size = sizes[number % len(sizes)]
        with _disk(place, f"size={size}k", tally) as results:
            if results is None:
                return
            where = f"a disk of {size} kB"
            done = place.run(results)
            place.expect(tally, done, [_GROUND], where, "disk is full")
            before = place.judge(tally, results, where, whole=False)
            _half_written(tally, results, where)
            _mount("remount", _ROOM, results)
            place.expect(tally, place.run(results), [_CLEAN], f"{where}, given room")
            after = place.judge(tally, results, where)
            tally.count(lost=len(before.keys() - after.keys()), where=f"{where}: what was there before")


def read_only(place: Place, tally: Tally, times: int) -> None:
    """A disk that becomes read-only at some moment of a run; then it can be written to again."""
    moments = random.Random(times)  # noqa: S311 - the same moments in every call
    for number in range(max(1, times // 5)):
        with _disk(place, _ROOM, tally) as results:
            if results is None:
                return
            where = f"read-only, run {number}"
            process = place.start(*place.words(results))
            time.sleep(moments.uniform(0, place.seconds) if number else 0)
            while not _mount("remount", "ro", results) and process.poll() is None:
                time.sleep(0.001)  # a file is being written
            done = ended(process)
            place.expect(tally, done, [_CLEAN, _GROUND], where, "Read-only file system", "may not do that")
            before = place.judge(tally, results, where, whole=done.code == _CLEAN)
            _mount("remount", "rw", results)
            place.expect(tally, place.run(results), [_CLEAN], f"{where}, then not")
            after = place.judge(tally, results, where)
            _half_written(tally, results, where)
            tally.count(lost=len(before.keys() - after.keys()), where=f"{where}: what was there before")


def _kilobytes(place: Place) -> int:
    """What the results of the cases take on such a disk, which counts whole pages: in less, not all fit."""
    results = (place.root / "reference" / STACK).glob("planted-*.json")
    return sum(-(-path.stat().st_size // PAGESIZE) for path in results) * PAGESIZE // 1024


def _half_written(tally: Tally, results: Path, where: str) -> None:
    left = [path for path in results.rglob("*.part") if path.stat().st_size]
    tally.count(wrong=len(left), where=f"{where}: half-written files")


@contextlib.contextmanager
def _disk(place: Place, options: str, tally: Tally) -> Iterator[Path | None]:
    """A small file system in memory; None where none can be mounted."""
    results = place.fresh("disk")
    results.mkdir()
    if not _mount("mount", options, results):
        tally.not_tried = "no file system can be mounted here (it needs root)"
        yield None
        return
    try:
        yield results
    finally:
        subprocess.run([shutil.which("umount") or "umount", "-l", str(results)], check=False)


def _mount(how: str, options: str, folder: Path) -> bool:
    again = ["-o", f"remount,{options}"] if how == "remount" else ["-t", "tmpfs", "-o", options, "nestbench"]
    command = [shutil.which("mount") or "mount", *again, str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
