"""A whole run on many machines: who is there, what none of them could take, and then the rest."""

from collections.abc import Sequence
from pathlib import Path

from nestbench.catalogue import Catalogue
from nestbench.errors import GroundError
from nestbench.machines.cluster import Cluster
from nestbench.machines.dispatch import Dispatch
from nestbench.machines.needs import refused
from nestbench.machines.part import Order
from nestbench.matrix import Matrix
from nestbench.run import session
from nestbench.run.plan import StackPlan
from nestbench.run.progress import Reporter
from nestbench.run.selection import Selection
from nestbench.run.session import How, Report
from nestbench.run.workspace import Workspace
from nestbench.store import Store

__all__ = ["measure", "select"]


def select(
    cluster: Cluster, matrix: Matrix, names: Sequence[str], *, everything: bool, allow_download: bool
) -> Selection:
    """As ``session.select``, by what the workers offer instead of what is here.

    Raises GroundError where there is no worker.
    """
    offers, others = cluster.offers()
    if not offers:
        raise GroundError(
            f"The scheduler at {cluster.address} has no worker that can be used.",
            why="; ".join(others) or "none was started",
            do='Start some: dask worker ADDRESS --nthreads 1 --resources "disk=1".',
        )
    return session.select(
        matrix,
        names,
        everything=everything,
        allow_download=allow_download,
        look=lambda stacks: refused(stacks, offers, allow_download=allow_download),
    )


def measure(
    plans: Sequence[StackPlan],
    chosen: Selection,
    cluster: Cluster,
    *,
    store: Store,
    workspace: Workspace,
    catalogue: Catalogue,
    how: How,
    envs: Path | None,
    allow_download: bool,
    reporter: Reporter,
) -> Report:
    """Observe what is missing of ``plans`` on the workers. Raises StoreError where it cannot be written."""
    session.begin(plans, store, reporter)
    order = Order(
        store=store,
        workspace=workspace,
        catalogue=catalogue,
        stacks=chosen.stacks,
        launch=how.launch,
        limits=how.limits,
        envs=envs,
        allow_download=allow_download,
    )
    dispatch = Dispatch(plans, order, cluster, reporter)
    with reporter:
        results = dispatch.execute()
    return Report(
        plans=tuple(plans),
        results=tuple(results),
        left_out=chosen.left_out,
        interrupted=dispatch.interrupted,
    )
