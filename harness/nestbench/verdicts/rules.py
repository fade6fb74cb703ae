"""The rules: each gives the findings of its kind with their evidence."""

from collections.abc import Iterator, Sequence

from nestbench.verdicts.variables import (
    done,
    is_floating,
    names,
    parameters_of,
    size,
    text_of,
)
from nestbench.verdicts.verdict import Finding, Verdict
from nestprobe.observation import ModelRecord, Observation, OutcomeKind, Status, VariableRecord

__all__ = [
    "LOUD",
    "count",
    "ends",
    "listed_wrongly",
    "overtrained",
    "raises",
    "unsaved",
    "untrained",
    "with_detail",
    "wrong",
]

_ENDED = {
    OutcomeKind.CRASHED: (Verdict.CRASHED, "the process was killed"),
    OutcomeKind.EXITED: (Verdict.CRASHED, "the process ended itself"),
    OutcomeKind.OUT_OF_MEMORY: (Verdict.CRASHED, "the memory limit was reached"),
    OutcomeKind.TIMED_OUT: (Verdict.TIMED_OUT, "the time limit was reached"),
}
#: What the probe raises where a case returns something else than a model.
NOT_A_MODEL = "NotAModel"
#: Phases whose exception is a finding; that of another phase is a note.
LOUD = ("constructed", "called", "called-in-training", "saved-weights", "reloaded-weights", "trained")


def ends(observation: Observation) -> list[Finding]:
    outcome = observation.outcome
    if outcome.kind not in _ENDED:
        return []
    verdict, words = _ENDED[outcome.kind]
    where = f" in phase {outcome.phase}" if outcome.phase else ""
    where += ", in which the model is made" if outcome.phase == "built" else ""
    return [Finding(verdict, with_detail(words + where, outcome.detail))]


def raises(observation: Observation, trainable: int) -> Iterator[Finding]:
    for name in LOUD:
        phase = observation.phases.get(name)
        # Keras refuses to fit what has nothing to train; where that is meant it is no fault.
        meant = name == "trained" and trainable == 0
        if phase is not None and phase.status == Status.RAISED and not meant:
            yield Finding(Verdict.RAISES, f"{name} raised {text_of(phase.raised)}")


def wrong(observation: Observation, oracle: int | None, parameters: int) -> list[Finding]:
    """The case itself is at fault: then nothing else that was found can be trusted."""
    constructed = observation.phases.get("constructed")
    made = constructed.raised if constructed is not None else None
    if made is not None and made.type == NOT_A_MODEL:
        return [Finding(Verdict.CASE_WRONG, made.message)]
    if oracle is None or oracle == parameters:
        return []
    read = names(parameters_of(observation.variables)) or "nothing"
    return [
        Finding(
            Verdict.CASE_WRONG,
            f"the case's arithmetic gives {parameters}, the forward pass reads {oracle} ({read})",
        )
    ]


def count(model: ModelRecord | None, observation: Observation, oracle: int, when: str) -> list[Finding]:
    """What ``count_params()`` says against the oracle; integer state may be counted on top."""
    if model is not None and "count_params" in model.raised:
        text = text_of(model.raised["count_params"])
        return [Finding(Verdict.RAISES, f"count_params() {when} raised {text}")]
    counted = model.count_params if model is not None else None
    if counted is None:
        return [Finding(Verdict.UNAVAILABLE, f"count_params() {when} was not measured")]
    state = sum(
        size(variable)
        for variable in observation.variables
        if variable.in_weights and not is_floating(variable)
    )
    said = f"count_params() {counted} {when}, the forward pass reads {oracle}"
    if counted < oracle:
        return [Finding(Verdict.UNCOUNTED, said)]
    if counted > oracle + state:
        return [Finding(Verdict.OVERCOUNTED, said)]
    return []


def listed_wrongly(variables: Sequence[VariableRecord]) -> Iterator[Finding]:
    lost = [variable for variable in parameters_of(variables) if variable.in_weights == 0]
    twice = [variable for variable in variables if variable.in_weights > 1]
    idle = [
        variable
        for variable in variables
        if variable.in_weights and not variable.used and is_floating(variable)
    ]
    if lost:
        yield Finding(Verdict.UNCOUNTED, f"not in weights: {names(lost)}")
    if twice:
        yield Finding(Verdict.OVERCOUNTED, f"more than once in weights: {names(twice)}")
    if idle:
        yield Finding(Verdict.OVERCOUNTED, f"in weights and never read: {names(idle)}")


def untrained(observation: Observation, trainable: int) -> Iterator[Finding]:
    """Judged by sums, as ``overtrained``: a case says how much is meant to be trained, not which variables.

    A frozen half that is trained instead of a free one of its size would pass; a test names the cases that
    have such halves.
    """
    if not done(observation, "trained"):
        return
    read = parameters_of(observation.variables)
    still = [variable for variable in read if variable.changed_by_step is False]
    # A moving statistic that ``fit`` changes makes up for no other: it was not meant to be trained.
    moved = [variable for variable in read if variable.changed_by_step and variable.gradient is False]
    # A variable whose change was not measured is given the benefit of the doubt.
    changed = sum(map(size, read)) - sum(map(size, still)) - sum(map(size, moved))
    if still and changed < trainable:
        yield Finding(
            Verdict.UNTRAINED,
            f"one optimizer step changes {changed} of {trainable} scalars meant to be trained; "
            f"unchanged: {names(still)}",
        )


def overtrained(observation: Observation, trainable: int) -> Iterator[Finding]:
    """A moving statistic has no gradient: that ``fit`` changes it is what it is for."""
    moved = [
        variable
        for variable in parameters_of(observation.variables)
        if variable.changed_by_step and variable.gradient
    ]
    changed = sum(size(variable) for variable in moved)
    if changed > trainable:
        said = f"one optimizer step changes {changed} scalars, {trainable} were meant to be trained"
        yield Finding(Verdict.OVERTRAINED, f"{said}; changed: {names(moved)}")


def unsaved(observation: Observation) -> Iterator[Finding]:
    # An integer (a seed, a counter) holds no fingerprint: whether it is in the file is not measured.
    reloaded = observation.phases.get("reloaded-weights")
    same = reloaded is not None and reloaded.same_output is True
    # A file may hold a weight in another form (a kernel merged with its adapter): then a fresh
    # instance gives the same output, although the values that were searched for are not there.
    used = [
        variable
        for variable in observation.variables
        if variable.used and not (same and variable.used_in_inference)
    ]
    lost: list[VariableRecord] = []
    if done(observation, "saved-weights"):
        lost = [variable for variable in used if variable.in_weights_file is False]
        if lost:
            yield Finding(Verdict.UNSAVED, f"not in the weights file: {names(lost)}")
    if reloaded is None or reloaded.status != Status.DONE:
        return
    stays_away = [
        variable for variable in used if variable.restored_from_weights_file is False and variable not in lost
    ]
    if stays_away:
        yield Finding(
            Verdict.UNSAVED,
            f"in the weights file but does not come back: {names(stays_away)}",
        )
    if reloaded.same_output is False:
        yield Finding(Verdict.UNSAVED, "a fresh instance with the reloaded weights gives another output")


def with_detail(words: str, detail: str) -> str:
    return f"{words}: {detail}" if detail else words
