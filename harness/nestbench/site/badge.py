"""Badges that a README can show: a stack's or a case's state, as a small SVG."""

from nestbench.names import number_of
from nestbench.site.mark import NOT_KNOWN
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
    """``nested layers on tf2.15 | 240/293 safe``; never good where something is not measured."""
    tally = survey.tally(stack)
    judged, missing = tally.judged, tally[NOT_KNOWN]
    share = tally.safe / judged if judged else 0.0
    good = share >= _GOOD and not missing
    state = "unknown" if not judged else "good" if good else "mixed" if share >= _MIXED else "bad"
    words = f"{tally.safe}/{judged} safe" if judged else "not measured"
    if judged and missing:
        words += f", {missing} not measured"
    return _badge(f"nested layers on {stack}", words, state)


def case_badge(survey: Survey, study: Study) -> str:
    """``raw-variable-attribute | safe on 30 of 58 stacks``: where every variant that applies was measured."""
    safe = judged = 0
    for stack in survey.source.stacks:
        kinds = {one.marks[Entry.CALL][stack].kind for one in study.variants} - {"n"}
        judged += bool(kinds - {"w", *NOT_KNOWN})
        safe += kinds == {"t"} and not any(one.is_lossy(stack) for one in study.variants)
    state = "unknown" if not judged else "good" if safe == judged else "mixed" if safe else "bad"
    words = f"safe on {safe} of {number_of(judged, 'stack')}" if judged else "not measured"
    return _badge(study.entry.id, words, state)


def _badge(left: str, right: str, state: str) -> str:
    widths = [round(len(text) * _CHARACTER) + 2 * _PADDING for text in (left, right)]
    return render(
        "badge.svg", left=left, right=right, colour=_COLOURS[state], widths=widths, padding=_PADDING
    )
