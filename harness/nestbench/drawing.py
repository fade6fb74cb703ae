"""What every drawing shares: its style, whatever a person has set; ticks of logarithms; the SVG.

Places are given in inches, by hand: a layout that is found by trial draws everything three times, and that
was most of the time of a site.
"""

import io
import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["GREY", "add_panel", "log_ticks", "new_figure", "plain", "power_ticks", "room", "styled", "svg_of"]

GREY = "0.9"  # lines that guide the eye
_POINTS = 72  # in an inch
_LETTERS = 9  # points, where nothing else is said
_STYLE: Any = {
    "svg.hashsalt": "nestbench",
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": _LETTERS,
}
_WIDE = 0.54  # of a letter to its height, on average, in the widest of the fonts that are named
_DIGIT = 0.64  # the same of a digit
_NARROW = 4  # highest over lowest up to which even steps read well on an axis of logarithms
_PLAIN = range(-3, 4)  # powers of ten that are told as a number
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@contextmanager
def styled() -> Iterator[None]:
    """What is drawn within has one style; a person's own is back afterwards."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def new_figure(width: float, height: float) -> "Figure":
    """An empty one, of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def add_panel(figure: "Figure", place: tuple[float, float], size: tuple[float, float]) -> "Axes":
    """Axes whose lower left corner is at ``place``, in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes((place[0] / width, place[1] / height, size[0] / width, size[1] / height))


def svg_of(figure: "Figure") -> str:
    """The same figure gives the same bytes."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = io.StringIO()
    # figure.savefig() would draw it twice, the first time for a layout that there is not.
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(out, metadata={"Date": None, "Creator": "nestbench"})
    return out.getvalue()


def room(text: str, points: float) -> float:
    """Inches that suffice for a line of text in letters of so many points, in whatever font a reader has."""
    return len(text) * points * _WIDE / _POINTS


def log_ticks(low: float, high: float, *, apart: float) -> list[float]:
    """As many round numbers as stand ``apart`` on an axis of logarithms; that is a part of its length."""
    candidates = _even(low, high) if high / low <= _NARROW else _of_tens(low, high)
    return _first_apart(candidates, math.log(high / low) * apart) or [low, high]


def power_ticks(values: Sequence[int], *, inches: float) -> list[float]:
    """``values``, which are sorted, where their labels do not touch, else as many as do not.

    Of powers of two that is every second, or every third; of others, as many powers of two. ``inches``: from
    the lowest to the highest, on an axis of logarithms.
    """
    low, high = values[0], values[-1]
    last = math.floor(math.log2(high))
    steps = range(1, max(len(values), last + 1))
    candidates: Iterator[list[float]]
    if all(one & (one - 1) == 0 for one in values):
        candidates = ([float(one) for one in values[::step]] for step in steps)
    else:
        powers = ([float(2**power) for power in range(0, last + 1, step)] for step in steps)
        candidates = itertools.chain(
            [[float(one) for one in values]], ([one for one in found if low <= one] for found in powers)
        )

    def gap(before: float, after: float) -> float:
        return inches * math.log(after / before) / math.log(high / low)

    def needed(*labels: float) -> float:
        """Between the middles of two labels: half of each, and a letter."""
        return (sum(len(f"{one:.0f}") for one in labels) / 2 + 1) * _LETTERS * _DIGIT / _POINTS

    return next(
        (
            found
            for found in candidates
            if len(found) > 1 and all(gap(*pair) >= needed(*pair) for pair in pairwise(found))
        ),
        [float(low), float(high)],
    )


def plain(value: float) -> str:
    """``0.05``, ``200``, ``10⁴``, ``3×10⁴``: no mathematics, which is slow to set."""  # noqa: RUF002 - times
    power = math.floor(math.log10(value) + 1e-9)
    if power in _PLAIN:
        return f"{value:g}"
    times, ten = f"{value / 10.0**power:g}", f"10{str(power).translate(_RAISED)}"
    return ten if times == "1" else f"{times}×{ten}"  # noqa: RUF001 - times


def _even(low: float, high: float) -> Iterator[list[float]]:
    size = 10.0 ** math.floor(math.log10(high - low))
    for step in (size * part for part in (0.1, 0.2, 0.5, 1, 2, 5)):
        places = range(math.ceil(low / step), math.floor(high / step) + 1)
        yield [place * step for place in places]


def _of_tens(low: float, high: float) -> Iterator[list[float]]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    parts: Sequence[int]
    for parts in ((1, 2, 5), (1, 3), (1,)):
        every = (part * 10.0**power for power in range(first, last + 1) for part in parts)
        yield [one for one in every if low <= one <= high]
    for step in range(2, last - first + 1):
        powers = (power for power in range(first, last + 1) if power % step == 0)
        yield [10.0**power for power in powers if low <= 10.0**power <= high]


def _first_apart(candidates: Iterator[list[float]], gap: float) -> list[float]:
    for found in candidates:
        if len(found) > 1 and all(math.log(after / before) >= gap for before, after in pairwise(found)):
            return found
    return []
