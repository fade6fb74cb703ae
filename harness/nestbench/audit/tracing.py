"""At which step of a path each difference appears, and which part of the two stacks carries it."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from nestbench.audit.difference import Difference
from nestbench.audit.differences import differences
from nestbench.audit.side import Side
from nestbench.audit.variables import FLAGS
from nestbench.portability.record import KINDS
from nestbench.run.mixing import Mixture, Ruling, conclusion
from nestbench.verdicts.variables import done, parameters_of

__all__ = ["Carrier", "carriers", "marks_of", "steps"]


def marks_of(found: Iterable[Difference]) -> frozenset[str]:
    """The facts of all of them."""
    return frozenset(mark for one in found for mark in one.marks)


def steps(sides: Sequence[Side], found: Sequence[Difference]) -> tuple[str, ...]:
    """For each difference between the two ends, where on the way it appears; empty without a way.

    Each stack on the way is held against the first one. A stack that could not be measured leaves the
    step open between its neighbours.
    """
    known = [side for side in sides if side.measured]
    if len(sides) < 3 or len(known) < 2:  # noqa: PLR2004 - two ends have no way; one end no difference
        return ("",) * len(found)
    first, *others = known
    seen = [marks_of(differences(first, side)) for side in others]
    open_ = [unmeasured(side, first.stack) for side in others]
    return tuple(_step(known, seen, open_, one.marks, sides) for one in found)


def _step(
    known: Sequence[Side],
    seen: Sequence[AbstractSet[str]],
    open_: Sequence[AbstractSet[str]],
    marks: AbstractSet[str],
    sides: Sequence[Side],
) -> str:
    """Where the facts appear, to stay: from the last stack that lacks one to the next that has it."""
    places: dict[tuple[int, int], int] = {}  # how many of the facts appear between two of the stacks
    for mark in marks:
        lacks = [n for n, there in enumerate(seen) if mark not in there and _kind(mark) not in open_[n]]
        last = lacks[-1] + 1 if lacks else 0
        has = next((n + 1 for n, there in enumerate(seen) if n >= last and mark in there), len(seen))
        places[last, has] = places.get((last, has), 0) + 1
    told = []
    names = [side.stack for side in sides]
    for (last, has), count in sorted(places.items()):
        before, after = known[last].stack, known[has].stack
        between = names[names.index(before) + 1 : names.index(after)]
        gap = f" ({', '.join(between)} could not be measured)" if between else ""
        part = f"{count} of {len(marks)} facts " if len(places) > 1 else ""
        told.append(f"{part}from {before} to {after}{gap}")
    return "; ".join(told)


def _kind(mark: str) -> str:
    """What a fact is of: of a variable the kind, else the whole of it."""
    head, _, tail = mark.removeprefix("+").partition(":")
    return head if head in FLAGS else f"{head}:{tail}"


def unmeasured(side: Side, saver: str) -> frozenset[str]:
    """Kinds of facts that say nothing where they are absent, since what they rest on was not measured.

    ``saver``: the stack whose files were to be loaded.
    """
    assert side.observation is not None
    read = parameters_of(side.observation.variables)
    flags = {kind for kind, field in FLAGS.items() if any(getattr(one, field) is None for one in read)}
    outputs = {f"output:{kind}" for kind in KINDS if not done(side.observation, f"reloaded-{kind}")}
    loads = side.loads.get(saver, {})
    # Where only the output of a file is known, that it is another does not say that more is lost.
    files = {
        f"old-file:{kind}"
        for kind in KINDS
        if kind not in loads or (loads[kind].result == "differs" and loads[kind].back is None)
    }
    moved = {f"misplaced:{kind}" for kind in KINDS if kind not in loads or loads[kind].back is None}
    return frozenset(flags | outputs | files | moved)


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """What the mixtures of two stacks say of one difference, by part; ``asked``: each mixture's answer."""

    parts: Mapping[str, str]
    asked: tuple[str, ...]


def carriers(
    sides: tuple[Side, Side], found: Sequence[Difference], asked: Sequence[tuple[Mixture, Side | None]]
) -> list[Carrier]:
    """For each difference between two sides, which part of their stacks carries it.

    ``asked``: the mixtures of the two with what each answered, None where one cannot exist.
    """
    rulings: list[dict[str, set[Ruling]]] = [{} for _ in found]
    told: list[list[str]] = [[] for _ in found]
    for mixture, side in asked:
        for place, one in enumerate(found):
            ruling = _ruled(one, mixture, side, sides)
            rulings[place].setdefault(str(mixture.part), set()).add(ruling)
            told[place].append(_words(mixture, side, ruling))
    return [
        Carrier(parts={part: conclusion(set(said)) for part, said in by_part.items()}, asked=tuple(words))
        for by_part, words in zip(rulings, told, strict=True)
    ]


def _ruled(one: Difference, mixture: Mixture, side: Side | None, sides: tuple[Side, Side]) -> Ruling:
    """A mixture has all facts of a difference, none, or some; its base and its giver have all or none."""
    if side is None or not side.measured or not one.marks:
        return Ruling.UNTOLD
    here = one.marks & marks_of(differences(sides[0], side))
    if {_kind(mark) for mark in one.marks - here} & unmeasured(side, sides[0].stack):
        return Ruling.UNTOLD
    if here and here != one.marks:
        return Ruling.ELSE
    base_has_it = mixture.base.id == sides[1].stack
    if bool(here) == base_has_it:
        return Ruling.NOT_ALONE
    return Ruling.ALONG if mixture.along else Ruling.CARRIES


def _words(mixture: Mixture, side: Side | None, ruling: Ruling) -> str:
    name = f"{mixture.base.id} with the {mixture.part} of {mixture.giver.id}"
    if side is None:
        return f"{name}: cannot exist: {mixture.note}"
    if not side.measured:
        return f"{name}: not measured: {side.ending}"
    note = f" ({mixture.note})" if mixture.note else ""
    return f"{name}{note}: the {mixture.part} {ruling}"
