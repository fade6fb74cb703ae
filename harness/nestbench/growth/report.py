"""Growth in words: exponents with their intervals, and where each case breaks."""

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from nestbench.growth.fitting import Curve, Quantity, Reach, Told
from nestbench.statistics.growth import Growth

__all__ = ["power", "rows_of", "short", "span", "table_row", "to_csv", "to_json", "to_markdown", "to_text"]

_HEAD = ("stack", "of", *map(str, Quantity), "seconds took", "works to", "breaks")
_COLUMNS = (
    "case", "stack", "part", "quantity", "exponential", "exponent", "low", "high", "smallest", "at_smallest",
    "largest", "at_largest", "points", "why_not", "works_to", "breaks_at", "how",
)  # fmt: skip
_LEGEND = (
    "The power with which each grows with size, beside what it costs at any size, and its 95 % interval:",
    "1 is linear, 2 quadratic, 0 does not grow. Calls are counted exactly, so there the interval says how",
    "well one power describes them. A higher power is not more time: what it took at the smallest and at",
    "the largest size that worked stands beside it, as medians. Exponential: no power describes it; beside",
    "it stands by how much one more of the size multiplies it, between the two largest sizes that were",
    "counted to the end. Unclear: too few sizes, or too much noise, to tell a power.",
)
_LONGEST = 60
_WHOLE = 100  # seconds from which on they are told as whole numbers
#: Growth that is a difference of rounding.
_FLAT = 0.005
_TOLD = 0.5  # an interval without an upper end that begins below it tells nothing


def power(growth: Growth) -> str:
    """``1.98 (1.95 to 2.01)``, ``1.98 (1.95 or more)``, ``unclear (0.20 or more)``, ``exponential (x2)``."""
    if growth.faster_than_any_power:
        return f"exponential (x{growth.step:.3g})"
    if growth.exponent < _FLAT and growth.high < _FLAT:
        return "0"
    if math.isinf(growth.high) and growth.low < _TOLD:
        return f"unclear ({growth.low:.2f} or more)"  # any power would do, so none is told
    interval = (
        f"{growth.low:.2f} or more" if math.isinf(growth.high) else f"{growth.low:.2f} to {growth.high:.2f}"
    )
    return f"{growth.exponent:.2f} ({interval})"


def short(reach: Reach, growing: str) -> str:
    """``RecursionError at n=512``; empty where nothing broke."""
    if reach.breaks_at is None:
        return ""
    word = reach.how.removeprefix("constructing it: ").split(":")[0].split(" (")[0]
    return f"{word} at {growing}={reach.breaks_at}"


def span(curve: Curve, growing: str) -> str:
    """``0.036 to 0.18 s (n=1 to 128)``: what it took at the smallest and at the largest size that worked."""
    if not curve.points:
        return "-"
    (smallest, least), (largest, most) = curve.medians[0], curve.medians[-1]
    if smallest == largest:
        return f"{_seconds(least)} s ({growing}={smallest})"
    return f"{_seconds(least)} to {_seconds(most)} s ({growing}={smallest} to {largest})"


def _seconds(value: float) -> str:
    return f"{value:.0f}" if value >= _WHOLE else f"{value:.2g}"


def to_text(told: Sequence[Told]) -> str:
    """A table for each case, for the terminal."""
    lines = list(_LEGEND)
    for label, rows in _by_case(told):
        table = [_HEAD, *map(table_row, rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines += ["", label]
        lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
    return "\n".join(lines) + "\n"


def to_markdown(told: Sequence[Told]) -> str:
    """A table for each case."""
    lines = [" ".join(_LEGEND)]
    for label, rows in _by_case(told):
        lines += ["", f"### {label}", "", _cells(_HEAD), _cells(["---"] * len(_HEAD))]
        lines += [_cells(table_row(one)) for one in rows]
    return "\n".join(lines) + "\n"


def _cells(words: Sequence[str]) -> str:
    return "| " + " | ".join(word.replace("|", r"\|") for word in words) + " |"


def _by_case(told: Sequence[Told]) -> Iterator[tuple[str, list[Told]]]:
    for label in dict.fromkeys(one.label for one in told):
        yield label, [one for one in told if one.label == label]


def table_row(one: Told) -> tuple[str, ...]:
    """Stack, part, the exponent of each quantity, seconds, how far it works and where it breaks."""
    reach = one.reach
    works = "nothing" if reach.works_to is None else f"{one.growing}={reach.works_to}"
    how = reach.how if len(reach.how) <= _LONGEST else f"{reach.how[: _LONGEST - 3].rstrip()}..."
    broken = "" if reach.breaks_at is None else f"{one.growing}={reach.breaks_at}: {how}"
    powers = (_cell(one.curves[name]) for name in Quantity)
    took = span(one.curves[Quantity.SECONDS], one.growing)
    return (one.stack, str(one.part), *powers, took, works, broken)


def _cell(curve: Curve) -> str:
    return power(curve.growth) if curve.growth is not None else "-"


def to_csv(told: Sequence[Told]) -> str:
    """A row for each case, stack, part and quantity; an upper end that there is not is left empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for one in told for row in rows_of(one))
    return out.getvalue()


def rows_of(one: Told) -> Iterator[dict[str, Any]]:
    """A row for each quantity. An exponent or an end of it that there is not is None."""
    for name, curve in one.curves.items():
        beyond = None if curve.growth is None else curve.growth.faster_than_any_power
        yield {
            "case": one.label,
            "stack": one.stack,
            "part": str(one.part),
            "quantity": str(name),
            "exponential": beyond,
            **_fit(curve.growth),
            **({"exponent": None} if beyond else {}),
            **_ends(curve),
            "points": len(curve.points),
            "why_not": curve.why,
            **(_reach(_reach_of(one, name)) or {"works_to": None, "breaks_at": None, "how": ""}),
        }


def to_json(told: Sequence[Told]) -> str:
    """All of it as data, the points among it."""
    return json.dumps([_data(one) for one in told], indent=1) + "\n"


def _data(one: Told) -> dict[str, Any]:
    return {
        "case": one.label,
        "stack": one.stack,
        "part": str(one.part),
        "growing": one.growing,
        "quantities": {
            str(name): {
                **_fit(curve.growth),
                **_ends(curve),
                "why_not": curve.why,
                "points": [list(point) for point in curve.points],
                "bounds": [list(bound) for bound in sorted(curve.bounds.items())],
                "reach": _reach(_reach_of(one, name)),
            }
            for name, curve in one.curves.items()
        },
    }


def _reach_of(one: Told, name: Quantity) -> Reach | None:
    return one.timed if name is Quantity.SECONDS else one.counted


def _reach(reach: Reach | None) -> dict[str, Any] | None:
    if reach is None:
        return None
    return {"works_to": reach.works_to, "breaks_at": reach.breaks_at, "how": reach.how}


def _ends(curve: Curve) -> dict[str, float | None]:
    """What was measured at the smallest and at the largest size that worked, of several the median."""
    smallest, at_smallest = curve.medians[0] if curve.points else (None, None)
    largest, at_largest = curve.medians[-1] if curve.points else (None, None)
    return {
        "smallest": smallest,
        "at_smallest": at_smallest,
        "largest": largest,
        "at_largest": at_largest,
    }


def _fit(growth: Growth | None) -> dict[str, float | str | None]:
    """JSON has no infinity: an exponent of it is the word, an end that there is not is None."""
    if growth is None:
        return {"exponent": None, "low": None, "high": None}
    high = None if math.isinf(growth.high) else growth.high
    found = "exponential" if growth.faster_than_any_power else growth.exponent
    return {"exponent": found, "low": growth.low, "high": high}
