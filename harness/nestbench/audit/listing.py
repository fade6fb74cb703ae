"""``model.weights`` on both stacks: names, paths, order and shapes, which weights moved by hand rest on."""

from collections.abc import Hashable, Iterable, Iterator, Sequence

from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.side import Side, Weight
from nestbench.names import number_of

__all__ = ["Row", "listing_differences", "rows"]

#: How many of a kind the evidence names.
_NAMED = 6
Row = tuple[int | None, int | None]


def rows(before: Sequence[Weight], after: Sequence[Weight]) -> list[Row]:
    """Positions in the two lists of each weight, None where the other list has none that is it for certain.

    By the place in the object graph, then by the whole name, each where it is one weight's alone in its list;
    what is left by shape and order, of a shape that as many are left of in both and that are not known to
    be apart. In order of ``before``.
    """
    found: dict[int, int] = {}
    for key in (_place, _whole_name):
        left, right = _left(before, found), _left(after, found.values())
        keys = [key(after[one]) for one in right]
        for one in left:
            mine = key(before[one])
            alone = sum(key(before[other]) == mine for other in left) == keys.count(mine) == 1
            if mine is not None and alone:
                found[one] = right[keys.index(mine)]
    for shape in {one.shape for one in before}:
        left = [one for one in _left(before, found) if before[one].shape == shape]
        right = [one for one in _left(after, found.values()) if after[one].shape == shape]
        weights = [*(before[one] for one in left), *(after[one] for one in right)]
        if len(left) == len(right) and not _are_apart(weights):
            found |= dict(zip(left, right, strict=True))
    return [
        *((one, found.get(one)) for one in range(len(before))),
        *((None, other) for other in _left(after, found.values())),
    ]


def _left(weights: Sequence[Weight], taken: Iterable[int]) -> list[int]:
    kept = set(taken)
    return [one for one in range(len(weights)) if one not in kept]


def _are_apart(weights: Sequence[Weight]) -> bool:
    """Whether each has a place of its own that is known: then none is another."""
    places = [one.place for one in weights]
    return all(places) and len(set(places)) == len(places)


def _place(weight: Weight) -> Hashable:
    return (weight.shape, weight.place) if weight.place else None


def _whole_name(weight: Weight) -> Hashable:
    return (weight.shape, (weight.path or weight.name).partition(":")[0])


def listing_differences(before: Side, after: Side) -> Iterator[Difference]:
    """Order, then names; nothing where one of the lists was not measured.

    A weight that is in one list alone is no affair of this: it is not counted any more, or is now.
    """
    old, new = before.weights, after.weights
    if old is None or new is None:
        return
    every = rows(old, new)
    both = [(one, other) for one, other in every if one is not None and other is not None]
    yield from _order(old, new, both)
    yield from _names(old, new, both)
    alone = (
        [old[one] for one, other in every if one is not None and other is None],
        [new[other] for one, other in every if one is None and other is not None],
    )
    yield from _uncertain(*alone)


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


def _uncertain(old: Sequence[Weight], new: Sequence[Weight]) -> Iterator[Difference]:
    """Weights of one shape, more in one list than in the other, of which nothing says which is which."""
    shapes = {
        shape
        for shape in {one.shape for one in old} & {one.shape for one in new}
        if not _are_apart([one for one in (*old, *new) if one.shape == shape])
    }
    kept = [[one.path or one.name for one in side if one.shape in shapes] for side in (old, new)]
    if not shapes:
        return
    yield Difference(
        gravity=Gravity.OTHER,
        kinds=(Kind.NAMES,),
        title=f"{number_of(len(kept[1]), 'weight')} listed, and {len(kept[0])} before, have names "
        "of which it is not certain which is which",
        evidence=tuple(
            f"{words}: {', '.join([*names[:_NAMED], *_more(len(names))])}"
            for words, names in zip(("before", "now"), kept, strict=True)
        ),
        marks=frozenset({"names:uncertain"}),
    )


def _more(count: int) -> list[str]:
    return [f"and {count - _NAMED} more"] if count > _NAMED else []
