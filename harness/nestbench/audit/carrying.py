"""Weights carried over by hand, in the order that was measured: what no file and no name has to agree on."""

from textwrap import fill

from nestbench.audit.listing import rows
from nestbench.audit.side import Side

__all__ = ["carried_over", "keeps_order"]

_WIDTH = 100


def carried_over(before: Side, after: Side) -> str:
    """Code that puts the values of ``model.weights`` of one stack into those of the other, each into its own.

    Empty where one of the lists was not measured, or a weight of the newer one has none in the older.
    """
    order = _order(before, after)
    if order is None:
        return ""
    places = f"order = {order}" if order != list(range(len(order))) else f"order = range({len(order)})"
    return "\n".join(
        (
            f"# on {before.stack}, once the model is built",
            'numpy.savez("weights.npz", *model.get_weights())',
            f"# on {after.stack}, once the model is built",
            'saved = numpy.load("weights.npz")',
            fill(places, _WIDTH, subsequent_indent="         "),
            'model.set_weights([saved["arr_%d" % place] for place in order])',
        )
    )


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
