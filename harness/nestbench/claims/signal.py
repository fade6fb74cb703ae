"""The small language of what decides a claim: ``called.count_params < used``.

Left and right of a comparison stands a signal, a whole number or a word:

- ``used``: scalars that the forward pass reads. ``parameters``: the case's arithmetic.
- ``verdict``, ``verdict.build``: the headline of the entry call or build.
- ``scalars.FLAG``: scalars of the used floating variables for which a flag of the variable's record
  holds, e.g. ``scalars.in_weights_file``.
- ``PHASE.FIELD``: a field of a phase or of its model record, e.g. ``called.count_params``,
  ``trained.losses``; of a list or a mapping its length; ``PHASE.raised`` the class of the exception, or
  the word ``nothing``.
"""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from nestbench.verdicts import Entry, Judgement
from nestbench.verdicts.variables import oracle_of, parameters_of, size
from nestprobe.observation import PHASES, ModelRecord, Observation, PhaseRecord, Status, VariableRecord

__all__ = ["Comparison", "Known", "parse"]

_COMPARISON = re.compile(r"^(\S+)\s+(==|!=|<=|>=|<|>)\s+(\S+)$")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_FLAGS = {one.name for one in fields(VariableRecord)}
_PHASE_FIELDS = {one.name for one in fields(PhaseRecord)} - {"model"}
_MODEL_FIELDS = {one.name for one in fields(ModelRecord)} - {"raised"}
_PLAIN = ("used", "parameters", "verdict", "verdict.build")
_NOTHING = "nothing"
#: What a phase that did not run tells all the same; that nothing was raised in it is not known.
_OF_SKIPPED = ("status", "reason")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of one cell."""

    observation: Observation
    judgements: Sequence[Judgement]
    parameters: int

    def value(self, name: str) -> Any:
        """The value of a signal; None where it was not measured."""
        if name == "parameters":
            return self.parameters
        if name == "used":
            return oracle_of(self.observation, self.parameters)
        if name in ("verdict", "verdict.build"):
            entry = Entry.BUILD if name.endswith("build") else Entry.CALL
            return next((str(one.headline) for one in self.judgements if one.entry == entry), None)
        first, _, field = name.partition(".")
        return self._scalars(field) if first == "scalars" else self._of_phase(first, field)

    def _scalars(self, flag: str) -> int | None:
        read = parameters_of(self.observation.variables)
        if not read or any(getattr(one, flag) is None for one in read):
            return None
        return sum(size(one) for one in read if getattr(one, flag))

    def _of_phase(self, phase: str, field: str) -> Any:
        record = self.observation.phases.get(phase)
        if record is None or (record.status == Status.SKIPPED and field not in _OF_SKIPPED):
            return None
        if field == "raised":
            return record.raised.type if record.raised is not None else _NOTHING
        if field in _PHASE_FIELDS:
            return _measure(getattr(record, field))
        return None if record.model is None else _measure(getattr(record.model, field))


def _measure(value: Any) -> Any:
    return len(value) if isinstance(value, (list, dict)) else value


@dataclass(frozen=True)
class Comparison:
    """A parsed expression."""

    left: str
    operator: str
    right: str

    def holds(self, known: Known) -> bool | None:
        """Whether it holds; None where a signal in it was not measured."""
        left, right = (_resolved(side, known) for side in (self.left, self.right))
        if left is None or right is None:
            return None
        if isinstance(left, str) or isinstance(right, str):
            left, right = str(left).lower(), str(right).lower()
        return _OPERATORS[self.operator](left, right)

    def shown(self, known: Known) -> str:
        """The signals with their values, e.g. ``called.count_params 33, used 83``."""
        sides = [side for side in (self.left, self.right) if _is_signal(side)]
        values = {side: known.value(side) for side in sides}
        return ", ".join(f"{side} {'?' if value is None else value}" for side, value in values.items())


def parse(text: str) -> Comparison:
    """The expression as a Comparison. Raises ValueError where it is none."""
    match = _COMPARISON.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no comparison, such as `called.count_params < used`")
    left, sign, right = match.groups()
    for side in (left, right):
        if "." in side and not _is_signal(side):
            raise ValueError(f"{side!r} is no signal; a phase is one of {', '.join(PHASES)}")
    if not _is_signal(left):
        raise ValueError(f"{left!r} is no signal")
    return Comparison(left, sign, right)


def _is_signal(name: str) -> bool:
    if name in _PLAIN:
        return True
    first, _, field = name.partition(".")
    if first == "scalars":
        return field in _FLAGS
    return first in PHASES and field in _PHASE_FIELDS | _MODEL_FIELDS


def _resolved(side: str, known: Known) -> Any:
    if _is_signal(side):
        return known.value(side)
    return int(side) if re.fullmatch(r"-?\d+", side) else side
