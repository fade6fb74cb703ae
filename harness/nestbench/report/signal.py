"""One signal in a square: its value, or what became of the phase that it would have been measured in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nestbench.errors import UsageError, did_you_mean
from nestbench.frames import Result, signals
from nestbench.report.words import LOOKS, MISSING
from nestbench.verdicts import Entry, Verdict
from nestprobe.observation import PhaseRecord, Raised, Status

__all__ = ["Told", "told_by_cell"]

#: Verdicts of a cell in which a phase may be missing, the first that applies says why.
_CUT_SHORT = (
    Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.RAISES, Verdict.UNAVAILABLE, Verdict.NOT_APPLICABLE,
    Verdict.CASE_WRONG,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a square says of a signal; ``why``: sentences, where there is no value."""

    words: str
    symbol: str
    style: str = ""
    value: Any = None
    why: tuple[str, ...] = ()


_NOT_MEASURED = Told(words=MISSING.symbol, symbol=MISSING.symbol, style=MISSING.style)


def told_by_cell(results: Sequence[Result], show: str) -> Mapping[tuple[str, str, str], Told]:
    """What is to be said of the signal ``show`` (``phase.signal``), by stack, case and variant.

    Raises UsageError for a signal that no result has.
    """
    phase, _, signal = show.partition(".")
    found, has_value = {}, False
    for result in results:
        value = None
        if result.observation is not None:
            for _, name, one in signals(result.observation, phase):
                if name == signal:
                    value, has_value = one, True
        key = (result.cell.stack, result.cell.case.id, result.cell.variant.label)
        found[key] = _told(result, phase, signal, value)
    if not has_value:
        raise _unknown(results, show)
    return found


def _unknown(results: Sequence[Result], show: str) -> UsageError:
    measured = [result.observation for result in results if result.observation is not None]
    known = sorted({f"{phase}.{signal}" for one in measured for phase, signal, _ in signals(one)})
    phases = dict.fromkeys(name.partition(".")[0] for name in known)
    written = f"It is written phase.signal, as called.count_params is; the phases are {', '.join(phases)}."
    return UsageError(
        f"No result has a signal '{show}'.",
        why="it is no signal, or one that no stack measured",
        do=f"{did_you_mean(show, known)} {written}".strip() if known else "Run first: there are no results.",
    )


def _told(result: Result, name: str, signal: str, value: Any) -> Told:
    phase = result.observation.phases.get(name) if result.observation is not None else None
    unread = phase.model.raised.get(signal) if phase is not None and phase.model is not None else None
    if unread is not None:
        return _raised(f"{signal} in the phase {name}", unread, value)
    if value is not None:
        return Told(words=_plain(value), symbol=_plain(value), value=value)
    if phase is not None and phase.raised is not None:
        return _raised(name, phase.raised)
    return _cut_short(result, name, phase, signal)


def _cut_short(result: Result, name: str, phase: PhaseRecord | None, signal: str) -> Told:
    if phase is not None and phase.status == Status.SKIPPED:
        look = LOOKS[Verdict.UNAVAILABLE]
        why = (f"{name} was skipped: {phase.reason}",) if phase.reason else ()
        return Told(words="skipped", symbol=look.symbol, style=look.style, why=why)
    if phase is not None:
        return Told(words="nothing", symbol="nothing") if signal == "raised" else _NOT_MEASURED
    judged = result.judgement(Entry.CALL)
    if judged is None:
        return _NOT_MEASURED
    for verdict in _CUT_SHORT:
        if verdict in judged.findings:
            look = LOOKS[verdict]
            return Told(words=str(verdict), symbol=look.symbol, style=look.style, why=judged.evidence)
    return _NOT_MEASURED


def _raised(where: str, raised: Raised, value: Any = None) -> Told:
    look = LOOKS[Verdict.RAISES]
    return Told(
        words=f"raises {raised.type}",
        symbol=look.symbol,
        style=look.style,
        value=value,
        why=(f"{where} raised {raised.type}: {raised.message}",),
    )


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
