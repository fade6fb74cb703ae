"""What the site is made from: the folders of results, with the catalogue and the matrix to read them by."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from nestbench.catalogue import CaseEntry, Catalogue
from nestbench.claims import Claim
from nestbench.frames import Result, collect
from nestbench.matrix import Matrix
from nestbench.names import few, number_of
from nestbench.run.stored import beside, lock_digests
from nestbench.site.column import Block, blocks_of
from nestbench.site.deviation import Deviations
from nestbench.site.second_tries import SecondTries
from nestbench.store import HostFacts, StackFacts, Store
from nestprobe.observation import Observation

__all__ = ["Source"]

_FEW = 4  # names in a sentence


@dataclass(frozen=True, kw_only=True)
class Source:
    """A store of results; what else was measured lies in folders beside it.

    ``strays``: how often a case was found with a variant that the catalogue does not give it, by case.
    ``measured_with``: by stack, how many cells were measured with which lock.
    """

    store: Store
    catalogue: Catalogue
    matrix: Matrix
    claims: tuple[Claim, ...] = ()
    strays: Counter[str] = field(default_factory=Counter, init=False)
    measured_with: defaultdict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter), init=False
    )

    @cached_property
    def stacks(self) -> tuple[str, ...]:
        """Stacks with results, in the order of columns."""
        return tuple(column.stack for block in self.blocks for column in block.columns)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The columns."""
        return blocks_of(self.store.stacks(), self.matrix)

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """Stacks of the matrix that have no result at all."""
        return tuple(one.id for one in self.matrix.stacks if one.id not in self.stacks)

    @cached_property
    def entries(self) -> tuple[CaseEntry, ...]:
        """Cases of which any stack has a result, in the catalogue's order."""
        held = {case for stack in self.store.stacks() for case in self.store.cases(stack)}
        return tuple(entry for entry in self.catalogue if entry.id in held)

    @cached_property
    def locks(self) -> dict[str, str]:
        """Digest of the lock by stack."""
        return lock_digests(self.matrix)

    def warnings(self) -> Iterator[str]:
        """Sentences on what the results hold that the site leaves out or cannot know; once all is read."""
        yield from beside(self.store, self.catalogue, self.matrix)
        if self.strays:
            names = few(sorted(self.strays), _FEW)
            yield (
                f"Left out: {number_of(self.strays.total(), 'observation')} of variants that the catalogue "
                f"does not have, of {number_of(len(self.strays), 'case')} ({names})."
            )
        for stack in self.stacks:
            if doubt := self.doubt(stack):
                yield f"{stack}: {doubt}"

    def doubt(self, stack: str) -> str:
        """Why the versions that are told of a stack are not those of its results; once all is read.

        Empty where they are, and where they are not known at all.
        """
        facts, locks = self.facts(stack), self.measured_with[stack]
        if facts is None or not (other := locks.total() - locks[facts.lock]):
            return ""
        return (
            f"{other} of {number_of(locks.total(), 'cell')} were measured with another lock than the one "
            "that _stack.json names, so that the versions it holds may not be theirs; a run that measures "
            "all of them again makes them agree."
        )

    def results(self, entry: CaseEntry) -> dict[str, list[Result]]:
        """The results of one case by stack, its variants in order; also of cells that were not measured.

        Raises StoreError for a file that is broken or of another schema.
        """
        cells = Catalogue(folders=self.catalogue.folders, entries=(entry,)).cells(self.stacks)
        found: dict[str, list[Result]] = {stack: [] for stack in self.stacks}
        for result in collect(self.store, cells, self.locks, unasked=self._stray):
            found[result.cell.stack].append(result)
            if result.observation is not None:
                self.measured_with[result.cell.stack][result.lock] += 1
        return found

    def _stray(self, _: str, observation: Observation) -> None:
        self.strays[observation.case] += 1

    @cached_property
    def second_tries(self) -> SecondTries:
        """What was measured once more in a fresh process."""
        return SecondTries(self.store, self.locks)

    @cached_property
    def deviations(self) -> Deviations:
        """What is known to deviate."""
        return Deviations(self.store.root.parent / "accepted")

    def facts(self, stack: str) -> StackFacts | None:
        """What was imported there; None where it is not known."""
        return self._facts[stack]

    @cached_property
    def _facts(self) -> dict[str, StackFacts | None]:
        return {stack: self.store.load_stack(stack, lambda _: None) for stack in self.stacks}

    @cached_property
    def _hosts(self) -> dict[str, HostFacts | None]:
        return {stack: self.store.load_host(stack, lambda _: None) for stack in self.stacks}

    def host(self, stack: str) -> HostFacts | None:
        """Where it was measured; None where it is not known."""
        return self._hosts[stack]

    def beside(self, name: str) -> Path:
        """The folder of other results that belong to the store: ``portability``, ``growth``, ``timings``."""
        prefix = "local-" if self.store.root.name == "local" else ""
        return self.store.root.parent / f"{prefix}{name}"
