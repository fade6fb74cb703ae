"""What is committed under results/published is whole, and of today's cases, locks and probe."""

from pathlib import Path

from nestbench.catalogue import load_catalogue
from nestbench.matrix import Device, load_matrix
from nestbench.run.session import plans_of
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
