"""Portability as its page shows it: a matrix for each kind of file, as a whole and case by case."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nestbench.portability.record import KINDS, Loads
from nestbench.portability.report import LEGEND, TITLES, squares

__all__ = ["view"]


@dataclass(frozen=True, kw_only=True)
class _Square:
    text: str

    @property
    def kind(self) -> str:
        """A letter for the colour: all come back, some do, one is wrong in silence, or nothing is there."""
        if self.text == "-":
            return "n"
        if "D" in self.text:
            return "l"
        if found := re.match(r"(\d+)/(\d+)", self.text):
            return "t" if found[1] == found[2] else "r"
        return "t" if self.text.startswith("=") else "r"


def view(loads: Sequence[Loads], labels: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The context of the page. ``labels``: case id and anchor of each case variant that has a page."""
    cases = list(dict.fromkeys(label for one in loads for label in one.found))
    matrices = [(kind, TITLES[kind], *_table(loads, kind)) for kind in KINDS] if loads else []
    details = [
        (label, labels[label][1] if label in labels else f"_case-{place}",
         [(TITLES[kind], *_table(loads, kind, [label])) for kind in KINDS])
        for place, label in enumerate(cases)
    ]  # fmt: skip
    return {"matrices": matrices, "cases": cases, "details": details, "legend_text": LEGEND}


def _table(
    loads: Sequence[Loads], kind: str, cases: Sequence[str] = ()
) -> tuple[list[str], list[tuple[str, list[_Square]]]]:
    head, *rows = squares(loads, kind, cases)
    return head, [(name, [_Square(text=text) for text in texts]) for name, *texts in rows]
