"""What is committed under results/published is whole, and of today's cases, locks and probe."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.frames import collect
from nestbench.gate import Baselines, check
from nestbench.gate.asking import ask
from nestbench.matrix import Device, load_matrix
from nestbench.report import Query, make_grid, to_csv, to_markdown
from nestbench.run.session import plans_of
from nestbench.run.stored import lock_digests, measured_cells
from nestbench.store import Store

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


def test_every_cell_of_every_stack_is_published_and_current():
    store = Store(PUBLISHED)
    # Stacks on a GPU are published where somebody measured them; what is there must be whole, too.
    stacks = [one for one in load_matrix().stacks if one.device is Device.CPU or one.id in store.stacks()]
    plans = plans_of(store, stacks, load_catalogue(), again=False)
    to_run = [f"{plan.stack} {cell.case.id}[{cell.variant.label}]" for plan in plans for cell in plan.to_run]
    assert to_run == [], "nestbench run --all --results results/published, then nestbench readme"
    assert sum(plan.current for plan in plans) > 0


def test_what_is_accepted_is_what_is_published():
    baselines = Baselines(root=PUBLISHED.parent / "accepted")
    if not baselines.stacks():
        pytest.skip("no baseline is committed yet")
    store, matrix = Store(PUBLISHED), load_matrix()
    question = ask(
        store.stacks(), store=store, catalogue=load_catalogue(), matrix=matrix, baselines=baselines,
        whole=True, today=datetime.now(UTC).date(),
    )  # fmt: skip
    checked = check(question)
    failed = [f"{one.kind}: {one.stack} {one.label}" for one in checked.findings if one.kind.exit_code]
    assert failed == [], "nestbench accept --results results/published"
    assert checked.unread == {}


def test_the_published_tables_hold_every_cell_that_is_published():
    """The versions that the doctor tells of are read from one of them."""
    store = Store(PUBLISHED)
    cells = measured_cells(store, load_catalogue(), load_matrix())
    grid = make_grid(collect(store, cells, lock_digests(load_matrix())), Query())
    for name, text in (("table.md", to_markdown(grid)), ("table.csv", to_csv(grid))):
        assert (PUBLISHED / name).read_text() == text, "nestbench run --all --results results/published"
