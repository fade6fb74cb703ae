"""What changes from one stack to another, in words: what gets worse first, a few lines a case variant."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nestbench.changes.behaviour import IN_WEIGHTS, Behaviour
from nestbench.changes.pairing import Direction, Pairing
from nestbench.names import number_of, ratio_of
from nestbench.verdicts import Verdict

__all__ = ["comparison_text"]

_SHOWN = 40
_EXPLAINED = 8  # changes: more facts than theirs would hide which there are
#: Exact counts that differ by less than this factor are told in the sum alone.
_NOTABLE = 1.1
_SILENT = {Verdict.UNCOUNTED, Verdict.UNTRAINED, Verdict.OVERTRAINED, Verdict.UNSAVED}
_MEANING = {
    Direction.WORSE: "Worse: the gravest finding is a graver one than before, or a file gives back less, "
    "or an error",
    Direction.OTHER: "Other trouble: the gravest finding stays, those beside it or of build(shape) change",
    Direction.BETTER: "Better: the gravest finding is a lighter one, or none is left, or a file gives back "
    "more, or an error where it lost something without a word",
    Direction.NONE: "The same findings, and as much comes back; at another cost where one stands below",
}
_NAMES: dict[Direction | None, str] = {
    Direction.WORSE: "worse",
    Direction.OTHER: "other trouble",
    Direction.BETTER: "better",
    Direction.NONE: "the same",
}


@dataclass(frozen=True, kw_only=True)
class _Compared:
    before: str
    after: str
    times: Mapping[str, Sequence[str]]
    width: int


def comparison_text(
    before: str,
    after: str,
    found: Sequence[Pairing],
    times: Mapping[str, Sequence[str]],
    *,
    everything: bool,
    width: int,
) -> str:
    """The changes from the stack ``before`` to ``after``, in lines of ``width`` characters where words allow.

    ``times``: by the label of a case variant, phrases of what became slower or faster. ``everything``:
    also what changes less or not at all; else the end says how many of these there are, by kind.
    """
    both = _Compared(before=before, after=after, times=times, width=width)
    return "\n".join(
        line for text in _lines(found, both, everything=everything) for line in _wrapped(text, width)
    )


def _lines(found: Sequence[Pairing], both: _Compared, *, everything: bool) -> Iterator[str]:
    rows = [one for one in found if everything or _changes(one, both.times)]
    # What gets worse, or loses something more without a word, is never left out.
    kept = (place < _SHOWN or _loses(one) for place, one in enumerate(rows))
    shown = [one for one, keep in zip(rows, kept, strict=True) if keep or everything]
    explained = sum(_direction(one) not in (None, Direction.NONE) for one in shown) <= _EXPLAINED
    yield f"From {both.before} to {both.after}; 33/83: Keras counts 33 scalars, the forward pass reads 83."
    for direction, meaning in _MEANING.items():
        members = [one for one in shown if _direction(one) is direction]
        if members:
            yield ""
            yield f"{meaning} ({len(members)})"
        for one in members:
            yield from _told(one, both, explained=explained)
    missing = [one for one in shown if one.change is None]
    if missing:
        yield ""
        yield f"Not compared ({len(missing)})"
        yield from (f"  {one.label}: {one.why}" for one in missing)
    yield ""
    if left := _left_out(found, shown, both.times):
        yield f"Not shown: {left}: --all."
    yield _sums(found)
    if not explained:
        yield f"Why: `nestbench compare {both.before} {both.after} --case ID` tells what is behind a change."


def _changes(one: Pairing, times: Mapping[str, Sequence[str]]) -> bool:
    if one.change is None:
        return False
    moved = one.change.direction is not Direction.NONE
    return moved or one.ratio >= _NOTABLE or bool(times.get(one.label))


def _loses(one: Pairing) -> bool:
    """Whether it gets worse, or something is lost without a word that was not, if only by build(shape)."""
    if one.change is None:
        return False
    old, new = one.change.before, one.change.after
    silent = any(set(now) & _SILENT - set(was) for was, now in ((old.call, new.call), (old.build, new.build)))
    return one.change.direction is Direction.WORSE or silent


def _left_out(found: Sequence[Pairing], shown: Sequence[Pairing], times: Mapping[str, Sequence[str]]) -> str:
    """How many of what kind are not shown, ``2 better, 40 at another cost``."""
    hidden = [one for one in found if one not in shown]
    named = {**_NAMES, Direction.NONE: "at another cost", None: "not compared"}
    ways = [_direction(one) for one in hidden if one.change is None or _changes(one, times)]
    return ", ".join(f"{ways.count(way)} {name}" for way, name in named.items() if way in ways)


def _direction(one: Pairing) -> Direction | None:
    return one.change.direction if one.change is not None else None


def _told(one: Pairing, both: _Compared, *, explained: bool) -> Iterator[str]:
    if one.change is None:
        return
    old, new = one.change.before, one.change.after
    yield f"  {one.label}"
    if old.same(new):
        yield f"    {new.words_and_counts}"
    else:
        for stack, behaviour in ((both.before, old), (both.after, new)):
            raised = f"; {behaviour.raised}" if behaviour.raised else ""
            yield f"    {stack}: {behaviour.words_and_counts}{_unlisted(behaviour)}{raised}"
        yield from (f"      {fact}" for fact in _facts(old, new) if explained)
    if one.ratio >= _NOTABLE:
        yield f"    {'; '.join(_cost(name, *pair) for name, pair in one.counts.items())}"
    if both.times.get(one.label):
        yield f"    {'; '.join(both.times[one.label])}"


def _unlisted(one: Behaviour) -> str:
    """Why it is uncounted where the two counts are equal: others are counted than the forward pass reads."""
    listed = one.facts.get(IN_WEIGHTS, str(one.used))
    if Verdict.UNCOUNTED not in one.call or one.counted != one.used or listed == str(one.used):
        return ""
    return f"; weights lists {listed} of the {one.used} that are read"


def _facts(old: Behaviour, new: Behaviour) -> Iterator[str]:
    """What is known on both sides and differs; what an exception has left unknown is told by that."""
    for name, value in old.facts.items():
        if new.facts.get(name, value) != value:
            yield f"{name}: {value} -> {new.facts[name]}"


def _cost(name: str, before: int, after: int) -> str:
    if before == after:
        return f"{name} {before}"
    return f"{name} {before} -> {after}" + (f" (x{ratio_of(after / before)})" if before else "")


def _sums(found: Sequence[Pairing]) -> str:
    changed = [_direction(one) for one in found if one.change is not None]
    said = ", ".join(f"{changed.count(way)} {name}" for way, name in _NAMES.items())
    unknown = len(found) - len(changed)
    text = f"{number_of(len(changed), 'case variant')} on both: {said}"
    return text + (f"; {unknown} not compared." if unknown else ".")


def _wrapped(text: str, width: int) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    further = f"{indent}  " if indent else ""
    return textwrap.wrap(
        text, max(width, 40), subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    ) or [""]
