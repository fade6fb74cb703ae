"""Runs that are killed, that meet each other or a reader, and whose clock jumps."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from nestbench.bench.faults.place import STACK, Ended, Held, Place, ended, held
from nestbench.bench.faults.tally import Tally
from nestbench.errors import ExitCode

__all__ = ["clock", "killed", "shown", "together"]

_CLEAN, _INCOMPLETE = ExitCode.CLEAN, ExitCode.INCOMPLETE
_MOST_RUNS = 4  # for each kill that is asked for: a run may be over before its moment
_REMAKE = 10  # every so many kills the environment is made anew, and may be what is interrupted
_TIMES = (0, 946_684_800, 4_102_444_800)  # 1970, 2000, 2100
#: Read by Python when it starts: the time of day jumps by ten years at every look.
_JUMPING = """
import itertools, time
_real, _years = time.time, itertools.cycle((-3.2e8, 0.0, 3.2e8))
time.time = lambda: _real() + next(_years)
"""


def killed(place: Place, tally: Tally, times: int) -> None:
    """SIGKILL to the controller at random moments; what was there stays, and the next run goes on from it."""
    moments = random.Random(times)  # noqa: S311 - the same moments in every call
    before: Held = {}
    results = place.fresh("killed")
    for number in range(times * _MOST_RUNS):
        if tally.saw["killed"] == times:
            break
        within = 1.1 * place.seconds
        if number % _REMAKE == 0:
            place.fresh("killed-envs")
            within *= 2
        done = _killed_after(place, results, moments.uniform(0, within))
        where = f"kill {number}"
        tally.runs += 1
        if done.code == -signal.SIGKILL:
            tally.saw["killed"] += 1
        elif done.code != _CLEAN:
            tally.count(untold=1, where=f"{where}: exit code {done.code}: {done.said[-300:]}")
        found = place.judge(tally, results, where, whole=done.code == _CLEAN)
        tally.count(lost=len(before.keys() - found.keys()), where=f"{where}: what was there before")
        before = found
        if done.code == _CLEAN:  # all is there: from the start again
            results, before = place.fresh("killed"), {}
    place.expect(tally, place.run(results, envs=place.root / "killed-envs"), [_CLEAN], "the last run")
    place.judge(tally, results, "the last run")


def _killed_after(place: Place, results: Path, seconds: float) -> Ended:
    process = place.start(*place.words(results, envs=place.root / "killed-envs"))
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    return ended(process)


def together(place: Place, tally: Tally, times: int) -> None:
    """Two runs into one folder at once, from one place and from two."""
    for number in range(max(1, times // 5)):
        results, where = place.fresh("together"), f"pair {number}"
        elsewhere = place.root / "elsewhere" if number % 2 else place.root
        (elsewhere / ".nestbench").mkdir(parents=True, exist_ok=True)
        first = place.start(*place.words(results))
        time.sleep(number * place.seconds / 20)
        second = place.start(*place.words(results), folder=elsewhere)
        both = [ended(first), ended(second)]
        for done in both:
            place.expect(tally, done, [_CLEAN, _INCOMPLETE], where, "another run is measuring")
        if all(done.code for done in both):
            tally.count(untold=1, where=f"{where}: neither came to its end")
        place.judge(tally, results, where)


def shown(place: Place, tally: Tally, times: int) -> None:
    """A report and a table, again and again, while a run writes what they show."""
    reference = _table(place, place.root / "reference")
    for number in range(max(1, times // 10)):
        results, site = place.fresh("shown"), place.fresh("shown-site")
        process = place.start(*place.words(results))
        while process.poll() is None:
            where = f"round {number}"
            done = place.call(*place.shown("report", results, "-o", str(site)))
            place.expect(tally, done, [_CLEAN, _INCOMPLETE], where, "no results", "of no case", "nothing")
            _hold(tally, _table(place, results), reference, where)
        place.expect(tally, ended(process), [_CLEAN], f"the run of round {number}")
        place.judge(tally, results, f"round {number}")
        whole = _table(place, results)
        tally.count(lost=len(reference.keys() - whole.keys()), where=f"the last table of round {number}")


def _table(place: Place, results: Path) -> Mapping[str, object]:
    """Each measured square of the table by what names it; none where there is no table yet."""
    target = place.root / "table.json"
    target.unlink(missing_ok=True)
    place.call(*place.shown("table", results, "--format", "json", "-o", str(target)))
    if not target.exists():
        return {}
    cells = json.loads(target.read_text(encoding="utf-8"))["cells"]
    named = ("stack", "case", "variant", "entry")
    return {json.dumps([one[name] for name in named]): one for one in cells if one["verdict"]}


def _hold(tally: Tally, seen: Mapping[str, object], reference: Mapping[str, object], where: str) -> None:
    tally.runs += 1
    tally.count(wrong=sum(reference.get(name) != one for name, one in seen.items()), where=f"{where}: table")


def clock(place: Place, tally: Tally, times: int) -> None:
    """Files from another time, and a time of day that jumps by ten years while a run goes on."""
    for seconds in _TIMES:
        results, where = place.copy("clock"), f"files of {time.gmtime(seconds).tm_year}"
        for path in (*results.rglob("*"), place.envs / STACK / "stamp.json"):
            os.utime(path, (seconds, seconds))
        place.expect(tally, place.run(results), [_CLEAN], where)
        place.judge(tally, results, where)
    jumping = place.fresh("jumping")
    jumping.mkdir()
    (jumping / "sitecustomize.py").write_text(_JUMPING, encoding="utf-8")
    first = os.pathsep.join([str(jumping), place.environ()["PYTHONPATH"]])
    for number in range(max(1, times // 10)):
        results, where = place.fresh("clock"), f"a clock that jumps, run {number}"
        place.expect(tally, place.run(results, PYTHONPATH=first), [_CLEAN], where)
        place.judge(tally, results, where)
    found, _ = held(results)
    tally.saw["cells under a jumping clock"] += len(found)
