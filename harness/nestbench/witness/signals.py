"""What can show a verdict to someone who has Keras and nothing else: one signal or more a finding."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from nestbench.frames import Result
from nestbench.verdicts import Entry, Judgement, Verdict, size
from nestbench.verdicts.rules import LOUD
from nestbench.verdicts.variables import is_floating
from nestprobe.observation import Observation, PhaseRecord, Status

__all__ = ["Signal", "changed_by_step", "raising_phase", "signals"]


class Signal(StrEnum):
    """One thing that a script shows, in the order in which it does."""

    COUNT = "count"
    LISTED = "listed"
    BUILD = "build"
    SUMMARY = "summary"
    WEIGHTS = "weights file"
    CHECKPOINT = "checkpoint"
    MODEL_FILE = "model file"
    CLONE = "clone"
    STEP = "step"
    SUMMARY_AFTER_FIT = "summary after fit"
    RAISES = "exception"


_ABOUT = {
    "model-file": ("saved-model", "reloaded-model"),
    "checkpoint": ("saved-checkpoint", "reloaded-checkpoint"),
    "clone": ("cloned",),
}


def signals(result: Result) -> list[tuple[Signal, Verdict]]:
    """What can show the verdicts of a measured cell, the gravest first, with the verdict it shows.

    Empty where nothing can, as what was measured has no sign that a plain script would see.
    """
    found: dict[Signal, Verdict] = {}
    call, build = result.judgement(Entry.CALL), result.judgement(Entry.BUILD)
    assert call is not None
    assert result.observation is not None
    for verdict in call.findings:
        signs = _SIGNS[verdict](result, result.observation, call) if verdict in _SIGNS else ()
        for signal in signs:
            found.setdefault(signal, verdict)
            if verdict is Verdict.TRACKED and _built_differs(call, build):
                found.setdefault(Signal.BUILD, verdict)
    if found and call.expected is not None and call.counted is not None:
        if _built_differs(call, build):
            found.setdefault(Signal.BUILD, Verdict.TRACKED)
        found.setdefault(Signal.COUNT, Verdict.TRACKED)
    return list(found.items())


def _built_differs(call: Judgement, build: Judgement | None) -> bool:
    return build is not None and build.counted not in {None, call.counted}


def _tracked(result: Result, seen: Observation, call: Judgement) -> Iterator[Signal]:
    if call.counted is not None:
        yield Signal.COUNT
    if _same_output(seen, "weights") is True:
        yield Signal.WEIGHTS
    if changed_by_step(seen) == result.cell.variant.trainable:  # statistics that move are changed beside
        yield Signal.STEP


def _miscounted(result: Result, seen: Observation, call: Judgement, *, more: bool) -> Iterator[Signal]:
    used, about = call.expected or 0, result.cell.case.about

    def shows(counted: int | None) -> bool:
        return counted is not None and (counted > used if more else counted < used)

    if shows(call.counted):
        yield Signal.COUNT
    if "summary" in about and shows(_summary_total(seen.phases.get("called"))):
        yield Signal.SUMMARY
    if "summary-after-fit" in about and shows(_summary_total(seen.phases.get("trained"))):
        yield Signal.SUMMARY_AFTER_FIT
    if more and any(one.in_weights > 1 for one in seen.variables):
        yield Signal.LISTED
    cloned = seen.phases.get("cloned")
    if (
        "clone" in about
        and not more
        and shows(cloned.model.count_params if cloned and cloned.model else None)
    ):
        yield Signal.CLONE


def _uncounted(result: Result, seen: Observation, call: Judgement) -> Iterator[Signal]:
    return _miscounted(result, seen, call, more=False)


def _overcounted(result: Result, seen: Observation, call: Judgement) -> Iterator[Signal]:
    return _miscounted(result, seen, call, more=True)


def _untrained(result: Result, seen: Observation, _: Judgement) -> Iterator[Signal]:
    changed = changed_by_step(seen)
    if changed is not None and changed < result.cell.variant.trainable:
        yield Signal.STEP


def _overtrained(result: Result, seen: Observation, _: Judgement) -> Iterator[Signal]:
    changed = changed_by_step(seen)
    if changed is not None and changed > result.cell.variant.trainable:
        yield Signal.STEP


def _unsaved(result: Result, seen: Observation, _: Judgement) -> Iterator[Signal]:
    about = result.cell.case.about
    if _same_output(seen, "weights") is False:
        yield Signal.WEIGHTS
    if "checkpoint" in about and _same_output(seen, "checkpoint") is False:
        yield Signal.CHECKPOINT
    if "model-file" in about and _same_output(seen, "model") is False:
        yield Signal.MODEL_FILE


def _raises(result: Result, _: Observation, __: Judgement) -> Iterator[Signal]:
    if raising_phase(result) is not None:
        yield Signal.RAISES


_SIGNS: Mapping[Verdict, Callable[[Result, Observation, Judgement], Iterator[Signal]]] = {
    Verdict.TRACKED: _tracked,
    Verdict.UNCOUNTED: _uncounted,
    Verdict.OVERCOUNTED: _overcounted,
    Verdict.UNTRAINED: _untrained,
    Verdict.OVERTRAINED: _overtrained,
    Verdict.UNSAVED: _unsaved,
    Verdict.RAISES: _raises,
}


def _summary_total(phase: PhaseRecord | None) -> int | None:
    return phase.model.summary_total if phase is not None and phase.model is not None else None


def changed_by_step(seen: Observation) -> int | None:
    """Number of scalars that one step changes; None where that was not measured."""
    floats = [one for one in seen.variables if is_floating(one)]
    if not floats or any(one.changed_by_step is None for one in floats):
        return None
    return sum(size(one) for one in floats if one.changed_by_step)


def raising_phase(result: Result) -> str | None:
    """The first phase whose exception is a finding; ``summary`` where ``summary()`` raised it."""
    seen, case = result.observation, result.cell.case
    assert seen is not None
    for name in (*LOUD, *(phase for word in case.about for phase in _ABOUT.get(word, ()))):
        phase = seen.phases.get(name)
        meant = name == "trained" and result.cell.variant.trainable == 0
        if phase is not None and phase.status == Status.RAISED and not meant:
            return name
    called = seen.phases.get("called")
    if "summary" in case.about and called and called.model and "summary" in called.model.raised:
        return "summary"
    return None


def _same_output(seen: Observation, kind: str) -> bool | None:
    phase = seen.phases.get(f"reloaded-{kind}")
    return phase.same_output if phase is not None else None
