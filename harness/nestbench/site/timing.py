"""Build time as the page of a case shows it: comparisons of stacks with intervals, drawn and in a table."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from nestbench.site.cost import has_matplotlib, inline
from nestbench.site.source import Source

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nestbench.timing.answers import Row
    from nestbench.timing.unbuilt import Observations

__all__ = ["Timed", "times_of"]

_STYLE: Any = {
    "svg.hashsalt": "nestbench",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
}
_LINE, _REST, _LABELS, _PANEL, _HEAD = 0.24, 0.75, 1.3, 2.7, 0.6  # inches
_ACROSS = 3
_NARROW = 4  # largest over smallest ratio shown


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
        yield _drawn(session, [row for row in rows if row.part == part])


def _drawn(session: str, rows: Sequence["Row"]) -> Markup:
    """Of one case variant a panel for each measure: ratios of after to before, with 95 % intervals.

    On an axis of logarithms; at 1 nothing changed. Hollow where there is no evidence of anything.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    measures = list(dict.fromkeys(row.measure for row in rows))
    steps = list(dict.fromkeys(f"{row.before} to {row.after}" for row in rows))
    across = min(_ACROSS, len(measures))
    down = -(-len(measures) // across)
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        size = (_LABELS + _PANEL * across, _HEAD + down * (_REST + _LINE * len(steps)))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).flat
        for place, (measure, axes) in enumerate(zip(measures, panels, strict=False)):
            for row in rows:
                if row.measure == measure:
                    _point(axes, row, steps.index(f"{row.before} to {row.after}"))
            axes.set_title(measure, fontsize="medium")
            axes.axvline(1, color="0.45", linewidth=0.9)
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            lowest = place + across >= len(measures)
            axes.tick_params(axis="x", which="both", labelrotation=60, labelbottom=lowest)
            axes.set_yticks(range(len(steps)), steps)
            axes.set_ylim(len(steps) - 0.5, -0.5)
        low, high = axes.get_xlim()  # of all panels
        # Between 1 and 2 there is room for the others, and few labels without them.
        axes.xaxis.set_minor_formatter(
            NullFormatter() if high / low > _NARROW else lambda value, _: f"{value:g}"
        )
        for axes in list(panels):  # places that are left over
            axes.set_visible(False)
        figure.suptitle(rows[0].part, fontsize="medium", fontweight="bold")
        figure.supxlabel("times as long as before, with the 95 % interval", fontsize="medium")
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "nestbench"})
    return inline(out.getvalue(), title=f"{rows[0].part}: build time in session {session}")


def _point(axes: "Axes", row: "Row", place: int) -> None:
    from nestbench.statistics.judging import Answer

    hollow = {Answer.NO_EVIDENCE, Answer.OVER_THE_LIMIT, Answer.BUILDS_NOTHING}
    one, colour = row.comparison, "#08306b"
    axes.errorbar(
        [one.ratio], [place], xerr=[[one.ratio - one.low], [one.high - one.ratio]], fmt="o", color=colour,
        markerfacecolor="white" if row.answer in hollow else colour, capsize=3,
    )  # fmt: skip
