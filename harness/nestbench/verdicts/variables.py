"""Which variables are parameters, how large they are, and their names in a sentence."""

from collections.abc import Iterable, Sequence
from math import prod

from nestprobe.observation import Observation, OutcomeKind, Raised, Status, VariableRecord

__all__ = [
    "done",
    "is_floating",
    "is_parameter",
    "names",
    "oracle_of",
    "parameters_of",
    "size",
    "text_of",
]


def oracle_of(observation: Observation, parameters: int | None) -> int | None:
    """Scalars that the forward pass reads; None where it did not run to its end.

    Where the process died on the way its variables may be incomplete: then they are believed only
    if they agree with the arithmetic, or where there is none (``parameters`` is None).
    """
    if not done(observation, "called"):
        return None
    # One pass, whichever reads more: a layer made in call() is another in each of them.
    parameters_read = parameters_of(observation.variables)
    oracle = max(
        sum(size(variable) for variable in parameters_read if variable.used_in_inference),
        sum(size(variable) for variable in parameters_read if variable.used_in_training),
    )
    cut_short = observation.outcome.kind != OutcomeKind.OBSERVED
    return None if cut_short and parameters not in (None, oracle) else oracle


def parameters_of(variables: Iterable[VariableRecord]) -> list[VariableRecord]:
    return [variable for variable in variables if is_parameter(variable)]


def is_parameter(variable: VariableRecord) -> bool:
    """Whether the oracle counts it: floating, and read by the forward pass."""
    return variable.used and is_floating(variable)


def is_floating(variable: VariableRecord) -> bool:
    return variable.dtype.startswith(("float", "bfloat", "complex"))


def size(variable: VariableRecord) -> int:
    """Number of scalars."""
    return prod(variable.shape)


def done(observation: Observation, name: str) -> bool:
    phase = observation.phases.get(name)
    return phase is not None and phase.status == Status.DONE


def names(variables: Sequence[VariableRecord], most: int = 4) -> str:
    parts = [f"{one.name} {_shape(one.shape)}" for one in variables[:most]]
    if len(variables) > most:
        parts.append(f"and {len(variables) - most} more")
    return ", ".join(parts)


def _shape(shape: Sequence[int]) -> str:
    return "(" + ", ".join(str(side) for side in shape) + ("," if len(shape) == 1 else "") + ")"


def text_of(raised: Raised | None) -> str:
    return f"{raised.type}: {raised.message}" if raised is not None else "an exception"
