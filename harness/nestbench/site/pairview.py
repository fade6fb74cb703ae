"""The pair of stacks that most people ask for, as upgrade.js shows every pair: for who has no scripts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nestbench.changes import Behaviour
from nestbench.changes.pairing import Change, Direction, Pairing
from nestbench.names import number_of, ratio_of
from nestbench.site.mark import SILENT
from nestbench.site.survey import Survey
from nestbench.verdicts import Verdict

__all__ = ["pair_view"]

_TITLES = {
    Direction.WORSE: "Gets worse",
    Direction.OTHER: "Other trouble",
    Direction.BETTER: "Gets better",
}
_COST = "Behaves the same, at another cost"
_ARROW = "→"
_NOTABLE = 1.1  # as a factor between exact counts


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One case variant. ``sides``: what each stack says, and whether something is lost there in silence."""

    label: str
    case: str
    anchor: str
    sides: tuple[tuple[str, bool], ...]
    differences: tuple[str, ...]
    counts: str


def pair_view(
    survey: Survey, labels: Mapping[str, tuple[str, str]], unstable: Mapping[str, Mapping[str, str]]
) -> dict[str, Any] | None:
    """Headline and tables; None where there is no pair. ``labels``: case id and anchor of each variant."""
    if survey.usual is None:
        return None
    parts: dict[str, list[_Row]] = {title: [] for title in (*_TITLES.values(), _COST)}
    for one in survey.usual_changes:
        title = _title(one)
        if title and one.change is not None:
            parts[title].append(_row(one, one.change, survey.usual, labels, unstable))
    old, new = survey.usual
    return {
        "before": old,
        "after": new,
        "sentence": f"From {old} to {new}. {_sentence(survey.usual_changes)}",
        "parts": [(title, rows) for title, rows in parts.items() if rows],
    }


def _title(one: Pairing) -> str:
    if one.change is None:
        return ""
    way = one.change.direction
    return _TITLES.get(way, _COST if one.ratio >= _NOTABLE else "")


def _row(
    one: Pairing,
    change: Change,
    pair: tuple[str, str],
    labels: Mapping[str, tuple[str, str]],
    unstable: Mapping[str, Mapping[str, str]],
) -> _Row:
    case, anchor = labels[one.label]
    sides = zip(pair, (change.before, change.after), strict=True)
    same = change.direction is Direction.NONE
    return _Row(
        label=one.label,
        case=case,
        anchor=anchor,
        sides=tuple(
            (known.words + (" (unstable)" if stack in unstable[one.label] else ""), _is_silent(known))
            for stack, known in sides
        ),
        differences=() if same else tuple(change.before.differences(change.after, arrow=_ARROW)),
        counts="; ".join(_counts(one)),
    )


def _counts(one: Pairing) -> Iterator[str]:
    for name, (before, after) in one.counts.items():
        if before != after:
            times = f" (×{ratio_of(after / before)})" if before else ""  # noqa: RUF001 - times
            yield f"{name} {before} {_ARROW} {after}{times}"


def _is_silent(behaviour: Behaviour) -> bool:
    return Verdict(behaviour.call[0]) in SILENT


def _sentence(found: list[Pairing]) -> str:
    """``293 case variants on both: 104 worse, ...``, as upgrade.js says it of every pair."""
    changes = [one.change for one in found if one.change is not None]
    ways = Counter(one.direction for one in changes)
    unknown = len(found) - len(changes)
    said = (
        f"{number_of(len(changes), 'case variant')} on both: {ways[Direction.WORSE]} worse, "
        f"{ways[Direction.BETTER]} better, {ways[Direction.OTHER]} other trouble, "
        f"{ways[Direction.NONE]} the same" + (f"; {unknown} not compared." if unknown else ".")
    )
    worse = [one for one in changes if one.direction is Direction.WORSE and not one.by_errors_alone]
    silently = sum(_is_silent(one.after) for one in worse)
    fallen = sum(bool(one.lost) and not _is_silent(one.after) for one in worse)
    parts = [
        *([f"something is lost without a word in {silently}"] if silently else []),
        *([f"in a model file or a TF checkpoint alone in {fallen} more"] if fallen else []),
    ]
    return said + (f" Of what gets worse, {', and '.join(parts)}." if parts else "")
