"""What the site costs: to build it, to carry its front page, and to use it in a browser.

The results are staged: what was published, under the names of as many cases and stacks as are asked for,
with the times and the growth of these cases, so that the pages are as full as real ones. The build is a
process of its own, as a person would start it.
"""

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from nestbench.bench.beside import stage_growth, stage_times
from nestbench.catalogue import CaseEntry, load_catalogue
from nestbench.digests import Digests, probe_digest
from nestbench.errors import GroundError, IncompleteError
from nestbench.matrix import Matrix
from nestbench.run.stored import lock_digests
from nestbench.site.source import Source
from nestbench.store import CaseResult, Store

__all__ = ["PageCost", "measure_page", "staged_case"]

_CASE = '''

@case(parameters={parameters}, trainable={trainable}{grows})
def staged_{number:03}({arguments}):
    """{symptom}"""
'''
_REPEATS = 7
_THEME = 10  # cases in a file
_MEGA = 1e6
_READY = "document.getElementById('_found')?.textContent.length > 0"  # asked while the page still comes in
_WHOLE = "document.getElementById('_matrix')?.getAttribute('aria-busy') === 'false'"
_FRAME = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
#: Milliseconds from a click until the browser has drawn its answer, and until it has drawn all rows of it.
_DRAWN = f"""async selector => {{
    const frame = {_FRAME};
    const start = performance.now();
    document.querySelector(selector).click();
    await frame();
    const answer = performance.now() - start;
    while (document.getElementById('_matrix').getAttribute('aria-busy') === 'true') await frame();
    return [answer, performance.now() - start];
}}"""
_ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


@dataclass(frozen=True, kw_only=True)
class PageCost:
    """Of a build its time, its peak memory and what it wrote; of a browser its milliseconds.

    ``build_cpu_seconds``: of ``build_seconds`` those in which a processor worked. ``site_megabytes``: of all
    files on the disk. ``front_kilobytes`` and ``data_kilobytes``: compressed as a server would send them.

    The rest are milliseconds in a headless browser, medians; None where none ran, for the reason
    ``why_not``. ``usable``: from the address to rows in view and filters that work; ``usable_cpu``: of
    them those in which the page's main thread worked; ``whole``: until all rows are drawn. ``filter``: from
    a click to the answer in view, ``slowest_filter`` of all, ``filter_whole`` until all its rows are drawn.
    """

    stacks: int
    cases: int
    cells: int
    build_seconds: float
    build_cpu_seconds: float
    build_megabytes: float
    site_megabytes: float
    front_kilobytes: float
    data_kilobytes: float
    usable: float | None = None
    usable_cpu: float | None = None
    whole: float | None = None
    filter: float | None = None
    slowest_filter: float | None = None
    filter_whole: float | None = None
    why_not: str = ""

    @property
    def carried_kilobytes(self) -> float:
        """The front page with its data, compressed."""
        return self.front_kilobytes + self.data_kilobytes


def measure_page(
    store: Store,
    matrix: Matrix,
    work: Path,
    *,
    stacks: int,
    cases: int,
    browser: str | None,
    say: Callable[[str], None],
) -> PageCost:
    """Stage results in ``work``, build their site and use it. ``browser``: path of a Chromium.

    Raises IncompleteError where ``store`` has too little to stage from, GroundError where the build fails.
    """
    names = _staged_stacks(store, stacks)
    say(f"Staging {cases} cases on {len(names)} stacks")
    _stage(store, matrix, work, names, cases)
    say("Building")
    seconds, cpu_seconds, megabytes = _built(work)
    site = work / "site"
    cost = PageCost(
        stacks=len(names),
        cases=cases,
        cells=len(names) * cases,
        build_seconds=seconds,
        build_cpu_seconds=cpu_seconds,
        build_megabytes=megabytes,
        site_megabytes=sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / _MEGA,
        front_kilobytes=_compressed([site / "index.html", *sorted((site / "assets").iterdir())]),
        data_kilobytes=_compressed([site / "data" / "behaviours.js"]),
    )
    if find_spec("playwright") is None:
        return replace(cost, why_not="playwright is not installed")
    say("Using it in a browser")
    return _used(cost, site, browser)


def _staged_stacks(store: Store, count: int) -> list[tuple[str, str]]:
    """Names to be, each with the published stack that it says the same as."""
    held = store.stacks()
    if not held:
        raise IncompleteError(
            f"{store.root} has no results to stage from.", do="Name others with --results DIR."
        )
    again = [(f"{held[place % len(held)]}-again{place // len(held)}", held[place % len(held)])
             for place in range(len(held), count)]  # fmt: skip
    return [(name, name) for name in held[:count]] + again


def _stage(store: Store, matrix: Matrix, work: Path, stacks: Sequence[tuple[str, str]], count: int) -> None:
    """Case files and results below ``work``: each case says on each stack what a published one says there."""
    catalogue = load_catalogue()
    entries = [catalogue.entries[place % len(catalogue)] for place in range(count)]
    (work / "cases").mkdir(parents=True)
    for first in range(0, count, _THEME):
        made = [staged_case(number, entries[number]) for number in range(first, min(first + _THEME, count))]
        path = work / "cases" / f"theme_{first // _THEME:02}.py"
        path.write_text("from nestprobe import case\n" + "".join(made), encoding="utf-8")
    staged = load_catalogue([work / "cases"], shipped=False)
    locks, target = lock_digests(matrix), Store(work / "results" / "published")
    for name, source in stacks:
        for case, entry in zip(staged, entries, strict=True):
            held = store.observation(source, entry.id, entry.variants[0].names)
            if held is not None:
                digests = Digests(case=case.digest, lock=locks.get(name, "staged"), probe=probe_digest())
                observations = [replace(held, case=case.id, variant=dict(case.variants[0].names))]
                target.save(CaseResult(stack=name, case=case.id, digests=digests, observations=observations))
        facts = store.load_stack(source)
        if facts is not None:
            target.save_stack(replace(facts, stack=name))
    beside, results = Source(store=store, catalogue=catalogue, matrix=matrix).beside, work / "results"
    named = [(case.id, entry.id) for case, entry in zip(staged, entries, strict=True)]
    fixed = {
        case.id: {name: value for name, value in case.variants[0].names.items() if name != case.growing}
        for case in staged
        if case.sizes
    }
    stage_times(beside("timings"), results / "timings", named)
    stage_growth(beside("growth"), results / "growth", named, fixed)


def staged_case(number: int, entry: CaseEntry) -> str:
    """A case of no variant but the first; one that grows has the parameters that it needs for it."""
    variant, symptom = entry.variants[0], entry.symptom.replace("\\", "").replace('"', "'")
    names = variant.names if entry.sizes else {}
    variants = {name: (value,) for name, value in names.items()}
    grows = f", variants={variants!r}, sizes={ {entry.growing: entry.sizes}!r}" if entry.sizes else ""
    return _CASE.format(
        number=number, parameters=variant.parameters, trainable=variant.trainable, symptom=symptom,
        grows=grows, arguments=", ".join(["k", *names]),
    )  # fmt: skip


def _built(work: Path) -> tuple[float, float, float]:
    """Seconds of wall time and of processor time, and peak megabytes of the command."""
    command = [
        sys.executable, "-m", "nestbench", "report", "--results", str(work / "results" / "published"),
        "--cases", str(work / "cases"), "-o", str(work / "site"),
    ]  # fmt: skip
    with (work / "log").open("w") as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise GroundError("The staged site could not be built.", why=(work / "log").read_text()[-500:])
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / _MEGA


def _compressed(paths: Sequence[Path]) -> float:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths) / 1e3


def _used(cost: PageCost, site: Path, browser: str | None) -> PageCost:
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser, args=list(_ARGUMENTS))
            opened = [_usable(chromium, site) for _ in range(_REPEATS)]
            page = chromium.new_page(viewport={"width": 1600, "height": 1000})
            page.goto((site / "index.html").as_uri())
            page.wait_for_function(_WHOLE)
            boxes = ("input[name=all]", "input[name=verdict][value=unsaved]", "input[name=group]")
            answers, wholes = zip(
                *(page.evaluate(_DRAWN, box) for _ in range(_REPEATS) for box in boxes), strict=True
            )
            chromium.close()
    except Error as error:
        return replace(cost, why_not=f"the browser did not do it: {error.message.splitlines()[0]}")
    usable, cpu, whole = map(median, zip(*opened, strict=True))
    return replace(
        cost,
        usable=usable,
        usable_cpu=cpu,
        whole=whole,
        filter=median(answers),
        slowest_filter=max(answers),
        filter_whole=median(wholes),
    )


def _usable(chromium: Any, site: Path) -> tuple[float, float, float]:
    """Milliseconds until the filters of a freshly opened front page have done their first work.

    And those in which its main thread worked until then, and those until all rows are drawn.
    """
    page = chromium.new_page(viewport={"width": 1600, "height": 1000})
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    began = time.perf_counter()
    page.goto((site / "index.html").as_uri(), wait_until="commit")
    page.wait_for_function(_READY)
    page.evaluate(_FRAME)
    usable = (time.perf_counter() - began) * 1e3
    told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    page.wait_for_function(_WHOLE)
    whole = (time.perf_counter() - began) * 1e3
    page.close()
    return usable, told["TaskDuration"] * 1e3, whole
