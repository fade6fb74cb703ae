"""Build time as the page of a case shows it: comparisons of stacks with intervals, drawn and in a table."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from nestbench.site.cost import inline
from nestbench.site.source import Source

if TYPE_CHECKING:
    from nestbench.timing.answers import Row

__all__ = ["Timed", "times_of"]

_STYLE: Any = {
    "svg.hashsalt": "nestbench",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
}
_LINE, _REST = 0.32, 0.9  # inches of height


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One case in one session. ``caveats``: to be read first. ``drawn``: None without matplotlib."""

    session: str
    caveats: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    drawn: Markup | None


def times_of(source: Source) -> dict[str, list[Timed]]:
    """By case id what every session beside the results says of it. Raises StoreError for a broken file."""
    folder = source.beside("timings")
    if not any(folder.glob("*/session.json")):
        return {}
    # SciPy compares: a site without times does not wait for it.
    from nestbench.timing import Shelf, report
    from nestbench.timing.answers import answers, steps
    from nestbench.timing.samples import samples

    shelf = Shelf(root=folder)
    found: dict[str, list[Timed]] = {}
    for name in sorted(shelf.names()):
        session = shelf.load(name)
        told = answers(session, samples(shelf, session), steps(session.arms))
        by_case: dict[str, list[Row]] = {}
        for row in told.rows:
            by_case.setdefault(row.part.partition("[")[0], []).append(row)
        for case, rows in by_case.items():
            frame = report.timings_frame(rows)
            found.setdefault(case, []).append(
                Timed(
                    session=name,
                    caveats=tuple(report.caveats(session, told)),
                    columns=tuple(frame.columns),
                    rows=tuple(tuple(map(str, row)) for row in frame.itertuples(index=False)),
                    drawn=_drawn(case, name, rows) if find_spec("matplotlib") else None,
                )
            )
    return found


def _drawn(case: str, session: str, rows: Sequence["Row"]) -> Markup:
    """Ratios of after to before on an axis of logarithms, with 95 % intervals; at 1 nothing changed."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(8, _REST + _LINE * len(rows)), layout="constrained")
        axes = figure.subplots()
        for place, row in enumerate(rows):
            one = row.comparison
            ends = [[one.ratio - one.low], [one.high - one.ratio]]
            axes.errorbar([one.ratio], [place], xerr=ends, fmt="o", color="#08306b", capsize=3)
        axes.axvline(1, color="0.45", linewidth=0.9)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}")
        axes.set_yticks(
            range(len(rows)), [f"{row.part}, {row.measure}: {row.before} to {row.after}" for row in rows]
        )
        axes.invert_yaxis()
        axes.set_xlabel("times as long as before, with the 95 % interval")
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "nestbench"})
    return inline(out.getvalue(), title=f"{case}: build time in session {session}")
