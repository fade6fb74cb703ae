"""Growth drawn: a plot of logarithms for each case and quantity, a line for each stack, as SVG.

The same results give the same bytes. It can be read without colours: every stack has a marker of its own.
"""

import importlib.util
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nestbench.errors import UsageError
from nestbench.growth.fitting import Quantity, Told
from nestbench.growth.record import Part
from nestbench.growth.report import power, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "drawings", "require_matplotlib"]

_MARKERS = "osD^vP*X<>hp"
#: Of different lightness; as many as have no divisor in common with the markers, so that no pair comes twice.
_COLOURS = ("#08306b", "#d7301f", "#41ab5d", "#6a51a3", "#fe9929", "#000000", "#4eb3d3")
_STYLE: Any = {
    "svg.hashsalt": "nestbench",
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_SLOPES = (1, 2)
_PANEL = (4.6, 3.6)  # inches, wide enough for the legend below it
_LEAST = 2  # points that make a line
_NAMED = 4  # stacks that a title names
#: How much higher than the highest point the reference lines end.
_ABOVE = 1.6


def require_matplotlib() -> None:
    """Raises UsageError where it is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError(
            "--svg draws with matplotlib, which is not installed.",
            do="pip install 'nestbench[plots]', or leave --svg out.",
        )


def drawings(told: Sequence[Told]) -> dict[str, str]:
    """File name to SVG, for each case and each quantity that has a line to show."""
    found = {}
    for label, quantity in itertools.product(dict.fromkeys(one.label for one in told), Quantity):
        rows = [one for one in told if one.label == label and len(_sizes(one, quantity)) >= _LEAST]
        if rows:
            name = label.replace("[", "-").replace("]", "").replace("=", "-").replace(",", "-")
            found[f"{name}.{quantity.replace(' ', '-')}.svg"] = draw(rows, quantity)
    return found


def draw(rows: Sequence[Told], quantity: Quantity) -> str:
    """One picture of one case: a panel for each part, a line for each stack in ``rows``.

    Seconds are those of one host and one launch mode, of which there are most; whose are left out is said.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows, left_out = _comparable(rows) if quantity is Quantity.SECONDS else (rows, [])
    parts = [part for part in Part if any(row.part is part for row in rows)]
    stacks = list(dict.fromkeys(row.stack for row in rows))
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever a person has set
        mpl.rcParams.update(_STYLE)
        lines = max(sum(row.part is part for row in rows) for part in parts)
        width, height = _PANEL[0] * len(parts), _PANEL[1] + 0.9 + 0.2 * lines
        figure = Figure(figsize=(width, height), layout="constrained")
        title = f"{rows[0].label}: {quantity} against {rows[0].growing}"
        figure.suptitle("\n".join([title, *_why_left_out(left_out)]))
        panels = figure.subplots(1, len(parts), squeeze=False, sharex=True)[0]
        for part, axes in zip(parts, panels, strict=True):
            _panel(axes, [row for row in rows if row.part is part], quantity, stacks)
            axes.set_title(str(part).replace("-", " "), fontsize="medium")
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "nestbench"})
    return out.getvalue()


def _comparable(rows: Sequence[Told]) -> tuple[Sequence[Told], list[str]]:
    """The rows whose seconds may stand in one picture, and the stacks of the others."""
    ((most, _),) = Counter(row.clocked for row in rows).most_common(1)
    others = dict.fromkeys(row.stack for row in rows if row.clocked != most)
    return [row for row in rows if row.clocked == most], list(others)


def _why_left_out(stacks: Sequence[str]) -> Iterator[str]:
    if stacks:
        more = len(stacks) - _NAMED
        names = ", ".join(stacks[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield f"left out, of another host or launch mode:\n{names}"


def _panel(axes: "Axes", rows: Sequence[Told], quantity: Quantity, stacks: Sequence[str]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    for row in rows:
        _line(axes, row, quantity, stacks)
    values = [value for row in rows for _, value in row.curves[quantity].points]
    values += [bound for row in rows for bound in row.curves[quantity].bounds.values()]
    sizes = [size for row in rows for size, _ in row.curves[quantity].points]
    _references(axes, min(sizes), max(sizes), min(values), max(values))
    axes.set_xlabel(rows[0].growing)
    axes.set_ylabel(str(quantity))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(visible=True, color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.15, -0.16), frameon=False, fontsize="small", borderaxespad=0
    )


def _line(axes: "Axes", row: Told, quantity: Quantity, stacks: Sequence[str]) -> None:
    place = stacks.index(row.stack)
    curve = row.curves[quantity]
    sizes = _sizes(row, quantity)
    medians = [value for _, value in curve.medians]
    style: dict[str, Any] = {
        "color": _COLOURS[place % len(_COLOURS)],
        "marker": _MARKERS[place % len(_MARKERS)],
        "markersize": 9 - 5 * place / len(stacks),  # of equal lines, the one below looks out
    }
    reach = row.timed if quantity is Quantity.SECONDS else row.counted
    broken = short(reach, row.growing) if reach is not None else ""
    growth = power(curve.growth) if curve.growth is not None else "no exponent"
    label = f"{row.stack}: {growth}" + (f"; {broken}" if broken else "")
    axes.plot(sizes, medians, linewidth=1.2, label=label, **style)
    for size, bound in sorted(curve.bounds.items()):  # hollow, an arrow upwards: at least that
        axes.plot([size], [bound], linestyle="none", **{**style, "markerfacecolor": "none"})
        axes.annotate(
            "", (size, bound), xytext=(0, 14), textcoords="offset points",
            arrowprops={"arrowstyle": "<-", "color": style["color"]},
        )  # fmt: skip


def _references(axes: "Axes", first: float, last: float, least: float, most: float) -> None:
    """Dashed lines of slope 1 and 2 that end above the highest point; what lies below the data is cut off."""
    top = most * _ABOVE
    for slope, dashes in zip(_SLOPES, ((2, 2), (6, 3)), strict=True):
        start = top * (first / last) ** slope
        label = f"slope {slope}"
        axes.plot([first, last], [start, top], color="0.45", linewidth=0.9, dashes=dashes, label=label)
    axes.set_ylim(least / _ABOVE, top * _ABOVE)


def _sizes(one: Told, quantity: Quantity) -> list[int]:
    return sorted({size for size, _ in one.curves[quantity].points})
