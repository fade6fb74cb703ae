"""What else was seen: sentences that change no verdict, and those that bear out ``tracked``."""

from collections.abc import Iterator

from nestbench.verdicts.rules import LOUD
from nestbench.verdicts.variables import done, names, parameters_of, text_of
from nestprobe.observation import Observation, PhaseRecord, Status

__all__ = ["as_many", "notes_of", "sound"]

NOTED = (
    "saved-model", "saved-checkpoint", "reloaded-model", "reloaded-checkpoint", "cloned"
)  # fmt: skip


def sound(observation: Observation, counted: int | None) -> Iterator[str]:
    """Evidence for ``tracked``: only what was measured is said."""
    yield as_many(counted)
    for phase, words in (
        ("trained", "one optimizer step changes what is meant to be trained"),
        ("saved-weights", "every variable is in the weights file"),
        ("reloaded-weights", "every variable comes back from it"),
    ):
        if done(observation, phase):
            yield words


def as_many(counted: int | None) -> str:
    return f"count_params() {counted}, as many as the forward pass reads"


def notes_of(observation: Observation) -> Iterator[str]:
    read = parameters_of(observation.variables)
    for name in NOTED:
        phase = observation.phases.get(name)
        if phase is not None and phase.status == Status.RAISED:
            yield f"{name} raised {text_of(phase.raised)}"
        elif phase is not None and phase.same_output is False:
            yield f"{name}: the fresh instance gives another output"
    for label, lost in (
        ("not in the model file", [one for one in read if one.in_model_file is False]),
        ("not in a TF checkpoint", [one for one in read if one.in_checkpoint is False]),
        ("in the TF checkpoint although not in weights",
         [one for one in read if one.in_checkpoint and not one.in_weights]),
        ("gets no gradient", [one for one in read if one.trainable and one.gradient is False]),
    ):  # fmt: skip
        if lost:
            yield f"{label}: {names(lost)}"
    late = [one for one in read if one.created_in not in {"called", "constructed"}]
    if late:
        places = sorted({one.created_in for one in late})
        yield f"made in phase {', '.join(places)}: {names(late)}"
    for name in (*LOUD, *NOTED):
        phase = observation.phases.get(name)
        if phase is not None and _skipped_alone(phase, observation):
            yield f"{name} was skipped: {phase.reason}"


def _skipped_alone(phase: PhaseRecord, observation: Observation) -> bool:
    """Skipped for a reason of its own, not because an earlier phase failed."""
    if phase.status != Status.SKIPPED:
        return False
    reason = phase.reason or ""
    failed = (name for name, one in observation.phases.items() if one.status != Status.DONE)
    return not any(name in reason for name in failed)
