"""Where a case stands, for the head of its page: on the newest release, on how many stacks, how it grows."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nestbench.names import joined, number_of
from nestbench.site.mark import NOT_KNOWN
from nestbench.site.state import where
from nestbench.site.study import Study, VariantStudy
from nestbench.site.survey import Survey
from nestbench.verdicts import Entry

if TYPE_CHECKING:
    from nestbench.growth.fitting import Told

__all__ = ["standing"]

_LOSSY = "†"
#: What a square says by its colour, the gravest first; a stack counts for each that a variant says there.
_KINDS = {
    "l": "loses something without a word",
    "r": "raises an error",
    "i": "said something else when it was tried again",
    "o": "is overcounted",
    _LOSSY: "is tracked and does not come back whole from the model file or a TF checkpoint",
}
_SILENT = NOT_KNOWN + "nw"


def standing(survey: Survey, study: Study, told: Sequence["Told"] = ()) -> list[str]:
    """Sentences; none where nothing is measured. ``told``: what is known of its growth."""
    return [*_now(survey, study), *_everywhere(survey, study), *_growing(told)]


def _now(survey: Survey, study: Study) -> Iterator[str]:
    newest = survey.newest
    if newest is None:
        return
    groups: dict[str, list[str]] = {}
    for one in study.variants:
        known = one.behaviours.get(newest.stack)
        words = known.words if known is not None else one.marks[Entry.CALL][newest.stack].words
        groups.setdefault(words, []).append(one.variant.label)
    said = [words if len(groups) == 1 else f"{joined(labels)}: {words}" for words, labels in groups.items()]
    yield f"On {where(newest)}: {'; '.join(said)}."


def _everywhere(survey: Survey, study: Study) -> Iterator[str]:
    kinds = [_kinds(study.variants, stack) for stack in survey.source.stacks]
    measured = [kind for kind in kinds if kind]
    if not measured:
        return
    of = number_of(len(measured), "stack")
    parts = [
        f"{words} on {count}"
        for kind, words in _KINDS.items()
        if (count := sum(kind in found for found in measured))
    ]
    whose = "A variant of it" if len(study.variants) > 1 else "It"
    yield f"{whose} {joined(parts)} of {of}." if parts else f"It is tracked on all of {of}."


def _kinds(variants: Sequence[VariantStudy], stack: str) -> set[str]:
    """What any of the variants says there; empty where nothing of them is known."""
    marks = [one.marks[Entry.CALL][stack] for one in variants]
    kinds = {mark.kind for mark in marks if mark.kind not in _SILENT}
    return kinds | {_LOSSY} if any(one.is_lossy(stack) for one in variants) else kinds


def _growing(told: Sequence["Told"]) -> Iterator[str]:
    """The power of the user's own calls while it is built, exact in every run; of stacks alike together."""
    if not told:
        return
    from nestbench.growth.fitting import Quantity
    from nestbench.growth.record import Part

    for part in (Part.BUILD, Part.FIRST_CALL):
        powers: dict[str, list[str]] = {}
        for one in told:
            growth = one.curves[Quantity.USER_CALLS].growth
            if one.part is part and growth is not None:
                powers.setdefault(f"{growth.exponent:.2f}", []).append(one.stack)
        if powers:
            said = [f"{power} on {joined(stacks)}" for power, stacks in powers.items()]
            yield f"Runs of user call() grow with {told[0].growing} to the power {'; '.join(said)}."
            return
