"""Known deviations: cells of which somebody wrote down why they are not as accepted, and until when."""

from collections.abc import Mapping
from pathlib import Path

from nestbench.frames import Result
from nestbench.gate import Baselines, load_deviations
from nestbench.gate.facts import Facts, facts_of
from nestbench.gate.finding import differences

__all__ = ["Deviations"]


class Deviations:
    """Those of a folder of accepted behaviour.

    Raises UsageError where its list cannot be read, StoreError for a broken baseline. No day ends one
    here: a site says until when each holds, and is the same tomorrow.
    """

    def __init__(self, folder: Path) -> None:
        self._known = load_deviations(folder)
        self._baselines = Baselines(root=folder)
        self._accepted: dict[str, Mapping[str, Facts]] = {}

    def reason(self, result: Result) -> str:
        """Why that cell deviates; empty where it is as accepted, or differs in what nobody wrote down."""
        cell = result.cell
        about = [one for one in self._known if one.about(cell.stack, cell.label)]
        found = facts_of(result) if about else None
        accepted = self._of(cell.stack).get(cell.label) if found is not None else None
        if found is None or accepted is None:
            return ""
        every = differences(accepted, found)
        if not all(any(one.covers(difference) for one in about) for difference in every):
            return ""
        return "; ".join(f"{one.reason} (until {one.until})" for one in about if any(map(one.covers, every)))

    def _of(self, stack: str) -> Mapping[str, Facts]:
        if stack not in self._accepted:
            baseline = self._baselines.load(stack)
            self._accepted[stack] = baseline.cells if baseline is not None else {}
        return self._accepted[stack]
