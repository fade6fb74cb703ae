"""Known deviations: what is not as accepted, for a reason, until a day."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, Strict, TypeAdapter, ValidationError

from nestbench.catalogue import parted
from nestbench.errors import UsageError
from nestbench.gate.facts import Fact
from nestbench.gate.finding import Difference
from nestbench.given import toml_of
from nestbench.names import matching
from nestbench.store.disk import read_text

__all__ = ["ANYTHING", "FILE", "Deviation", "load_deviations"]

FILE = "deviations.toml"
ANYTHING = "*"
_SCHEMA = 1
_FORM = (
    "A [[deviation]] has stack, case and variant (patterns; variant may be left out), deviates "
    '(facts with what they are now, "*" for whatever, as { call = "uncounted", saved = "*" }), reason and '
    "until (a date, as 2026-12-31)."
)

Pattern = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Cells that deviate: those of ``stack``, ``case`` and ``variant`` (patterns).

    ``deviates``: facts with what they are now, ``*`` for whatever. ``until``: the last day.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    stack: Pattern
    case: Pattern
    variant: Pattern = ANYTHING
    deviates: Annotated[Mapping[str, Fact], Field(min_length=1)]
    reason: Annotated[str, Field(min_length=10)]
    until: Annotated[date, Strict()]

    @property
    def pattern(self) -> str:
        """The cells that it is about, as a cell's label."""
        return self.case if self.variant == ANYTHING else f"{self.case}[{self.variant}]"

    def ended(self, today: date) -> bool:
        """Whether its last day has passed."""
        return today > self.until

    def about(self, stack: str, label: str) -> bool:
        """Whether it speaks of that cell."""
        case, variant = parted(label)
        pairs = ((self.stack, stack), (self.case, case), (self.variant, variant))
        return all(matching(pattern, [name]) for pattern, name in pairs)

    def covers(self, difference: Difference) -> bool:
        """Whether it says of that fact what it is now; ``nothing`` stands for one that is not there."""
        now = "nothing" if difference.after is None else difference.after
        return self.deviates.get(difference.fact) in {ANYTHING, now}


def load_deviations(folder: Path) -> tuple[Deviation, ...]:
    """The deviations in ``folder``; none where it has no list.

    Raises UsageError for a file that is none, naming the deviation; StoreError where it cannot be read.
    """
    path = folder / FILE
    text = read_text(path)
    if text is None:
        return ()
    try:
        table = toml_of(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", do="Correct that line.") from error
    if table.get("schema") != _SCHEMA:
        raise UsageError(
            f"{path}: field 'schema' is {table.get('schema')!r}, this nestbench reads {_SCHEMA}.",
            why="the file was written for another version of nestbench, or lacks the field",
            do=f"Write `schema = {_SCHEMA}` at its top, if it follows this form. {_FORM}",
        )
    rows = table.get("deviation", [])
    unknown = sorted(table.keys() - {"schema", "deviation"})
    if unknown or not isinstance(rows, list):
        raise UsageError(f"{path}: unknown field {', '.join(unknown) or 'deviation'}.", do=_FORM)
    return tuple(_deviation(row, number, path) for number, row in enumerate(rows, 1))


def _deviation(row: Any, number: int, path: Path) -> Deviation:
    try:
        return TypeAdapter(Deviation).validate_python(row)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_url=False, include_context=False)
        )
        raise UsageError(f"{path}, deviation {number}: {said}.", do=_FORM) from error
