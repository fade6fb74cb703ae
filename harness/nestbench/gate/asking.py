"""The question of a check, read from the store and the folder of the baselines."""

from collections.abc import Sequence
from datetime import date

from nestbench.catalogue import Catalogue
from nestbench.errors import IncompleteError
from nestbench.frames import Result, collect
from nestbench.gate.baseline import Baseline, Baselines
from nestbench.gate.checking import Question
from nestbench.gate.deviation import load_deviations
from nestbench.matrix import Matrix
from nestbench.names import Asked, matching, require_known
from nestbench.run.stored import lock_digests
from nestbench.store import Store, StoreError

__all__ = ["ask", "stacks_of"]


def stacks_of(
    patterns: Sequence[str], *, matrix: Matrix, store: Store, baselines: Baselines, everything: bool
) -> list[str]:
    """The stacks that are meant: those named, else those with results.

    ``everything``: also those that have a baseline and no results. A pattern means stacks on the CPU, as
    everywhere, and others where somebody measured or accepted them. Raises UsageError for a name that
    nothing is called, IncompleteError where there is none.
    """
    held = list(dict.fromkeys([*store.stacks(), *baselines.stacks()]))
    if not patterns:
        stacks = held if everything else store.stacks()
        if not stacks:
            raise IncompleteError(
                f"There are no results in {store.root}, so there is nothing to look at.",
                do="Run `nestbench run STACK` first, or name the folder with --results DIR.",
            )
        return stacks
    rows = [stack.id for stack in matrix.stacks]
    known = list(dict.fromkeys([*rows, *held]))
    require_known(Asked(kind="stack", patterns=patterns, known=known, lists="`nestbench matrix`"))
    meant = matrix.meant([one for one in patterns if matching(one, rows)])
    named = dict.fromkeys(name for one in patterns for name in matching(one, known))
    return [name for name in named if name in meant or name in held]


def ask(
    stacks: Sequence[str],
    *,
    store: Store,
    catalogue: Catalogue,
    matrix: Matrix,
    baselines: Baselines,
    whole: bool,
    today: date,
) -> Question:
    """Everything that a check of ``stacks`` needs; a file that cannot be read costs only its stack.

    ``whole``: ``catalogue`` is all of it. Raises UsageError or StoreError for a broken list of deviations.
    """
    deviations = load_deviations(baselines.root)
    locks = lock_digests(matrix)
    results: dict[str, Sequence[Result]] = {}
    accepted: dict[str, Baseline] = {}
    unread: dict[str, str] = {}
    unread_elsewhere: list[str] = []
    # Whether a deviation is rotten hangs on the cells of all stacks that it may be about.
    others = [one for one in baselines.stacks() if one not in stacks] if deviations else []
    for stack in [*stacks, *others]:
        try:
            baseline = baselines.load(stack)
            if stack in stacks:
                results[stack] = collect(store, catalogue.cells([stack]), locks)
        except StoreError as error:
            if stack in stacks:
                unread[stack] = str(error)
            else:
                unread_elsewhere.append(stack)
            continue
        if baseline is not None:
            accepted[stack] = baseline
    return Question(
        results=results,
        baselines=accepted,
        deviations=deviations,
        whole=whole,
        today=today,
        unread=unread,
        unread_elsewhere=unread_elsewhere,
    )
