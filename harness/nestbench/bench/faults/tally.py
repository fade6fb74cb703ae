"""What became of the runs in which a fault was planted."""

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Tally"]

_FEW = 5


@dataclass(kw_only=True)
class Tally:
    """Counts of one fault.

    ``lost``: results that were there, or should be, and are not. ``wrong``: results that differ from those of
    an undisturbed run, or are believed although their file is damaged. ``untold``: runs that ended with
    another exit code than they should, or without saying why. ``not_tried``: why it could not be planted.
    """

    fault: str
    runs: int = 0
    lost: int = 0
    wrong: int = 0
    untold: int = 0
    saw: Counter[str] = field(default_factory=Counter)  # what happened, and how often
    found: list[str] = field(default_factory=list)  # what is not as it should be, the first few
    not_tried: str = ""

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, wrong or untold."""
        return not (self.lost or self.wrong or self.untold)

    def count(self, *, lost: int = 0, wrong: int = 0, untold: int = 0, where: str) -> None:
        """Add what was found; ``where`` is kept for the first few."""
        self.lost += lost
        self.wrong += wrong
        self.untold += untold
        if (lost or wrong or untold) and len(self.found) < _FEW:
            what = [f"{n} {word}" for n, word in ((lost, "lost"), (wrong, "wrong"), (untold, "untold")) if n]
            self.found.append(f"{', '.join(what)}: {where}")
