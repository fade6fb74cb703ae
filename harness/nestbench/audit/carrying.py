"""Weights carried over by hand, in the order that was measured: what no file and no name has to agree on."""

from collections.abc import Sequence
from textwrap import fill

from nestbench.audit.listing import rows
from nestbench.audit.side import Side, Weight
from nestbench.names import number_of

__all__ = ["carried_over", "keeps_order"]

_WIDTH = 100
#: Of these types is what counts and what draws, and nothing that a step trains.
_COUNTERS = ("int", "uint", "bool", "string")
_NEEDED = "# They would keep their initial values without an error. First mend the model:"
_NOT_NEEDED = "# They keep their initial values: no call computes with them, or they are no floating numbers."


def carried_over(before: Side, after: Side) -> str:
    """Code that puts the values of ``model.weights`` of one stack into those of the other, each into its own.

    Where that would drop values, what to mend first, and no order: at which place of the list the mended
    model has them is its own affair. Empty where one of the lists was not measured, or a weight of the newer
    one has none in the older.
    """
    order = _order(before, after)
    if order is None or before.weights is None:
        return ""
    left_out = _left_out(before.weights, order)
    if any(_is_needed(before.weights[one], before) for one in left_out):
        return _mended_first(before, after, left_out)
    places = f"order = {order}" if order != list(range(len(order))) else f"order = range({len(order)})"
    return "\n".join(
        (
            f"# on {before.stack}, once the model is built",
            'numpy.savez("weights.npz", *model.get_weights())',
            f"# on {after.stack}, once the model is built",
            'saved = numpy.load("weights.npz")',
            *(_named(before, after, left_out, _NOT_NEEDED) if left_out else ()),
            fill(places, _WIDTH, subsequent_indent="         "),
            'model.set_weights([saved["arr_%d" % place] for place in order])',
        )
    )


def _left_out(weights: Sequence[Weight], order: Sequence[int]) -> list[int]:
    """Places in the older list that the newer one has no weight for, one that is listed twice but once."""
    kept = {weights[one].place for one in order} - {""}
    return [one for one in range(len(weights)) if one not in order and weights[one].place not in kept]


def _is_needed(weight: Weight, side: Side) -> bool:
    """Whether it may hold what was trained: what is not known to be of no use is needed."""
    variables = side.observation.variables if side.observation is not None else []
    idle = {place for one, place in side.places.items() if not variables[one].used}
    return not weight.dtype.startswith(_COUNTERS) and weight.place not in idle


def _named(before: Side, after: Side, left_out: Sequence[int], said: str) -> list[str]:
    assert before.weights is not None
    shown = [(one, before.weights[one]) for one in left_out]
    count = number_of(len(shown), "weight")
    return [
        f"# {count} of model.weights on {before.stack} that {after.stack} does not list:",
        *(f"#   place {one}: {list(weight.shape)}, {weight.place or weight.name}" for one, weight in shown),
        said,
    ]


def _mended_first(before: Side, after: Side, left_out: Sequence[int]) -> str:
    assert before.weights is not None
    mends = [_mend_of(before.weights[one].place, after) for one in left_out]
    return "\n".join(
        (
            *_named(before, after, left_out, _NEEDED),
            *dict.fromkeys(mends),
            "# Then audit it again: it says how its values come over, by an order or by a file.",
            "# That is of the mended model on both stacks: load the old file into it",
            f"# on {before.stack} first, see its output there, and take the values from it.",
        )
    )


def _mend_of(place: str, after: Side) -> str:
    for one in after.findings:
        where = {one.place, *(after.places.get(position) for position in one.positions)}
        if place and place in where and one.kind == "uncounted" and one.mend:
            return one.mend
    return f"# (the doctor has no mend for {place or 'one of them'}: make it with add_weight())"


def keeps_order(before: Side, after: Side) -> bool:
    """Whether ``model.weights`` is known to list the same in the same order on both."""
    order = _order(before, after)
    return order is not None and order == list(range(len(before.weights or ())))


def _order(before: Side, after: Side) -> list[int] | None:
    """For each of the newer list its place in the older one."""
    if before.weights is None or after.weights is None:
        return None
    place = {other: one for one, other in rows(before.weights, after.weights) if one is not None}
    every = range(len(after.weights))
    return [place[other] for other in every] if all(other in place for other in every) else None
