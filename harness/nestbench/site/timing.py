"""Build time as the page of a case shows it: comparisons of stacks with intervals, drawn and in a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from nestbench.drawing import GREY, add_panel, log_ticks, new_figure, plain, room, styled, svg_of
from nestbench.site.cost import has_matplotlib, inline
from nestbench.site.source import Source

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nestbench.timing.answers import Row
    from nestbench.timing.unbuilt import Observations

__all__ = ["Timed", "times_of"]

_COLOUR = "#08306b"
_LETTERS, _BOLD = 9, 10  # points; bold ones are as wide as larger ones
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
            by_case.setdefault(row.part.partition("[")[0], []).append(row)
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
                    drawn=tuple(_drawings(name, rows)) if has_matplotlib() else (),
                )
            )
    return found


def _drawings(session: str, rows: Sequence["Row"]) -> Iterator[Markup]:
    for part in dict.fromkeys(row.part for row in rows):
        svg = _drawn([row for row in rows if row.part == part])
        yield inline(svg, title=f"{part}: build time in session {session}")


def _drawn(rows: Sequence["Row"]) -> str:
    """Of one case variant a panel for each measure: ratios of after to before, with 95 % intervals.

    On an axis of logarithms; at 1 nothing changed. Hollow where there is no evidence of anything.
    """
    measures = list(dict.fromkeys(row.measure for row in rows))
    steps = list(dict.fromkeys(map(_step, rows)))
    across = min(_ACROSS, len(measures))
    down = -(-len(measures) // across)
    labels = _GAP + max(room(step, _LETTERS) for step in steps)
    heads = max(room(_XLABEL, _LETTERS), room(rows[0].part, _BOLD))
    wide, high = max(_WIDTH, (heads - labels) / across), _LINE * len(steps)
    width, height = labels + across * (wide + _GAP), _HEAD + down * (_TITLE + high) + _FOOT
    reach = _reach(rows)
    with styled():
        figure = new_figure(width, height)
        figure.text(0.5, 1 - _HEAD / 2 / height, rows[0].part, ha="center", va="center", fontweight="bold")
        figure.text(0.5, _FOOT / 4 / height, _XLABEL, ha="center", va="center")
        for place, measure in enumerate(measures):
            row, column = divmod(place, across)
            bottom = height - _HEAD - (row + 1) * (_TITLE + high)
            axes = add_panel(figure, (labels + column * (wide + _GAP), bottom), (wide, high))
            _panel(axes, [one for one in rows if one.measure == measure], steps, reach)
            axes.text(0.5, 1 + 0.1 / high, measure, ha="center", transform=axes.transAxes)
            for at, step in enumerate(steps if column == 0 else ()):
                left = -_GAP / 2 / wide
                axes.text(left, at, step, ha="right", va="center", transform=axes.get_yaxis_transform())
            for tick in log_ticks(*reach, apart=_APART) if place + across >= len(measures) else ():
                axes.text(tick, len(steps) - 0.4, plain(tick), ha="center", va="top")
        return svg_of(figure)


def _step(row: "Row") -> str:
    return f"{row.before} to {row.after}"


def _reach(rows: Sequence["Row"]) -> tuple[float, float]:
    """Ends of the axis of all panels: every interval is within, and 1."""
    low = min(1.0, *(row.comparison.low for row in rows))
    high = max(1.0, *(row.comparison.high for row in rows))
    more = max((high / low) ** _AROUND, 1 + _AROUND)
    return low / more, high * more


def _panel(axes: "Axes", rows: Sequence["Row"], steps: Sequence[str], reach: tuple[float, float]) -> None:
    """The points of one measure, on lines that guide the eye to the labels around."""
    from nestbench.statistics.judging import Answer

    hollow = {Answer.NO_EVIDENCE, Answer.OVER_THE_LIMIT, Answer.BUILDS_NOTHING}
    axes.set_axis_off()  # a label takes a fifth of the time of a tick
    axes.set_xscale("log")
    axes.hlines(range(len(steps)), *reach, color=GREY, linewidth=0.5)
    axes.vlines(log_ticks(*reach, apart=_APART), len(steps) - 0.5, -0.5, color=GREY, linewidth=0.5)
    axes.axvline(1, color="0.45", linewidth=0.9)
    for face, points in (
        (_COLOUR, [row for row in rows if row.answer not in hollow]),
        ("white", [row for row in rows if row.answer in hollow]),
    ):
        if points:
            found = [row.comparison for row in points]
            beside = [[one.ratio - one.low for one in found], [one.high - one.ratio for one in found]]
            axes.errorbar(
                [one.ratio for one in found], [steps.index(_step(row)) for row in points], xerr=beside,
                fmt="o", color=_COLOUR, markerfacecolor=face, capsize=3,
            )  # fmt: skip
    axes.set_xlim(*reach)
    axes.set_ylim(len(steps) - 0.5, -0.5)
