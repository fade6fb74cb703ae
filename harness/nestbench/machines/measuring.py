"""A whole run on many machines: who is there, what none of them could take, and then the rest."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from nestbench.catalogue import Catalogue
from nestbench.errors import GroundError
from nestbench.machines.cluster import Cluster
from nestbench.machines.dispatch import Dispatch
from nestbench.machines.needs import Offer, refused
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

#: How long a first worker is waited for, and then those that were started with it.
FIRST_SECONDS = 30.0
_MORE_SECONDS = 3.0
_LOOK_SECONDS = 0.5


def select(
    cluster: Cluster,
    matrix: Matrix,
    names: Sequence[str],
    *,
    everything: bool,
    allow_download: bool,
    say: Callable[[str], None],
) -> Selection:
    """As ``session.select``, by what the workers offer instead of what is here.

    Raises GroundError where there is no worker, and none came.
    """
    try:
        offers = _offers(cluster, say)
    except OSError as error:
        raise GroundError(
            f"The scheduler at {cluster.address} was lost before anything was given.",
            why="it was stopped, or cannot be reached any more",
            do="Start it, and run the same command again.",
        ) from error
    return session.select(
        matrix,
        names,
        everything=everything,
        allow_download=allow_download,
        look=lambda stacks: refused(stacks, offers, allow_download=allow_download),
    )


def _offers(cluster: Cluster, say: Callable[[str], None]) -> list[Offer]:
    offers, others = cluster.offers()
    if not offers:
        say(f"No worker that can be used is there yet: waiting {FIRST_SECONDS:.0f} s at most for one.")
        deadline = time.monotonic() + FIRST_SECONDS
        while not offers and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            offers, more = cluster.offers()
            others += more
        if offers:  # what none offers is left out: not for a second by which one came later
            time.sleep(_MORE_SECONDS)
            offers, more = cluster.offers()
            others += more
    if not offers:
        raise GroundError(
            f"The scheduler at {cluster.address} has no worker that can be used.",
            why="; ".join(others) or f"none was started, or none was ready in {FIRST_SECONDS:.0f} s",
            do='Start some: dask worker ADDRESS --nthreads 1 --resources "disk=1".',
        )
    for line in others:
        say(line)
    return offers


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
