"""Rows to take away of what is measured beside the cells: files exchanged, times, growth."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nestbench.catalogue import parted
from nestbench.portability import Loads

if TYPE_CHECKING:
    from nestbench.growth.fitting import Told
    from nestbench.site.timing import Timed

__all__ = ["exchange_rows", "growth_rows", "timing_rows"]

_JOINT = " | "


def exchange_rows(loads: Sequence[Loads]) -> Iterator[dict[str, Any]]:
    """A row for each file and each stack that loaded it."""
    for one in loads:
        for label, savers in one.found.items():
            for saver, kinds in savers.items():
                for kind, loaded in kinds.items():
                    yield {
                        **_named(label),
                        "kind": kind,
                        "saved_on": saver,
                        "loaded_on": one.stack,
                        "result": loaded.result,
                        "detail": loaded.detail,
                        "warnings": _JOINT.join(loaded.warnings),
                    }


def timing_rows(timed: "Timed") -> Iterator[dict[str, Any]]:
    """A row for each comparison."""
    for row in timed.compared:
        one = row.comparison
        yield {
            "session": timed.session,
            **_named(row.part),
            "measure": row.measure,
            "before": row.before,
            "after": row.after,
            "seconds_before": row.seconds[0],
            "seconds_after": row.seconds[1],
            "ratio": one.ratio,
            "low": one.low,
            "high": one.high,
            "noise": row.noise,
            "answer": row.said,
            "over_before": row.over[0],
            "over_after": row.over[1],
            "trusted": timed.trusted,
        }


def growth_rows(told: Sequence["Told"]) -> Iterator[dict[str, Any]]:
    """A row for each quantity of each part."""
    from nestbench.growth.report import rows_of

    for one in told:
        for row in rows_of(one):
            yield {**row, **_named(one.label)}


def _named(label: str) -> dict[str, str]:
    case, variant = parted(label)
    return {"case": case, "variant": variant}
