"""How long the model takes to be made, built and called on both stacks: a short interleaved session."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nestbench.audit.casefile import CASE
from nestbench.catalogue import Catalogue
from nestbench.matrix import Stack
from nestbench.names import number_of
from nestbench.run.alone import alone
from nestbench.run.orchestrate import Prepare
from nestbench.run.workspace import Workspace
from nestbench.timing import Shelf
from nestbench.timing.answers import Answers
from nestbench.timing.beginning import arms_of, begin, parts_of
from nestbench.timing.host import set_aside
from nestbench.timing.report import caveats, failures
from nestbench.timing.running import Timing
from nestbench.timing.samples import samples

__all__ = ["Speed", "measure_speed"]

_MEASURES = ("construct", "build", "first-call", "first-step")


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What a session answers, and what a reader must know of it; ``blocks`` of which it consists."""

    answers: Answers
    caveats: tuple[str, ...]
    blocks: int


def measure_speed(
    stacks: Sequence[Stack],
    catalogue: Catalogue,
    prepare: Prepare,
    *,
    blocks: int,
    limit: float,
    workspace: Workspace,
    scratch: Path,
    say: Callable[[str], None],
) -> Speed:
    """Time the model on two stacks, the newer one twice as a control. ``limit``: seconds for one process.

    Raises GroundError where a launch does not come to its end, BusyError where time is measured already.
    """
    session = begin(
        f"audit-{CASE}",
        arms_of(stacks, stacks[-1].id),
        parts_of(catalogue),
        measures=_MEASURES,
        launch="fork",
        limit=limit,
        cpus=set_aside(None),
        seed=0,
    )
    shelf = Shelf(root=scratch / "timings")
    shelf.save(session)
    made = {stack.id: prepare(stack.id, say) for stack in stacks}
    timing = Timing(
        session=session,
        shelf=shelf,
        workspace=workspace,
        made=made,
        files=sorted({entry.file for entry in catalogue}),
        most=blocks,
        say=say,
    )
    with alone("nestbench audit"):
        found = timing.run()
    lost = [*failures(samples(shelf, session)), *caveats(session, found)]
    if found.short:
        lost.append(f"{number_of(found.short, 'measure')} could not be compared: too few blocks have both.")
    return Speed(answers=found, caveats=tuple(lost), blocks=found.blocks)
