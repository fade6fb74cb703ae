"""What the workers of a run imported: of each stack the first one's word is kept, and others must agree."""

from collections import defaultdict
from collections.abc import Callable

from nestbench.store import StackFacts
from nestbench.store.collecting import ContradictionError
from nestbench.store.imported import contradictions, pythons

__all__ = ["Imported"]


class Imported:
    """``say`` hears once of each other patch release of Python."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._told: defaultdict[str, list[StackFacts]] = defaultdict(list)

    def agreed(self, facts: StackFacts, worker: str) -> bool:
        """Whether they are to be kept: those of the first. Raises ContradictionError."""
        told = self._told[facts.stack]
        if told and (wrong := contradictions(told[0], facts)):
            raise ContradictionError(
                f"{worker} and a worker before it imported different things: {', '.join(wrong)}; "
                f"nothing that {worker} measured is kept",
                why="the environment of one of them is not what the lock says",
                do="Delete that environment, and run the same command again.",
            )
        if facts not in told:
            told.append(facts)
            if note := pythons(told):
                self._say(f"{facts.stack}: {note}")
        return facts == told[0]
