"""Growth drawn: a plot of logarithms for each case and quantity, a line for each stack, as SVG.

The same results give the same bytes. It can be read without colours: every stack has a marker of its own.
"""

import importlib.util
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nestbench.drawing import GREY, add_panel, log_ticks, new_figure, plain, power_ticks, room, styled, svg_of
from nestbench.errors import UsageError
from nestbench.growth.fitting import Quantity, Told
from nestbench.growth.record import Part
from nestbench.growth.report import power, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["captioned", "draw", "drawings", "require_matplotlib"]

_MARKERS = "osD^vP*X<>hp"
#: Of different lightness; as many as have no divisor in common with the markers, so that no pair comes twice.
_COLOURS = ("#08306b", "#d7301f", "#41ab5d", "#6a51a3", "#fe9929", "#000000", "#4eb3d3")
_SLOPES = (1, 2)
_PANEL = (3.2, 2.6)
#: Inches: from a panel to the left, with its labels; to the right; above it, with its title; below it, with
#: its labels; of a line of the title; of a line of the legend, and of its sample.
_LEFT, _RIGHT, _ABOVE_IT, _BELOW, _HEAD, _LINE, _SAMPLE = 0.8, 0.12, 0.32, 0.52, 0.2, 0.18, 0.26
_SMALL, _LARGE = 7.5, 10.8  # points, of the legend and of the title
_APART = 0.15  # labels of the axis upwards, as a part of it
_BESIDE = 0.05  # the lines, as a part of an axis
_LEAST = 2  # points that make a line
_NAMED = 4  # stacks that a title names
#: How much higher than the highest point the reference lines end.
_ABOVE = 1.6


def require_matplotlib() -> None:
    """Raises UsageError where it is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UsageError(
            "--svg draws with matplotlib, which is not installed.",
            do="In the clone of nestbench: pip install -e '.[plots]'; or leave --svg out.",
        )


def drawings(told: Sequence[Told]) -> dict[str, str]:
    """File name to SVG, for each case and each quantity that has a line to show."""
    found = {}
    for rows, quantity in _pictures(told):
        name = rows[0].label.replace("[", "-").replace("]", "").replace("=", "-").replace(",", "-")
        found[f"{name}.{quantity.replace(' ', '-')}.svg"] = draw(rows, quantity)
    return found


def captioned(told: Sequence[Told]) -> dict[str, str]:
    """The same by what it shows, in words."""
    return {_title(rows, quantity): draw(rows, quantity) for rows, quantity in _pictures(told)}


def _pictures(told: Sequence[Told]) -> Iterator[tuple[list[Told], Quantity]]:
    for label, quantity in itertools.product(dict.fromkeys(one.label for one in told), Quantity):
        rows = [one for one in told if one.label == label and len(_sizes(one, quantity)) >= _LEAST]
        if rows:
            yield rows, quantity


def _title(rows: Sequence[Told], quantity: Quantity) -> str:
    return f"{rows[0].label}: {quantity} against {rows[0].growing}"


def draw(rows: Sequence[Told], quantity: Quantity) -> str:
    """One picture of one case: a panel for each part, a line for each stack in ``rows``.

    Seconds are those of one host and one launch mode, of which there are most; whose are left out is said.
    """
    rows, left_out = _comparable(rows) if quantity is Quantity.SECONDS else (rows, [])
    parts = {part: [row for row in rows if row.part is part] for part in Part}
    parts = {part: found for part, found in parts.items() if found}
    stacks = list(dict.fromkeys(row.stack for row in rows))
    head = [_title(rows, quantity), *_why_left_out(left_out)]
    titles = max(room(line, _LARGE) for line in head) / len(parts)
    words = max(room(_words(row, quantity), _SMALL) for row in rows)
    across = max(_LEFT + _PANEL[0] + _RIGHT, 2 * _RIGHT + 1.5 * _SAMPLE + words, 2 * _RIGHT + titles)
    below = _BELOW + _LINE * (max(map(len, parts.values())) + len(_SLOPES) + 1)
    width, height = across * len(parts), below + _PANEL[1] + _ABOVE_IT + _HEAD * (len(head) + 0.5)
    with styled():
        figure = new_figure(width, height)
        for place, text in enumerate(head):
            at = 1 - (place + 0.75) * _HEAD / height
            figure.text(0.5, at, text, ha="center", va="center", fontsize=_LARGE)
        for place, (part, found) in enumerate(parts.items()):
            inches = across - _LEFT - _RIGHT
            axes = add_panel(figure, (place * across + _LEFT, below), (inches, _PANEL[1]))
            axes.text(0.5, 1 + 0.1 / _PANEL[1], part.replace("-", " "), ha="center", transform=axes.transAxes)
            _panel(axes, found, quantity, stacks, inches)
            _legend(figure, (place * across + _RIGHT, below - _BELOW), axes.get_lines())
        return svg_of(figure)


def _comparable(rows: Sequence[Told]) -> tuple[Sequence[Told], list[str]]:
    """The rows whose seconds may stand in one picture, and the stacks of the others."""
    ((most, _),) = Counter(row.clocked for row in rows).most_common(1)
    others = dict.fromkeys(row.stack for row in rows if row.clocked != most)
    return [row for row in rows if row.clocked == most], list(others)


def _why_left_out(stacks: Sequence[str]) -> Iterator[str]:
    if stacks:
        more = len(stacks) - _NAMED
        names = ", ".join(stacks[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield "left out, of another host or launch mode:"
        yield names


def _panel(
    axes: "Axes", rows: Sequence[Told], quantity: Quantity, stacks: Sequence[str], inches: float
) -> None:
    axes.set_axis_off()  # ticks of its own take a quarter of the time of a drawing
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    for row in rows:
        _line(axes, row, quantity, stacks)
    values = [value for row in rows for _, value in row.curves[quantity].points]
    values += [bound for row in rows for bound in row.curves[quantity].bounds.values()]
    sizes = sorted({size for row in rows for size, _ in row.curves[quantity].points})
    _references(axes, sizes[0], sizes[-1], min(values), max(values))
    more = (sizes[-1] / sizes[0]) ** _BESIDE
    axes.set_xlim(sizes[0] / more, sizes[-1] * more)
    _frame(axes, sizes, (rows[0].growing, str(quantity)), inches)


def _frame(axes: "Axes", sizes: Sequence[int], names: tuple[str, str], inches: float) -> None:
    """What stands around the lines: a grid, numbers and names at its left and lower edge."""
    across, up = names
    (first, last), (low, high) = axes.get_xlim(), axes.get_ylim()
    below, left = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    xs, ys = power_ticks(sizes, inches=inches / (1 + 2 * _BESIDE)), log_ticks(low, high, apart=_APART)
    grid: dict[str, Any] = {"color": GREY, "linewidth": 0.5, "zorder": 0}
    edge: dict[str, Any] = {"color": "black", "linewidth": 0.8, "clip_on": False}
    axes.vlines(xs, low, high, **grid)
    axes.hlines(ys, first, last, **grid)
    axes.vlines(first, low, high, **edge)
    axes.hlines(low, first, last, **edge)
    for tick in xs:
        axes.text(tick, -0.06, f"{tick:.0f}", ha="center", va="center", transform=below)
    for tick in ys:
        axes.text(-0.02, tick, plain(tick), ha="right", va="center", transform=left)
    middle: dict[str, Any] = {"ha": "center", "va": "center", "transform": axes.transAxes}
    axes.text(0.5, -0.14, across, **middle)
    axes.text(-0.65 / inches, 0.5, up, rotation="vertical", **middle)


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
    axes.plot(sizes, medians, linewidth=1.2, label=_words(row, quantity), **style)
    for size, bound in sorted(curve.bounds.items()):  # hollow, an arrow upwards: at least that
        axes.plot([size], [bound], linestyle="none", **{**style, "markerfacecolor": "none"})
        axes.annotate(
            "", (size, bound), xytext=(0, 14), textcoords="offset points",
            arrowprops={"arrowstyle": "<-", "color": style["color"]},
        )  # fmt: skip


def _words(row: Told, quantity: Quantity) -> str:
    """Of a line in the legend."""
    curve = row.curves[quantity]
    reach = row.timed if quantity is Quantity.SECONDS else row.counted
    growth = power(curve.growth) if curve.growth is not None else "no exponent"
    lost = ", ".join(f"{row.growing}={size}" for size in curve.lost)
    broken = short(reach, row.growing) if reach is not None else ""
    return "; ".join(filter(None, (f"{row.stack}: {growth}", lost and f"count lost at {lost}", broken)))


def _legend(figure: "Figure", place: tuple[float, float], lines: Sequence["Line2D"]) -> None:
    """Below a panel, down from ``place``: a sample and the words of each line that has a label of its own."""
    from matplotlib.lines import Line2D

    left, at = place
    inches = figure.dpi_scale_trans
    for line in lines:
        if not str(line.get_label()).startswith("_"):
            at -= _LINE
            sample = Line2D([left, left + _SAMPLE / 2, left + _SAMPLE], [at] * 3)
            sample.update_from(line)
            sample.set(transform=inches, markevery=[1], clip_on=False)
            figure.add_artist(sample)
            words = str(line.get_label())
            figure.text(left + 1.5 * _SAMPLE, at, words, transform=inches, va="center", fontsize=_SMALL)


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
