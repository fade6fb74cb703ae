"""Build time as the page of a case shows it: comparisons of stacks with intervals, drawn and in a table."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from nestbench.catalogue import parted
from nestbench.drawing import GREY, add_panel, log_ticks, new_figure, plain, room, styled, svg_of
from nestbench.site.cost import has_matplotlib, inline
from nestbench.site.source import Source

if TYPE_CHECKING:
    from nestbench.timing.answers import Row
    from nestbench.timing.unbuilt import Observations

__all__ = ["Timed", "drawings", "times_of"]

_COLOUR = "#08306b"
_LETTERS, _BOLD = 9, 11  # points; bold ones are as wide as larger ones
#: Inches: of a line of a panel, above the panels, of a panel's title, below them, between them.
_LINE, _HEAD, _TITLE, _FOOT, _GAP = 0.24, 0.32, 0.3, 0.6, 0.16
_ACROSS = 3
_WIDTH = 2.4  # of a panel, at least
_APART = 0.12  # labels of an axis, as a part of it
_AROUND = 0.06  # the points, as a part of an axis
_XLABEL = "times as long as before, with the 95 % interval"


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One case in one session.

    ``trusted``: as of ``Answers``. ``caveats``: to be read first; ``legend``: beside the rows.
    ``drawn``: empty without matplotlib.
    """

    session: str
    compared: tuple["Row", ...]
    trusted: bool | None
    caveats: tuple[str, ...]
    legend: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    drawn: tuple[Markup, ...]


def times_of(source: Source, observations: "Observations") -> dict[str, list[Timed]]:
    """By case id what every session beside the results says of it. Raises StoreError for a broken file.

    ``observations``: those of the results, for a build of nothing is no speed.
    """
    folder = source.beside("timings")
    if not any(folder.glob("*/session.json")):
        return {}
    # SciPy compares: a site without times does not wait for it.
    from nestbench.timing import Shelf, report
    from nestbench.timing.answers import answers, steps
    from nestbench.timing.samples import samples
    from nestbench.timing.unbuilt import without_unbuilt

    shelf = Shelf(root=folder)
    found: dict[str, list[Timed]] = {}
    for name in sorted(shelf.names()):
        session = shelf.load(name)
        told = answers(session, samples(shelf, session), steps(session.arms))
        told = without_unbuilt(told, observations)
        by_case: dict[str, list[Row]] = {}
        for row in told.rows:
            by_case.setdefault(parted(row.part)[0], []).append(row)
        for case, rows in by_case.items():
            frame = report.timings_frame(rows)
            found.setdefault(case, []).append(
                Timed(
                    session=name,
                    compared=tuple(rows),
                    trusted=told.trusted,
                    caveats=tuple(report.caveats(session, told)),
                    legend=report.LEGEND,
                    columns=tuple(frame.columns),
                    rows=tuple(tuple(map(str, row)) for row in frame.itertuples(index=False)),
                    drawn=tuple(drawings(name, rows)) if has_matplotlib() else (),
                )
            )
    return found


def drawings(session: str, rows: Sequence["Row"]) -> Iterator[Markup]:
    for part in dict.fromkeys(row.part for row in rows):
        svg = _drawn([row for row in rows if row.part == part])
        yield inline(svg, title=f"{part}: build time in session {session}")


def _drawn(rows: Sequence["Row"]) -> str:
    """Of one case variant a panel for each measure: ratios of after to before, with 95 % intervals.

    On an axis of logarithms; at 1 nothing changed. Hollow where there is no evidence of anything.
    """
    from nestbench.statistics.judging import Answer

    measures = list(dict.fromkeys(row.measure for row in rows))
    steps = list(dict.fromkeys(map(_step, rows)))
    across = min(_ACROSS, len(measures))
    down = -(-len(measures) // across)
    labels = _GAP + max(room(step, _LETTERS) for step in steps)
    heads = max(room(_XLABEL, _LETTERS), room(rows[0].part, _BOLD))
    wide, high = max(_WIDTH, (heads - labels) / across), _LINE * len(steps)
    width, height = labels + across * (wide + _GAP), _HEAD + down * (_TITLE + high) + _FOOT
    low, most = _reach(rows)
    ticks = log_ticks(low, most, apart=_APART)

    def left(measure: str) -> float:
        return labels + measures.index(measure) % across * (wide + _GAP)

    def top(measure: str) -> float:
        return height - _HEAD - measures.index(measure) // across * (_TITLE + high) - _TITLE

    def x(measure: str, ratio: float) -> float:
        return left(measure) + wide * math.log(ratio / low) / math.log(most / low)

    def y(measure: str, step: str) -> float:
        return top(measure) - _LINE * (steps.index(step) + 0.5)

    with styled():
        figure = new_figure(width, height)
        # All panels in one, for axes take longer than what is in them.
        axes = add_panel(figure, (0, 0), (width, height))
        axes.set_axis_off()
        axes.set(xlim=(0, width), ylim=(0, height))
        text = partial(axes.text, ha="center", va="center")
        text(width / 2, height - _HEAD / 2, rows[0].part, fontweight="bold")
        text(width / 2, _FOOT / 4, _XLABEL)
        for place, one in enumerate(measures):
            bottom = top(one) - high
            at = [y(one, step) for step in steps]
            axes.hlines(at, left(one), left(one) + wide, color=GREY, linewidth=0.5)
            axes.vlines([x(one, tick) for tick in ticks], bottom, top(one), color=GREY, linewidth=0.5)
            axes.vlines(x(one, 1), bottom, top(one), color="0.45", linewidth=0.9)
            text(left(one) + wide / 2, top(one) + _TITLE / 2, one)
            for step in steps if place % across == 0 else ():
                text(left(one) - _GAP / 2, y(one, step), step, ha="right")
            for tick in ticks if place + across >= len(measures) else ():
                text(x(one, tick), bottom - _TITLE / 3, plain(tick))
        hollow = {Answer.NO_EVIDENCE, Answer.OVER_THE_LIMIT, Answer.BUILDS_NOTHING, Answer.MAY_BUILD_NOTHING}
        for face, none in ((_COLOUR, False), ("white", True)):
            points = [row for row in rows if (row.answer in hollow) is none]
            at = [x(row.measure, row.comparison.ratio) for row in points]
            below = [one - x(row.measure, row.comparison.low) for one, row in zip(at, points, strict=True)]
            above = [x(row.measure, row.comparison.high) - one for one, row in zip(at, points, strict=True)]
            axes.errorbar(
                at, [y(row.measure, _step(row)) for row in points], xerr=[below, above],
                fmt="o", color=_COLOUR, markerfacecolor=face, capsize=3,
            )  # fmt: skip
        return svg_of(figure)


def _step(row: "Row") -> str:
    return f"{row.before} to {row.after}"


def _reach(rows: Sequence["Row"]) -> tuple[float, float]:
    """Ends of the axis of all panels: every interval is within, and 1."""
    low = min(1.0, *(row.comparison.low for row in rows))
    high = max(1.0, *(row.comparison.high for row in rows))
    more = max((high / low) ** _AROUND, 1 + _AROUND)
    return low / more, high * more
