"""What of an observation is accepted: verdicts, counts and exception types, as flat facts.

A fact stands here if a change of it is a change for somebody who nests layers: what is counted, what
is trained, what is saved and comes back, what raises. Left out is what changes without harm: texts of
messages and warnings, names of layers and variables, numbers of Python calls and of user calls, and
where a phase was skipped the words for it.

Counts are numbers of scalars of those floating variables that the forward pass reads.
"""

from collections.abc import Iterator, Mapping

from nestbench.frames import Result, State
from nestbench.verdicts import Entry, Verdict, size
from nestbench.verdicts.variables import parameters_of
from nestprobe.observation import Observation, OutcomeKind

__all__ = ["COUNTS", "Fact", "Facts", "facts_of", "why_unknown"]

Fact = str | int
Facts = Mapping[str, Fact]

#: Counts by variable: name of the fact -> field of a variable's record.
_BY_VARIABLE = {
    "listed": "in_weights",
    "trainable": "in_trainable_weights",
    "trained": "changed_by_step",
    "saved": "in_weights_file",
    "restored": "restored_from_weights_file",
    "saved-model": "in_model_file",
    "restored-model": "restored_from_model_file",
    "saved-checkpoint": "in_checkpoint",
    "restored-checkpoint": "restored_from_checkpoint",
}
#: Counts that Keras itself states: name of the fact -> phase and field of the model's record.
_BY_MODEL = {
    "counted": ("called", "count_params"),
    "built": ("built", "count_params"),
    "summary": ("called", "summary_total"),
    "cloned": ("cloned", "count_params"),
}
COUNTS = (*_BY_MODEL, *_BY_VARIABLE)
#: Before a first call a model may refuse to be counted: that is a message, no loss.
_UNBUILT = ("constructed",)


def facts_of(result: Result) -> Facts | None:
    """The facts of a measured cell, in a fixed order; None where nothing is known of it."""
    if why_unknown(result) or result.observation is None:
        return None
    return dict(_facts(result, result.observation))


def why_unknown(result: Result) -> str:
    """Why a cell says nothing; empty where it was measured as it is now."""
    call = result.judgement(Entry.CALL)
    if call is not None and call.headline is Verdict.UNAVAILABLE:
        return "; ".join(call.evidence)
    if result.state is State.STALE:
        return "measured before the case, its lock or the probe changed"
    return "" if call is not None else "not measured"


def _facts(result: Result, observation: Observation) -> Iterator[tuple[str, Fact]]:
    for judgement in result.judgements:
        yield str(judgement.entry), ", ".join(map(str, judgement.findings))
    if observation.outcome.kind not in {OutcomeKind.OBSERVED, OutcomeKind.NOT_APPLICABLE}:
        yield "ended", f"{observation.outcome.kind} in {observation.outcome.phase or 'no phase'}"
    call = result.judgement(Entry.CALL)
    if call is not None and call.expected is not None:
        yield "used", call.expected
    yield from _counts(observation)
    for name, phase in observation.phases.items():
        if phase.raised is not None:
            yield f"{name}-raises", phase.raised.type
        if phase.same_output is False:
            yield f"{name}-output", "another"
        if phase.model is not None and name not in _UNBUILT:
            for field in sorted(phase.model.raised):
                yield f"{name}-{field}-raises", phase.model.raised[field].type


def _counts(observation: Observation) -> Iterator[tuple[str, Fact]]:
    for name, (phase, field) in _BY_MODEL.items():
        record = observation.phases.get(phase)
        count = getattr(record.model, field) if record is not None and record.model is not None else None
        if count is not None:
            yield name, count
    read = parameters_of(observation.variables)
    for name, field in _BY_VARIABLE.items():
        if any(getattr(one, field) is not None for one in read):
            yield name, sum(size(one) for one in read if getattr(one, field))
