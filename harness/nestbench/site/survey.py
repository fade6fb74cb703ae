"""Everything that the pages say, read once: a study of each case, the rulings on each claim."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from nestbench.catalogue import CaseEntry
from nestbench.changes.pairing import Pairing, ordered, pairings
from nestbench.claims import Claim, Ruling, rule
from nestbench.frames import Result
from nestbench.site.column import Column
from nestbench.site.source import Source
from nestbench.site.study import Study, VariantStudy, study_of
from nestbench.verdicts import Entry

__all__ = ["Survey", "Tally", "survey_of"]

#: Is handed a study with the results that it was made from, by stack.
Each = Callable[[Study, Mapping[str, Sequence[Result]]], None]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many cells of a stack say what, by the letter of their mark.

    ``lossy``: those that are tracked and do not come back whole from the model file or a TF checkpoint.
    """

    kinds: Mapping[str, int]
    lossy: int = 0

    def __getitem__(self, kinds: str) -> int:
        """How many are of any of these letters."""
        return sum(self.kinds.get(kind, 0) for kind in kinds)

    @property
    def safe(self) -> int:
        """Tracked, and lost by no file."""
        return self["t"] - self.lossy

    @property
    def judged(self) -> int:
        """Of which a verdict says how the stack treats them."""
        return self["tlroi"]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.kinds.values())


@dataclass(kw_only=True)
class Survey:
    """``steps``: what changes from one release of a line to the next, by the newer stack.

    ``usual_changes``: what changes between the two stacks of ``usual``.
    """

    source: Source
    studies: list[Study] = field(default_factory=list)
    rulings: dict[str, list[Ruling]] = field(default_factory=dict)
    steps: dict[str, list[Pairing]] = field(default_factory=dict)
    usual_changes: list[Pairing] = field(default_factory=list)
    measured: int = 0
    stale: int = 0
    expected: int = 0

    def tally(self, stack: str) -> Tally:
        """What the cells of one stack say, at the entry call."""
        return self._tallies[stack]

    @cached_property
    def _tallies(self) -> dict[str, Tally]:
        variants = self.variants
        return {
            stack: Tally(
                kinds=Counter(one.marks[Entry.CALL][stack].kind for one in variants),
                lossy=sum(one.is_lossy(stack) for one in variants),
            )
            for stack in self.source.stacks
        }

    @property
    def variants(self) -> list[VariantStudy]:
        """Those of all cases, in their order."""
        return [one for study in self.studies for one in study.variants]

    def before(self, stack: str) -> str | None:
        """The release before, of the same line; None for the first."""
        for block in self.source.blocks:
            names = [column.stack for column in block.columns]
            if block.line and stack in names[1:]:
                return names[names.index(stack) - 1]
        return None

    @property
    def usual(self) -> tuple[str, str] | None:
        """The pair that most ask for: the last Keras 2, or the oldest that is there, against the newest."""
        line = [column for block in self.source.blocks[:1] for column in block.columns]
        earlier = [column for column in line[:-1] if column.row is not None and column.row.is_keras_2]
        return ([*line[:1], *earlier][-1].stack, line[-1].stack) if len(line) > 1 else None

    @property
    def newest(self) -> Column | None:
        """The newest release of the first line that was measured."""
        return self.source.blocks[0].columns[-1] if self.source.blocks else None


def survey_of(source: Source, each: Each | None = None) -> Survey:
    """Read everything, case by case; ``each`` is handed every case's results while they are there.

    Raises StoreError for a file that is broken or of another schema.
    """
    survey = Survey(source=source)
    waiting = _Waiting(source)
    neighbours = [(survey.before(stack), stack) for stack in source.stacks]
    # A file of one's own cases may bear the name of a shipped one: its cases belong to that group.
    groups = list(dict.fromkeys(entry.group for entry in source.entries))
    for entry in sorted(source.entries, key=lambda entry: groups.index(entry.group)):
        results = source.results(entry)
        study = study_of(entry, results, source)
        survey.studies.append(study)
        survey.measured += study.measured
        survey.stale += study.stale
        survey.expected += study.expected
        for old, new in neighbours:
            if old is not None:
                survey.steps.setdefault(new, []).extend(pairings(results[old], results[new]))
        if survey.usual is not None:
            survey.usual_changes += pairings(*(results[stack] for stack in survey.usual))
        survey.rulings.update(waiting.ruled(entry, results))
        if each is not None:
            each(study, results)
    survey.rulings.update(waiting.rest())
    survey.rulings = {claim.id: survey.rulings.get(claim.id, []) for claim in source.claims}
    survey.steps = {stack: ordered(found) for stack, found in survey.steps.items()}
    survey.usual_changes = ordered(survey.usual_changes)
    return survey


class _Waiting:
    """Claims whose cases are not all read yet, with the results that they wait with."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.claims = list(source.claims)
        self.held: dict[str, Mapping[str, Sequence[Result]]] = {}

    def ruled(self, entry: CaseEntry, results: Mapping[str, Sequence[Result]]) -> dict[str, list[Ruling]]:
        """Rulings on the claims that waited for this case alone; results that no claim needs go."""
        self.held[entry.id] = results
        ready = [one for one in self.claims if self._cases(one) <= self.held.keys()]
        found = {claim.id: self._rulings(claim) for claim in ready}
        self.claims = [one for one in self.claims if one not in ready]
        needed = {case for claim in self.claims for case in self._cases(claim)}
        self.held = {case: one for case, one in self.held.items() if case in needed}
        return found

    def rest(self) -> dict[str, list[Ruling]]:
        """Rulings on claims of which a case was measured nowhere."""
        return {claim.id: self._rulings(claim) for claim in self.claims}

    def _rulings(self, claim: Claim) -> list[Ruling]:
        rows = [column.row for block in self.source.blocks for column in block.columns if column.row]
        return [
            rule(claim, row.id, {case: by_stack[row.id] for case, by_stack in self.held.items()})
            for row in rows
            if claim.stacks.holds(row)
        ]

    @staticmethod
    def _cases(claim: Claim) -> set[str]:
        return {one.case for one in claim.decided_by}
