"""How fast cells run: warm runs against their floor, a fresh process per case and serial tox.

All ratios are of one run, on few cases that are evenly chosen; `nestbench bench speed` measures more. Held
against the aims of `nestbench.bench.aims`. Two of them cannot be reached on every machine: how much can be is
told from the same run, in ``extra_info``. A fresh process costs more than an import and a case: nothing in
it is warm. What is skipped has no environment here, and says so.
"""

import os
from pathlib import Path

import pytest

from nestbench.bench import isolation
from nestbench.bench.aims import figures_of
from nestbench.bench.isolation import measure_warm, run_warm, spread
from nestbench.bench.speed import Speed, _tox
from nestbench.catalogue import load_catalogue
from nestbench.environments import why_not_at_hand
from nestbench.matrix import load_matrix
from nestbench.run.alone import alone
from nestbench.run.session import tox_prepare
from nestbench.run.workspace import Workspace

ROOT = Path(__file__).parents[2]
ENVS = ROOT / ".nestbench" / "envs"
STACKS = ("tf2.15", "tf2.21")
CASES, SAMPLE = 20, 6  # cases that are run, cells of them in fresh interpreters


@pytest.fixture(scope="module", autouse=True)
def nobody_else_measures():
    with alone("pytest tests/benchmarks"):
        yield


@pytest.fixture(scope="module")
def catalogue():
    every = load_catalogue()
    return every.select([entry.id for entry in spread(every.entries, CASES)])


class Measured:
    """Warm runs of stacks, by id; each is measured once."""

    def __init__(self, catalogue, folder):
        self.catalogue, self.folder, self.warm = catalogue, folder, {}

    def of(self, stack, run=run_warm):
        """``run``: what makes the warm run. Skips where the stack's environment is not here."""
        if stack not in self.warm:
            row = load_matrix().get(stack)
            if why := why_not_at_hand(row, ROOT):
                pytest.skip(f"{stack}: {why}; `nestbench run {stack}` makes it")
            prepare = tox_prepare([row], Workspace(root=ROOT), envs=None, allow_download=False)
            (self.folder / stack).mkdir()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(isolation, "run_warm", run)
                self.warm[stack], _ = measure_warm(
                    stack, prepare(stack, print), self.catalogue, self.folder / stack, envs=ENVS,
                    sample=SAMPLE, say=print,
                )  # fmt: skip
        return self.warm[stack]


@pytest.fixture(scope="module")
def measured(catalogue, tmp_path_factory):
    return Measured(catalogue, tmp_path_factory.mktemp("running"))


def once(benchmark):
    """``run_warm`` as what the benchmark times."""
    return lambda *arguments, **more: benchmark.pedantic(run_warm, args=arguments, kwargs=more, rounds=1)


def values(told):
    return {name: figure.value for name, figure in figures_of(told).items()}


@pytest.mark.parametrize("stack", STACKS)
def test_a_warm_run_takes_little_more_than_its_floor(benchmark, measured, stack):
    warm = measured.of(stack, once(benchmark))
    case = warm.inside / warm.cells
    benchmark.extra_info.update(
        values(warm), cells=warm.cells, seconds_of_import=warm.imported, seconds_of_a_case=case,
        seconds_of_a_fresh_process=warm.fresh / warm.cells,
        import_and_case_over_case=(warm.imported + case) / case,
        most_faster_than_fresh=warm.fresh / warm.inside,
        most_faster_than_fresh_with_so_few=warm.fresh / warm.floor,
    )  # fmt: skip
    assert not figures_of(warm)["over_floor"].missed, benchmark.extra_info


@pytest.mark.xfail(
    strict=False,
    raises=AssertionError,
    reason="a fresh process costs an import and a case where a warm run costs a case: of however many, the "
    "ratio is at most that of the two, `most_faster_than_fresh` of the warm run's extra_info",
)
@pytest.mark.parametrize("stack", STACKS)
def test_a_fresh_process_per_case_takes_many_times_as_long(measured, stack):
    fresh = figures_of(measured.of(stack))["faster_than_fresh"]
    assert not fresh.missed, f"{fresh.value:.1f}: {fresh.aim}"


@pytest.mark.xfail(
    strict=False,
    raises=AssertionError,
    reason="two workers on the two threads of one core do less than the work of two; what as many whole "
    "processors could give is `most_faster_than_tox`: serial tox over the floors, shared among the workers",
)
def test_serial_tox_takes_twice_as_long(benchmark, measured, catalogue, tmp_path):
    runs = [measured.of(stack) for stack in STACKS]
    ids, workers = [entry.id for entry in catalogue], len(os.sched_getaffinity(0))
    warm, _ = once(benchmark)(list(STACKS), ids, tmp_path / "all", ENVS, workers=workers)
    tox = _tox(ROOT / "tox.ini", STACKS, ids, tmp_path / "tox", ENVS)
    speed = Speed(runs=[], warm=warm, workers=workers, tox=tox)
    benchmark.extra_info.update(
        values(speed), workers=workers, seconds_of_tox=tox,
        most_faster_than_tox=tox * workers / sum(run.floor for run in runs),
    )  # fmt: skip
    assert not figures_of(speed)["faster_than_tox"].missed, benchmark.extra_info
