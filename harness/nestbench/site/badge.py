"""Badges that a README can show: a stack's or a case's state, as a small SVG."""

from nestbench.site.page import render
from nestbench.site.study import Study
from nestbench.site.survey import Survey
from nestbench.verdicts import Entry

__all__ = ["case_badge", "stack_badge"]

_COLOURS = {"good": "#1a7f37", "mixed": "#9a6700", "bad": "#b42318", "unknown": "#57606a"}
_GOOD, _MIXED = 0.95, 0.6
#: Pixels of a character of 11 px Verdana, on average; the text is told its width, so that fonts may differ.
_CHARACTER = 6.6
_PADDING = 10


def stack_badge(survey: Survey, stack: str) -> str:
    """``nested layers on tf2.15 | 240/293 safe``."""
    tally = survey.tally(stack)
    judged = tally["tlroi"]
    share = tally["t"] / judged if judged else 0.0
    state = "unknown" if not judged else "good" if share >= _GOOD else "mixed" if share >= _MIXED else "bad"
    words = f"{tally['t']}/{judged} safe" if judged else "not measured"
    return _badge(f"nested layers on {stack}", words, state)


def case_badge(survey: Survey, study: Study) -> str:
    """``raw-variable-attribute | safe on 30 of 58 stacks``."""
    safe = judged = 0
    for stack in survey.source.stacks:
        known = {one.marks[Entry.CALL][stack].kind for one in study.variants} - set("nuwm")
        judged += bool(known)
        safe += known == {"t"}
    state = "unknown" if not judged else "good" if safe == judged else "mixed" if safe else "bad"
    words = f"safe on {safe} of {judged} stacks" if judged else "not measured"
    return _badge(study.entry.id, words, state)


def _badge(left: str, right: str, state: str) -> str:
    widths = [round(len(text) * _CHARACTER) + 2 * _PADDING for text in (left, right)]
    return render(
        "badge.svg", left=left, right=right, colour=_COLOURS[state], widths=widths, padding=_PADDING
    )
