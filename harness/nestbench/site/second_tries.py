"""Second tries: cells that were measured once more in a fresh process, and said something else then."""

from collections.abc import Iterable, Mapping

from nestbench.frames import Result, collect
from nestbench.gate.facts import facts_of
from nestbench.gate.finding import differences
from nestbench.store import Store
from nestbench.store.again import second_tries

__all__ = ["SecondTries"]


class SecondTries:
    """Those that `nestbench check` left beside ``store``; ``locks``: digest of the lock by stack."""

    def __init__(self, store: Store, locks: Mapping[str, str]) -> None:
        self._store, self._locks = second_tries(store), locks
        self._held = {stack: frozenset(self._store.cases(stack)) for stack in self._store.stacks()}

    def otherwise(self, first: Iterable[Result]) -> dict[str, str]:
        """By stack, of one case variant's results: in what a second try differs from the first.

        Only of what both measured as the cell is now; nothing where the two say the same. Raises
        StoreError for a broken file.
        """
        tried = [one for one in first if one.cell.case.id in self._held.get(one.cell.stack, ())]
        again = collect(self._store, [one.cell for one in tried], self._locks)
        found = {}
        for one, other in zip(tried, again, strict=True):
            before, after = facts_of(one), facts_of(other)
            if before is not None and after is not None and before != after:
                found[one.cell.stack] = "; ".join(map(str, differences(before, after)))
        return found
