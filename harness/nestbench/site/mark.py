"""What a square of the matrix looks like: an icon, a short text and a colour, never a colour alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from nestbench.frames import State
from nestbench.report.grid import Square
from nestbench.report.words import LOOKS, MISSING, STALE
from nestbench.verdicts import Verdict

__all__ = [
    "NOT_KNOWN",
    "NOT_MEASURED",
    "SILENT",
    "Mark",
    "Said",
    "legend",
    "mark",
    "mark_of",
    "names",
    "together",
]

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
#: Verdicts by which something is lost without a word.
SILENT = frozenset(verdict for verdict, (kind, *_) in _KINDS.items() if kind == "l")
#: The kind of a square of which nothing is known.
NOT_MEASURED = "m"
#: Kinds of squares that tell nothing of what the stack does.
NOT_KNOWN = "mu"
_MISSING, _UNSTABLE = "not measured", "unstable"
_FLIPS = "flips"
#: Stand behind what else a square says: the name of each, and its meaning.
_KNOWN = ("≈", "known deviation", "differs from what was accepted, and it is written down why")
_STALE = (STALE.symbol, "stale", STALE.meaning)
#: Said of a square that is ok: it is no finding of the case, and it is lost as silently.
_FILES = ("†", "other file", "what is saved in the model file or in a TF checkpoint does not all come back")
_SIGNS = (_KNOWN, _FILES, _STALE)
_MOST = 3

#: Findings of one square, the headline first; nothing where it was not measured.
Said = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """``kind``: a letter for the colour. ``words``: for who hears it or points at it."""

    kind: str
    text: str
    words: str

    @property
    def plain(self) -> tuple[str, str]:
        """What it says, without what only stands behind it; a file that loses something is said."""
        return self.kind, self.text.rstrip(_KNOWN[0] + _STALE[0])


def mark(square: Square, *, deviation: str = "", unstable: str = "", lossy: Sequence[str] = ()) -> Mark:
    """The mark of a square of ``make_grid``.

    ``deviation``: why it is known to deviate; ``unstable``: in what a second try said something else;
    ``lossy``: files from which not all comes back.
    """
    found = mark_of(square.findings, stale=square.state is State.STALE)
    if lossy and found.kind == _KINDS[Verdict.TRACKED][0]:
        words = f"{found.words}; not all comes back from {', '.join(lossy)}"
        found = replace(found, text=found.text + _FILES[0], words=words)
    if unstable:
        words = f"{_UNSTABLE}: {found.words} at first; a second try, in a fresh process: {unstable}"
        found = Mark(kind="i", text=f"⇄ {_FLIPS}", words=words)
    if deviation:
        words = f"{found.words}; a known deviation: {deviation}"
        found = replace(found, text=found.text + _KNOWN[0], words=words)
    return found


@cache
def mark_of(said: Said, *, stale: bool = False) -> Mark:
    """The mark of what a stack says; ``stale``: measured with another case, lock or probe."""
    if not said:
        return Mark(kind=NOT_MEASURED, text=MISSING.symbol, words=MISSING.meaning)
    verdicts = [Verdict(name) for name in said]
    kind, icon, _ = _KINDS[verdicts[0]]
    letters = "".join(LOOKS[one].symbol for one in verdicts if not _KINDS[one][2])
    others = [_KINDS[one][2] for one in verdicts if _KINDS[one][2]]
    return Mark(
        kind=kind,
        text=" ".join(filter(None, [icon, letters, *others])) + (_STALE[0] if stale else ""),
        words=", ".join(said) + (f" ({STALE.meaning})" if stale else ""),
    )


def together(marks: Sequence[Mark]) -> Mark:
    """The mark of several columns, in their order: what they say, and where it changes."""
    known = [one for one in marks if one.kind != NOT_MEASURED]
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


def legend() -> list[tuple[Mark, str, str]]:
    """Mark, name and meaning of every verdict, and of what else a square can say."""
    flips = Mark(kind="i", text=f"⇄ {_FLIPS}", words=_UNSTABLE)
    return [
        *((mark_of((str(name),)), str(name), look.meaning) for name, look in LOOKS.items()),
        (flips, _UNSTABLE, "a second try, in a fresh process, said something else"),
        (mark_of(()), _MISSING, "never counted as anything else"),
        *((Mark(kind=NOT_MEASURED, text=sign, words=told), name, told) for sign, name, told in _SIGNS),
    ]


def names() -> dict[str, str]:
    """What stands for what in the text of a mark: each letter of ``CTS``, each word, each sign behind."""
    verdicts = {(_KINDS[name][2] or look.symbol): str(name) for name, look in LOOKS.items()}
    signs = {sign: name for sign, name, _ in _SIGNS}
    return {**verdicts, _FLIPS: _UNSTABLE, MISSING.symbol: _MISSING, **signs}
