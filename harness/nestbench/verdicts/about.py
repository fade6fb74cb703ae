"""What goes wrong where a case says that its symptom shows: then it is a finding and no mere note."""

from collections.abc import Iterator, Sequence

from nestbench.verdicts.variables import done, names, parameters_of, text_of
from nestbench.verdicts.verdict import Finding, Verdict
from nestprobe.observation import Observation, Status, VariableRecord

__all__ = ["about"]

_FILES = {
    "model-file": ("model", "the model file", "in_model_file", "restored_from_model_file"),
    "checkpoint": ("checkpoint", "the TF checkpoint", "in_checkpoint", "restored_from_checkpoint"),
}
#: In which phase ``summary()`` is held against the forward pass: the model exists as a whole.
_SUMMARISED = {"summary": "called", "summary-after-fit": "trained"}


def about(observation: Observation, words: Sequence[str], oracle: int | None) -> Iterator[Finding]:
    """Findings of the places that ``words`` (of a case's ``about``) name."""
    for word in words:
        if word in _FILES:
            yield from _file(observation, *_FILES[word])
        elif word == "clone":
            yield from _clone(observation, oracle)
        elif word in _SUMMARISED:
            yield from _summary(observation, _SUMMARISED[word], oracle)


def _file(observation: Observation, kind: str, words: str, held: str, back: str) -> Iterator[Finding]:
    saved = observation.phases.get(f"saved-{kind}")
    if saved is not None and saved.status == Status.SKIPPED and done(observation, "called"):
        yield Finding(Verdict.NOT_APPLICABLE, f"{words} was not tried: {saved.reason}")
    yield from _raised(observation, f"saved-{kind}")
    yield from _raised(observation, f"reloaded-{kind}")
    read = parameters_of(observation.variables)
    lost = _where(read, held) if done(observation, f"saved-{kind}") else []
    if lost:
        yield Finding(Verdict.UNSAVED, f"not in {words}: {names(lost)}")
    if not done(observation, f"reloaded-{kind}"):
        return
    away = [variable for variable in _where(read, back) if variable not in lost]
    if away:
        yield Finding(Verdict.UNSAVED, f"in {words} but does not come back: {names(away)}")
    if observation.phases[f"reloaded-{kind}"].same_output is False:
        yield Finding(Verdict.UNSAVED, f"what is reloaded from {words} gives another output")


def _where(variables: Sequence[VariableRecord], field: str) -> list[VariableRecord]:
    return [variable for variable in variables if getattr(variable, field) is False]


def _clone(observation: Observation, oracle: int | None) -> Iterator[Finding]:
    yield from _raised(observation, "cloned")
    cloned = observation.phases.get("cloned")
    counted = cloned.model.count_params if cloned is not None and cloned.model is not None else None
    if counted is not None and oracle is not None and counted < oracle:
        yield Finding(
            Verdict.UNCOUNTED,
            f"the clone's count_params() is {counted}, the original's forward pass reads {oracle}",
        )


def _summary(observation: Observation, phase: str, oracle: int | None) -> Iterator[Finding]:
    record = observation.phases.get(phase)
    model = record.model if record is not None else None
    if model is None:
        return
    if "summary" in model.raised:
        said = f"summary() in phase {phase} raised {text_of(model.raised['summary'])}"
        yield Finding(Verdict.RAISES, said)
    elif model.summary_total is not None and oracle is not None and model.summary_total != oracle:
        said = f"summary() totals {model.summary_total} in phase {phase}, the forward pass reads {oracle}"
        yield Finding(Verdict.UNCOUNTED if model.summary_total < oracle else Verdict.OVERCOUNTED, said)


def _raised(observation: Observation, phase: str) -> Iterator[Finding]:
    record = observation.phases.get(phase)
    if record is not None and record.status == Status.RAISED:
        yield Finding(Verdict.RAISES, f"{phase} raised {text_of(record.raised)}")
