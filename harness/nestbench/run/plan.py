"""What is to be measured and what is there already."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nestbench.catalogue import Catalogue, Cell
from nestbench.digests import Digests, probe_digest
from nestbench.store import Store
from nestbench.store.disk import StoreError
from nestbench.store.records import label_of


@dataclass(frozen=True, kw_only=True)
class StackPlan:
    """The cells of one stack: all that are expected, and those still to be run."""

    stack: str
    lock: str  # digest
    probe: str  # digest
    expected: tuple[Cell, ...]
    to_run: tuple[Cell, ...]
    #: Wall seconds that the cells to run took last time; cells never run count as the mean.
    estimate: float = 0.0
    broken: tuple[StoreError, ...] = ()  # stored results that could not be read
    #: Why stored results are not believed: number of cells.
    doubted: Mapping[str, int] = field(default_factory=dict)
    #: Why it is not known what was imported, where a cell is measured again for that alone.
    unknown: str = ""

    @property
    def current(self) -> int:
        """Number of cells that need no run."""
        return len(self.expected) - len(self.to_run)

    def digests(self, cell: Cell) -> Digests:
        """What a result of ``cell`` depends on."""
        return Digests(case=cell.case.digest, lock=self.lock, probe=self.probe)


def plan_stack(
    store: Store,
    stack: str,
    lock: str,
    catalogue: Catalogue,
    *,
    again: bool = False,
    engine: str | None = None,
    doubts: Mapping[str, str] | None = None,
) -> StackPlan:
    """The plan of one stack. ``again``: measure also what is current. ``engine``: as ``Stack`` has it.

    ``doubts``: why cells are not believed, by label as ``label_of`` makes it; they are measured again.

    Raises StoreError for a result of a newer nestbench; other broken results are run again.
    """
    expected = tuple(catalogue.cells([stack]))
    broken: list[StoreError] = []
    probe = probe_digest(engine=engine)
    missing = expected
    if not again:
        missing = missing_cells(store, stack, lock, expected, broken, probe=probe)
    lacking = {cell.label for cell in missing}
    doubted = {
        cell.label: why
        for cell in expected
        if doubts
        and cell.label not in lacking
        and (why := doubts.get(label_of(cell.case.id, cell.variant.names)))
    }
    missing = tuple(cell for cell in expected if cell.label in lacking or cell.label in doubted)
    unknown = _unknown(store, stack) if expected and not missing else ""
    if unknown:
        missing = expected[:1]  # importing is what tells
    return StackPlan(
        stack=stack,
        lock=lock,
        probe=probe,
        expected=expected,
        to_run=missing,
        estimate=_estimate(store, stack, missing),
        broken=tuple(broken),
        doubted=Counter(doubted.values()),
        unknown=unknown,
    )


def missing_cells(
    store: Store,
    stack: str,
    lock: str,
    cells: Sequence[Cell],
    broken: list[StoreError] | None = None,
    *,
    probe: str | None = None,
) -> tuple[Cell, ...]:
    """The cells whose result is missing, broken (added to ``broken``) or stale.

    ``probe``: digest of what observes the stack; that of most stacks where left out.
    """
    problems: list[StoreError] = [] if broken is None else broken
    held: dict[str, list[dict[str, str]]] = {}
    missing = []
    for cell in cells:
        case = cell.case
        if case.id not in held:
            wanted = Digests(case=case.digest, lock=lock, probe=probe or probe_digest())
            held[case.id] = store.current_variants(stack, case.id, wanted, problems.append)
        if cell.variant.names not in held[case.id]:
            missing.append(cell)
    return tuple(missing)


def _unknown(store: Store, stack: str) -> str:
    """Why it is not known what was imported on the stack; empty where it is."""
    wrong: list[StoreError] = []
    if store.load_stack(stack, wrong.append) is not None:
        return ""
    return wrong[0].what if wrong else f"{store.facts_path(stack)} is missing"


def _estimate(store: Store, stack: str, cells: Sequence[Cell]) -> float:
    facts = store.load_host(stack, lambda _: None)
    known = facts.seconds if facts else {}
    mean = sum(known.values()) / len(known) if known else 1.0
    return sum(known.get(cell.label, mean) for cell in cells)
