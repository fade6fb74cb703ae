"""What an observation means: pure rules from what was measured and what the author expects.

Two entries are judged. ``call`` is the full protocol: the model is called, trained, saved and
reloaded. ``build`` is what ``model.build(shape)`` alone leaves, held against the same oracle.

The rules, in words:

- The oracle is the number of scalars in the floating variables that the forward pass was seen to
  read. Integer, boolean and random state is state, not parameters. Where the oracle differs from
  the case's arithmetic the case is wrong, and nothing else that was found can be trusted.
- Silent loss outranks an error, an error outranks overcounting. That holds for a crash too: a loss
  that was measured before the process died stays proven. What was not measured proves nothing.
- A model is ``unsaved`` where a variable that it uses is not in the weights file, or is in it and
  does not come back into a fresh instance, or where that instance then computes something else.
  The weights file decides: it is the way of saving that every release has. What becomes of the
  model file, the TF checkpoint and the clone stands in the notes and changes no verdict.
- Counters of random generators (seeds) are not expected in a weights file.
- An entry whose oracle is unknown, because the call failed, is judged by the failure alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from nestprobe.observation import (
    ModelRecord,
    Observation,
    OutcomeKind,
    PhaseRecord,
    Raised,
    Status,
    VariableRecord,
)

__all__ = ["Entry", "Judgement", "Verdict", "is_parameter", "judge", "size", "unmeasured"]


class Entry(StrEnum):
    """By which door the model's variables came to be."""

    CALL = "call"
    BUILD = "build"


class Verdict(StrEnum):
    """In order of rank: the first of several findings is the headline."""

    CASE_WRONG = "case-wrong"
    UNCOUNTED = "uncounted"
    UNTRAINED = "untrained"
    UNSAVED = "unsaved"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    RAISES = "raises"
    OVERCOUNTED = "overcounted"
    UNAVAILABLE = "unavailable"
    NOT_APPLICABLE = "not-applicable"
    TRACKED = "tracked"


_RANK = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with what decided it.

    ``findings``: all that apply, the headline first. ``evidence``: a sentence or more per finding.
    ``notes``: what else was seen. ``counted`` and ``expected`` are numbers of scalars: what
    ``count_params()`` said and what the forward pass reads; None where not measured.
    """

    entry: Entry
    headline: Verdict
    findings: tuple[Verdict, ...]
    evidence: tuple[str, ...]
    notes: tuple[str, ...] = ()
    counted: int | None = None
    expected: int | None = None


@dataclass(frozen=True)
class _Finding:
    verdict: Verdict
    evidence: str


_ENDED = {
    OutcomeKind.CRASHED: (Verdict.CRASHED, "the process was killed"),
    OutcomeKind.EXITED: (Verdict.CRASHED, "the process ended itself"),
    OutcomeKind.OUT_OF_MEMORY: (Verdict.CRASHED, "the memory limit was reached"),
    OutcomeKind.TIMED_OUT: (Verdict.TIMED_OUT, "the time limit was reached"),
}
_NOT_MEASURED = {
    OutcomeKind.NOT_APPLICABLE: (Verdict.NOT_APPLICABLE, "the case needs what is not there"),
    OutcomeKind.NOT_LOADED: (Verdict.UNAVAILABLE, "the case file does not import on this stack"),
}
_LOUD = ("constructed", "called", "trained", "saved-weights", "reloaded-weights")
_NOTED = (
    "saved-model", "saved-checkpoint", "reloaded-model", "reloaded-checkpoint", "cloned"
)  # fmt: skip


def judge(
    observation: Observation, parameters: int, trainable: int
) -> tuple[Judgement, Judgement]:
    """The judgements of the entries call and build.

    ``parameters`` and ``trainable``: the case's arithmetic for this variant, numbers of scalars.
    """
    kind = observation.outcome.kind
    if kind in _NOT_MEASURED:
        verdict, words = _NOT_MEASURED[kind]
        said = _with_detail(words, observation.outcome.detail)
        return _only(Entry.CALL, verdict, said), _only(Entry.BUILD, verdict, said)
    return _judge_call(observation, parameters, trainable), _judge_build(observation, parameters)


def unmeasured(verdict: Verdict, why: str) -> tuple[Judgement, Judgement]:
    """Judgements of a cell that has no observation, e.g. because its stack cannot be made."""
    return _only(Entry.CALL, verdict, why), _only(Entry.BUILD, verdict, why)


def _judge_call(observation: Observation, parameters: int, trainable: int) -> Judgement:
    oracle = _oracle(observation, parameters)
    called = observation.phases.get("called")
    model = called.model if called else None
    counted = model.count_params if model else None
    findings = [*_ends(observation), *_raised(observation, trainable)]
    if oracle is not None:
        findings += _wrong(observation, oracle, parameters)
        findings += _count(model, observation, oracle, "after the call")
        findings += _listed_wrongly(observation.variables)
        findings += _untrained(observation, trainable)
        findings += _unsaved(observation)
    elif not findings:
        why = called.reason if called and called.reason else "the probe did not report a call"
        findings = [_Finding(Verdict.UNAVAILABLE, f"not measured: {why}")]
    sound = tuple(_sound(observation, counted))
    notes = tuple(_notes(observation, trainable))
    return _judgement(Entry.CALL, findings, sound, counted, oracle, notes)


def _judge_build(observation: Observation, parameters: int) -> Judgement:
    oracle = _oracle(observation, parameters)
    built = observation.phases.get("built")
    model = built.model if built else None
    counted = model.count_params if model else None
    findings: list[_Finding] = []
    if built is None:
        findings = _ends(observation) or [
            _Finding(Verdict.UNAVAILABLE, "the probe did not report build(shape)")
        ]
    elif built.status == Status.SKIPPED:
        reason = built.reason or "no reason given"
        findings = [_Finding(Verdict.NOT_APPLICABLE, f"build(shape) was skipped: {reason}")]
    elif built.status == Status.RAISED:
        findings = [_Finding(Verdict.RAISES, f"build(shape) raised {_text(built.raised)}")]
    elif model is not None and "count_params" in model.raised:
        findings = _count(model, observation, 0, "after build(shape)")
    elif oracle is None:
        findings = _ends(observation) or [
            _Finding(
                Verdict.UNAVAILABLE,
                f"count_params() {counted} after build(shape), but nothing to hold it against: "
                "the forward pass did not run",
            )
        ]
    else:
        findings = _wrong(observation, oracle, parameters)
        findings += _count(model, observation, oracle, "after build(shape)")
    return _judgement(Entry.BUILD, findings, (_as_many(counted),), counted, oracle, ())


def _judgement(
    entry: Entry,
    findings: Sequence[_Finding],
    sound: tuple[str, ...],
    counted: int | None,
    oracle: int | None,
    notes: tuple[str, ...],
) -> Judgement:
    ordered = sorted(findings, key=lambda finding: _RANK[finding.verdict])
    kinds = tuple(dict.fromkeys(finding.verdict for finding in ordered))
    if kinds:
        evidence = tuple(finding.evidence for finding in ordered)
    else:
        kinds = (Verdict.TRACKED,)
        evidence = sound
    return Judgement(
        entry=entry,
        headline=kinds[0],
        findings=kinds,
        evidence=evidence,
        notes=notes,
        counted=counted,
        expected=oracle,
    )


def _sound(observation: Observation, counted: int | None) -> Iterator[str]:
    """Evidence for ``tracked``: only what was measured is said."""
    yield _as_many(counted)
    for phase, words in (
        ("trained", "one optimizer step changes what is meant to be trained"),
        ("saved-weights", "every variable is in the weights file"),
        ("reloaded-weights", "every variable comes back from it"),
    ):
        if _done(observation, phase):
            yield words


def _as_many(counted: int | None) -> str:
    return f"count_params() {counted}, as many as the forward pass reads"


def _only(entry: Entry, verdict: Verdict, why: str) -> Judgement:
    return Judgement(entry=entry, headline=verdict, findings=(verdict,), evidence=(why,))


def _oracle(observation: Observation, parameters: int) -> int | None:
    """Scalars that the forward pass reads; None where it did not run to its end.

    Where the process died on the way its variables may be incomplete: then they are believed only
    if they agree with the arithmetic.
    """
    if not _done(observation, "called"):
        return None
    oracle = sum(size(variable) for variable in _read(observation.variables))
    cut_short = observation.outcome.kind != OutcomeKind.OBSERVED
    return None if cut_short and oracle != parameters else oracle


def _read(variables: Iterable[VariableRecord]) -> list[VariableRecord]:
    return [variable for variable in variables if is_parameter(variable)]


def is_parameter(variable: VariableRecord) -> bool:
    """Whether the oracle counts it: floating, and read by the forward pass."""
    return variable.used and _is_floating(variable)


def _is_floating(variable: VariableRecord) -> bool:
    return variable.dtype.startswith(("float", "bfloat", "complex"))


def _is_random_state(variable: VariableRecord) -> bool:
    """Told by name, because nothing else marks it: Keras names it seed, TensorFlow StateVar."""
    name = variable.name.lower()
    return not _is_floating(variable) and ("seed" in name or "statevar" in name)


def size(variable: VariableRecord) -> int:
    """Number of scalars."""
    return prod(variable.shape)


def _ends(observation: Observation) -> list[_Finding]:
    outcome = observation.outcome
    if outcome.kind not in _ENDED:
        return []
    verdict, words = _ENDED[outcome.kind]
    where = f" in phase {outcome.phase}" if outcome.phase else ""
    return [_Finding(verdict, _with_detail(words + where, outcome.detail))]


def _raised(observation: Observation, trainable: int) -> Iterator[_Finding]:
    for name in _LOUD:
        phase = observation.phases.get(name)
        # Keras refuses to fit what has nothing to train; where that is meant it is no fault.
        meant = name == "trained" and trainable == 0
        if phase is not None and phase.status == Status.RAISED and not meant:
            yield _Finding(Verdict.RAISES, f"{name} raised {_text(phase.raised)}")


def _wrong(observation: Observation, oracle: int, parameters: int) -> list[_Finding]:
    if oracle == parameters:
        return []
    read = _names(_read(observation.variables)) or "nothing"
    return [
        _Finding(
            Verdict.CASE_WRONG,
            f"the case's arithmetic gives {parameters}, the forward pass reads {oracle} ({read})",
        )
    ]


def _count(
    model: ModelRecord | None, observation: Observation, oracle: int, when: str
) -> list[_Finding]:
    """What ``count_params()`` says against the oracle; integer state may be counted on top."""
    if model is not None and "count_params" in model.raised:
        text = _text(model.raised["count_params"])
        return [_Finding(Verdict.RAISES, f"count_params() {when} raised {text}")]
    counted = model.count_params if model is not None else None
    if counted is None:
        return [_Finding(Verdict.UNAVAILABLE, f"count_params() {when} was not measured")]
    state = sum(
        size(variable)
        for variable in observation.variables
        if variable.in_weights and not _is_floating(variable)
    )
    said = f"count_params() {counted} {when}, the forward pass reads {oracle}"
    if counted < oracle:
        return [_Finding(Verdict.UNCOUNTED, said)]
    if counted > oracle + state:
        return [_Finding(Verdict.OVERCOUNTED, said)]
    return []


def _listed_wrongly(variables: Sequence[VariableRecord]) -> Iterator[_Finding]:
    lost = [variable for variable in _read(variables) if variable.in_weights == 0]
    twice = [variable for variable in variables if variable.in_weights > 1]
    idle = [
        variable
        for variable in variables
        if variable.in_weights and not variable.used and _is_floating(variable)
    ]
    if lost:
        yield _Finding(Verdict.UNCOUNTED, f"not in weights: {_names(lost)}")
    if twice:
        yield _Finding(Verdict.OVERCOUNTED, f"more than once in weights: {_names(twice)}")
    if idle:
        yield _Finding(Verdict.OVERCOUNTED, f"in weights and never read: {_names(idle)}")


def _untrained(observation: Observation, trainable: int) -> Iterator[_Finding]:
    if not _done(observation, "trained"):
        return
    read = _read(observation.variables)
    still = [variable for variable in read if variable.changed_by_step is False]
    # A variable whose change was not measured is given the benefit of the doubt.
    changed = sum(size(variable) for variable in read) - sum(map(size, still))
    if changed < trainable:
        yield _Finding(
            Verdict.UNTRAINED,
            f"one optimizer step changes {changed} of {trainable} scalars meant to be trained; "
            f"unchanged: {_names(still)}",
        )


def _unsaved(observation: Observation) -> Iterator[_Finding]:
    used = [
        variable
        for variable in observation.variables
        if variable.used and not _is_random_state(variable)
    ]
    lost: list[VariableRecord] = []
    if _done(observation, "saved-weights"):
        lost = [variable for variable in used if variable.in_weights_file is False]
        if lost:
            yield _Finding(Verdict.UNSAVED, f"not in the weights file: {_names(lost)}")
    reloaded = observation.phases.get("reloaded-weights")
    if reloaded is None or reloaded.status != Status.DONE:
        return
    stays_away = [
        variable
        for variable in used
        if variable.restored_from_weights_file is False and variable not in lost
    ]
    if stays_away:
        yield _Finding(
            Verdict.UNSAVED,
            f"in the weights file but does not come back: {_names(stays_away)}",
        )
    if reloaded.same_output is False:
        yield _Finding(
            Verdict.UNSAVED, "a fresh instance with the reloaded weights gives another output"
        )


def _notes(observation: Observation, trainable: int) -> Iterator[str]:
    read = _read(observation.variables)
    for name in _NOTED:
        phase = observation.phases.get(name)
        if phase is not None and phase.status == Status.RAISED:
            yield f"{name} raised {_text(phase.raised)}"
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
            yield f"{label}: {_names(lost)}"
    changed = sum(size(one) for one in read if one.changed_by_step)
    if changed > trainable:
        yield f"one optimizer step changes {changed} scalars, {trainable} were meant to be trained"
    late = [one for one in read if one.created_in != "called" and one.created_in != "constructed"]
    if late:
        places = sorted({one.created_in for one in late})
        yield f"made in phase {', '.join(places)}: {_names(late)}"
    for name in (*_LOUD, *_NOTED):
        phase = observation.phases.get(name)
        if phase is not None and _skipped_alone(phase, observation):
            yield f"{name} was skipped: {phase.reason}"


def _skipped_alone(phase: PhaseRecord, observation: Observation) -> bool:
    """Skipped for a reason of its own, not because an earlier phase failed."""
    failed = [name for name, one in observation.phases.items() if one.status != Status.DONE]
    reason = phase.reason or ""
    return phase.status == Status.SKIPPED and not any(name in reason for name in failed)


def _done(observation: Observation, name: str) -> bool:
    phase = observation.phases.get(name)
    return phase is not None and phase.status == Status.DONE


def _names(variables: Sequence[VariableRecord], most: int = 4) -> str:
    parts = [f"{one.name} {_shape(one.shape)}" for one in variables[:most]]
    if len(variables) > most:
        parts.append(f"and {len(variables) - most} more")
    return ", ".join(parts)


def _shape(shape: Sequence[int]) -> str:
    return "(" + ", ".join(str(side) for side in shape) + ("," if len(shape) == 1 else "") + ")"


def _text(raised: Raised | None) -> str:
    return f"{raised.type}: {raised.message}" if raised is not None else "an exception"


def _with_detail(words: str, detail: str) -> str:
    return f"{words}: {detail}" if detail else words
