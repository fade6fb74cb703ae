"""``model.weights`` on both stacks: names, paths, order and shapes, which weights moved by hand rest on."""

from collections.abc import Iterator, Sequence

from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.matching import pairs
from nestbench.audit.side import Side, Weight
from nestbench.names import number_of

__all__ = ["Row", "listing_differences", "rows"]

#: How many of a kind the evidence names.
_NAMED = 6
Row = tuple[int | None, int | None]


def rows(before: Sequence[Weight], after: Sequence[Weight]) -> list[Row]:
    """Places in the two lists of each weight, None where one list lacks it."""
    return pairs(before, after)


def listing_differences(before: Side, after: Side) -> Iterator[Difference]:
    """Order, then names; nothing where one of the lists was not measured.

    A weight that is in one list alone is no affair of this: it is not counted any more, or is now.
    """
    old, new = before.weights, after.weights
    if old is None or new is None:
        return
    both = [(one, other) for one, other in rows(old, new) if one is not None and other is not None]
    yield from _order(old, new, both)
    yield from _names(old, new, both)


def _order(
    old: Sequence[Weight], new: Sequence[Weight], both: Sequence[tuple[int, int]]
) -> Iterator[Difference]:
    moved = [pair for pair, place in zip(both, _ranks(both), strict=True) if place]
    if not moved:
        return
    fits = [one.shape for one in old] == [one.shape for one in new]
    means = (
        "the shapes fit: set_weights() with the old list puts values into the wrong weights and says nothing"
        if fits
        else "set_weights() with the old list does not fit"
    )
    shown = [f"{old[one].name}: place {one} -> {other}" for one, other in moved[:_NAMED]]
    yield Difference(
        gravity=Gravity.OTHER,
        kinds=(Kind.ORDER,),
        title=f"model.weights lists {number_of(len(moved), 'weight')} in another order",
        evidence=(means, *shown, *_more(len(moved))),
        marks=frozenset({"order"}),
    )


def _ranks(both: Sequence[tuple[int, int]]) -> list[bool]:
    """For each pair, in the order of the first list, whether it stands elsewhere among those of both."""
    rank = {other: place for place, other in enumerate(sorted(other for _, other in both))}
    return [rank[other] != place for place, (_, other) in enumerate(both)]


def _names(
    old: Sequence[Weight], new: Sequence[Weight], both: Sequence[tuple[int, int]]
) -> Iterator[Difference]:
    for field, words in (("name", "name"), ("path", "path")):
        changed = [
            (getattr(old[one], field), getattr(new[other], field))
            for one, other in both
            if getattr(old[one], field) and getattr(new[other], field)
        ]
        changed = [pair for pair in changed if pair[0] != pair[1]]
        if changed:
            shown = [f"{one} -> {other}" for one, other in changed[:_NAMED]]
            yield Difference(
                gravity=Gravity.OTHER,
                kinds=(Kind.NAMES,),
                title=f"{number_of(len(changed), 'weight')} of {len(both)} have another {words}",
                evidence=(*shown, *_more(len(changed))),
                marks=frozenset({f"names:{field}"}),
            )


def _more(count: int) -> list[str]:
    return [f"and {count - _NAMED} more"] if count > _NAMED else []
