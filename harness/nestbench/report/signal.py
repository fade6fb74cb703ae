"""One signal in a square: its value, or what became of the phase that it would have been measured in."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nestbench.errors import UsageError
from nestbench.frames import Result, signals_frame
from nestbench.report.words import LOOKS, MISSING
from nestbench.verdicts import Entry, Verdict
from nestprobe.observation import PhaseRecord, Raised, Status

if TYPE_CHECKING:
    import pandas as pd

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
    frame: pd.DataFrame = signals_frame(results)
    names = frame["phase"] + "." + frame["signal"]
    if show not in set(names):
        known = sorted(set(names))
        near = difflib.get_close_matches(show, known, n=4, cutoff=0.4) or known[:8]
        raise UsageError(
            f"no result has a signal {show!r}",
            why="A signal is written phase.signal; one that no stack measured is unknown too.",
            do=f"Nearest: {', '.join(near)}." if near else "Run first: there are no results.",
        )
    chosen = frame[names == show]
    keys = zip(chosen["stack"], chosen["case"], chosen["variant"], strict=True)
    values = dict(zip(keys, chosen["value"], strict=True))
    found = {}
    for result in results:
        key = (result.cell.stack, result.cell.case.id, result.cell.variant.label)
        found[key] = _told(result, show, values.get(key))
    return found


def _told(result: Result, show: str, value: Any) -> Told:
    name, signal = show.split(".", 1)
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
