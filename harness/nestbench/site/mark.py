"""What a square of the matrix looks like: an icon, a short text and a colour, never a colour alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from nestbench.frames import State
from nestbench.report.grid import Square
from nestbench.report.words import LOOKS, MISSING, STALE
from nestbench.verdicts import Verdict

__all__ = ["Mark", "Said", "legend", "mark", "mark_of", "together"]

_KINDS = {
    Verdict.TRACKED: ("t", "✓", "ok"),
    Verdict.UNCOUNTED: ("l", "✗", ""),
    Verdict.UNTRAINED: ("l", "✗", ""),
    Verdict.OVERTRAINED: ("l", "✗", ""),
    Verdict.UNSAVED: ("l", "✗", ""),
    Verdict.RAISES: ("r", "▲", "err"),
    Verdict.CRASHED: ("r", "▲", "dies"),
    Verdict.TIMED_OUT: ("r", "▲", "hangs"),
    Verdict.OVERCOUNTED: ("o", "◆", "+"),
    Verdict.CASE_WRONG: ("w", "◼", "case?"),
    Verdict.UNAVAILABLE: ("u", "?", "n/m"),
    Verdict.NOT_APPLICABLE: ("n", "–", "n/a"),  # noqa: RUF001 - a dash
}
_MISSING = ("m", MISSING.symbol, "")
#: Stands behind what is known to deviate from what was accepted.
KNOWN = "≈"
_MOST = 3

#: Findings of one square, the headline first; nothing where it was not measured.
Said = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """``kind``: a letter for the colour. ``words``: for who hears it or points at it."""

    kind: str
    text: str
    words: str
    stale: bool = False


def mark(square: Square, deviation: str = "") -> Mark:
    """The mark of a square of ``make_grid``; ``deviation``: why it is known to deviate, where it is."""
    plain = mark_of(square.findings, stale=square.state is State.STALE)
    if not deviation:
        return plain
    return replace(plain, text=plain.text + KNOWN, words=f"{plain.words}; a known deviation: {deviation}")


def mark_of(said: Said, *, stale: bool = False) -> Mark:
    """The mark of what a stack says; ``stale``: measured with another case, lock or probe."""
    if not said:
        return Mark(kind=_MISSING[0], text=MISSING.symbol, words=MISSING.meaning)
    verdicts = [Verdict(name) for name in said]
    kind, icon, _ = _KINDS[verdicts[0]]
    letters = "".join(LOOKS[one].symbol for one in verdicts if not _KINDS[one][2])
    others = [_KINDS[one][2] for one in verdicts if _KINDS[one][2]]
    star = STALE.symbol if stale else ""
    return Mark(
        kind=kind,
        text=" ".join(filter(None, [icon, letters, *others])) + star,
        words=", ".join(said) + (f" ({STALE.meaning})" if stale else ""),
        stale=stale,
    )


def together(marks: Sequence[Mark]) -> Mark:
    """The mark of several columns, in their order: what they say, and where it changes."""
    known = [one for one in marks if one.kind != _MISSING[0]]
    if not known:
        return mark_of(())
    runs: list[Mark] = []
    for one in known:
        if not runs or (runs[-1].kind, runs[-1].text) != (one.kind, one.text):
            runs.append(one)
    if len(runs) == 1 and len(known) == len(marks):
        return runs[0]
    told = [one.text for one in runs]
    text = " → ".join(told) if len(runs) <= _MOST else f"{told[0]} … {told[-1]}"
    if len(known) < len(marks):
        text += f" {MISSING.symbol}"
    return Mark(kind="x", text=text, words=", then ".join(one.words for one in runs))


def legend(used: Iterable[str] | None = None) -> list[tuple[Mark, str, str]]:
    """Mark, name and meaning of every verdict and of what was not measured; of those ``used`` alone."""
    wanted = None if used is None else set(used)
    rows = [
        (mark_of((str(name),)), str(name), look.meaning)
        for name, look in LOOKS.items()
        if wanted is None or str(name) in wanted
    ]
    rows.append((mark_of(()), "not measured", "never counted as anything else"))
    for symbol, name, meaning in (
        (KNOWN, "known deviation", "differs from what was accepted, and it is written down why"),
        (STALE.symbol, "stale", STALE.meaning),
    ):
        rows.append((Mark(kind="m", text=symbol, words=meaning), name, meaning))
    return rows
