"""What a run makes of a baseline: which lines it changes, and what is missing for it to be whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from nestbench.frames import Result
from nestbench.gate.baseline import Baseline
from nestbench.gate.facts import Facts, facts_of, why_unknown
from nestbench.gate.finding import Difference, differences
from nestbench.verdicts import Entry, Verdict

__all__ = ["Acceptance", "accept"]


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The baseline that a run of a stack would make.

    ``missing``: why by label, for cells that cannot be accepted. ``changed``: differences by label, of
    lines that were there. ``added`` and ``gone``: labels of lines that come and go.
    """

    baseline: Baseline
    missing: dict[str, str]
    changed: dict[str, tuple[Difference, ...]]
    added: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether it is another baseline than the one that was there."""
        return bool(self.changed or self.added or self.gone)


def accept(stack: str, results: Sequence[Result], old: Baseline | None, *, whole: bool) -> Acceptance:
    """What is measured becomes accepted; of a cell that is missing the old line stays.

    ``whole``: every case of the catalogue is among ``results``, so that lines beside them go.
    """
    before = old.cells if old is not None else {}
    cells: dict[str, Facts] = {} if whole else dict(before)
    missing = {}
    for result in results:
        label = result.cell.label
        facts = facts_of(result)
        call = result.judgement(Entry.CALL)
        if facts is None:
            missing[label] = why_unknown(result)
        elif call is not None and call.headline is Verdict.CASE_WRONG:
            missing[label] = f"the case itself is at fault: {'; '.join(call.evidence)}"
        else:
            cells[label] = facts
            continue
        if label in before:
            cells[label] = before[label]
    return Acceptance(
        baseline=Baseline(stack=stack, cells=cells),
        missing=missing,
        changed={
            label: differences(before[label], facts)
            for label, facts in cells.items()
            if label in before and before[label] != facts
        },
        added=tuple(label for label in cells if label not in before),
        gone=tuple(label for label in before if label not in cells),
    )
