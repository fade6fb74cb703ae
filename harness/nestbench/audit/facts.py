"""The numbers of a side, by name: what stands beside each other in the table of an audit."""

from collections.abc import Sequence

from nestbench.audit.side import Side
from nestbench.verdicts.variables import oracle_of, parameters_of, size
from nestprobe.observation import Observation, PhaseRecord

__all__ = ["Row", "facts"]

#: A name, and what it is on each side; None where it was not measured.
Row = tuple[str, tuple[str | None, ...]]

_COUNTS = (
    ("count_params() after a call", "called", "count_params"),
    ("count_params() after build(shape) alone", "built", "count_params"),
    ("trainable parameters by Keras", "called", "trainable_count"),
    ("total of summary()", "called", "summary_total"),
    ("entries of model.weights", "called", "weights"),
)
_SCALARS = (
    ("parameters changed by one optimizer step", "changed_by_step"),
    ("parameters in the weights file", "in_weights_file"),
    ("parameters that come back from it", "restored_from_weights_file"),
    ("parameters in the model file", "in_model_file"),
    ("parameters in a TF checkpoint", "in_checkpoint"),
)
_WORK = (
    ("Python calls in the first call", "called", "python_calls"),
    ("Python calls in build(shape)", "built", "python_calls"),
    ("runs of your call() methods in the first call", "called", "user_calls"),
)


def facts(sides: Sequence[Side]) -> list[Row]:
    """The rows of the table; one of which no side knows anything is left out."""
    seen = [side.observation for side in sides]
    rows: list[Row] = [("parameters that the forward pass reads", tuple(map(_read, seen)))]
    for words, phase, field in _COUNTS:
        rows.append((words, tuple(_counted(one, phase, field) for one in seen)))
    for words, field in _SCALARS:
        rows.append((words, tuple(_scalars(one, field) for one in seen)))
    for words, phase, field in _WORK:
        rows.append((words, tuple(_work(one, phase, field) for one in seen)))
    return [row for row in rows if any(value is not None for value in row[1])]


def _phase(one: Observation | None, name: str) -> PhaseRecord | None:
    return one.phases.get(name) if one is not None else None


def _read(one: Observation | None) -> str | None:
    read = oracle_of(one, None) if one is not None else None
    return None if read is None else str(read)


def _counted(one: Observation | None, name: str, field: str) -> str | None:
    phase = _phase(one, name)
    value = getattr(phase.model, field) if phase is not None and phase.model is not None else None
    if value is None and phase is not None and phase.raised is not None:
        return f"raises {phase.raised.type}"
    return None if value is None else str(value)


def _scalars(one: Observation | None, field: str) -> str | None:
    read = parameters_of(one.variables) if one is not None else []
    if not read or any(getattr(variable, field) is None for variable in read):
        return None
    return str(sum(size(variable) for variable in read if getattr(variable, field)))


def _work(one: Observation | None, name: str, field: str) -> str | None:
    phase = _phase(one, name)
    value = getattr(phase, field, None)
    if phase is None or phase.raised is not None or value is None:
        return None
    return str(sum(value.values()) if isinstance(value, dict) else value)
