"""How fast 60 stacks x 200 cases are read, judged and shown, in what memory, and how that grows.

`tox run -e bench` runs these alone, on a machine that does nothing else: here times are asserted.
"""

import gc
import time

import pytest

from nestbench.bench.reading import CASES, STACKS, took
from nestbench.frames import collect
from nestbench.matrix import load_matrix
from nestbench.report import Query, make_grid, to_markdown
from nestbench.run.stored import lock_digests
from nestbench.store import Store

MOST_SECONDS, MOST_MEGABYTES = 2.0, 400
MOST_GROWTH = 13  # for ten times as much: linear is 10, quadratic 100
ROUNDS = 3


@pytest.fixture(autouse=True)
def as_the_command_does():
    """The command looks less often for circles, see nestbench.cli.main."""
    before = gc.get_threshold()
    gc.set_threshold(1_000_000, 20, 20)
    yield
    gc.set_threshold(*before)


def cells_of(copies):
    return copies.catalogue.cells(copies.stacks)


@pytest.mark.parametrize("command", ["table", "compare", "history"])
def test_a_command_over_all_results(benchmark, copies_of, tmp_path, command):
    copies = copies_of("all")
    assert (len(copies.stacks), len(copies.catalogue)) == (STACKS, CASES)
    arguments = {
        "table": ["--format", "markdown", "-o", str(tmp_path / "table.md")],
        "compare": ["tf2.15", "tf2.21"],
        "history": [copies.catalogue.entries[0].id],
    }[command]
    memory = []

    def run():
        memory.append(took([command, *arguments, *copies.options]).megabytes)

    benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info["megabytes"] = max(memory)
    assert max(memory) < MOST_MEGABYTES
    assert benchmark.stats.stats.min < MOST_SECONDS


def test_reading(benchmark, copies_of):
    copies = copies_of("all")
    keys = list(dict.fromkeys((cell.stack, cell.case.id) for cell in cells_of(copies)))

    def read():
        reader = Store(copies.results).reader()
        return sum(reader.load(*key) is not None for key in keys)

    assert benchmark.pedantic(read, rounds=ROUNDS) == STACKS * CASES


def test_reading_and_judging(benchmark, copies_of):
    copies = copies_of("all")
    cells, locks = cells_of(copies), lock_digests(load_matrix())
    results = benchmark.pedantic(lambda: collect(Store(copies.results), cells, locks), rounds=ROUNDS)
    assert all(result.judgements for result in results)


def test_the_table_of_what_was_judged(benchmark, copies_of):
    copies = copies_of("all")
    results = collect(Store(copies.results), cells_of(copies))
    text = benchmark.pedantic(lambda: to_markdown(make_grid(results, Query())), rounds=ROUNDS)
    assert f"{len(results)} of {len(results)} cells measured" in text


@pytest.mark.parametrize("fewer", ["tenth of stacks", "tenth of cases"])
def test_seconds_grow_with_stacks_and_cases_as_they_do(benchmark, copies_of, fewer):
    def shown(copies):
        return to_markdown(make_grid(collect(Store(copies.results), cells_of(copies)), Query()))

    def seconds(copies):
        began = time.process_time()
        shown(copies)
        return time.process_time() - began

    small, large = copies_of(fewer), copies_of("all")
    times = min(seconds(large) for _ in range(ROUNDS)) / min(seconds(small) for _ in range(ROUNDS))
    benchmark.extra_info["growth"] = times
    benchmark.pedantic(lambda: shown(small), rounds=ROUNDS)
    assert times < MOST_GROWTH
