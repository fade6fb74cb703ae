"""Build time and growth, drawn: what of them was measured, and nothing where nothing was."""

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from nestbench.site.anchor import file_name
from nestbench.site.source import Source

if TYPE_CHECKING:
    from nestbench.growth.fitting import Told

__all__ = ["Cost", "cost_of", "has_matplotlib", "inline"]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """``told``: by case id, and ``growth``: rows of its table. ``drawn``: SVG by case id and title."""

    quantities: tuple[str, ...] = ()
    told: dict[str, list["Told"]] = field(default_factory=dict)
    growth: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    drawn: dict[str, dict[str, Markup]] = field(default_factory=dict)


def cost_of(source: Source) -> Cost:
    """Growth of every case that has it. Raises StoreError for a broken file."""
    folder = source.beside("growth")
    if not any(folder.glob("*.json")):
        return Cost()
    # SciPy fits the exponents: a site without growth does not wait for it.
    from nestbench.growth import Shelf, lines_of
    from nestbench.growth.fitting import Quantity, tell
    from nestbench.growth.report import table_row

    shelf = Shelf(root=folder)
    found: dict[str, list[Told]] = {}
    rows = [one.id for one in source.matrix.stacks]
    for stack in sorted(shelf.stacks(), key=lambda name: rows.index(name) if name in rows else len(rows)):
        counts, times = shelf.counts(stack), shelf.times(stack)
        for line in lines_of(source.catalogue):
            found.setdefault(line.entry.id, []).extend(tell(counts, times, line.label))
    found = {case: told for case, told in found.items() if told}
    return Cost(
        quantities=tuple(map(str, Quantity)),
        told=found,
        growth={case: [(one.label, *table_row(one)) for one in told] for case, told in found.items()},
        drawn={case: _drawn(told) for case, told in found.items()} if has_matplotlib() else {},
    )


def has_matplotlib() -> bool:
    """Whether matplotlib is there, which draws."""
    return importlib.util.find_spec("matplotlib") is not None


def _drawn(told: Sequence["Told"]) -> dict[str, Markup]:
    """SVG by title, to stand inside a page."""
    from nestbench.growth.drawing import captioned

    return {title: inline(svg, title=title) for title, svg in captioned(told).items()}


def inline(svg: str, *, title: str) -> Markup:
    """A drawing as a part of a page: named for who cannot see it, with ids that no other drawing has."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    prefix = f"{file_name(title)}-"
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'((?:xlink:)?href=")#', rf"\1#{prefix}", svg)
    svg = svg.replace("url(#", f"url(#{prefix}")
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)
    return Markup(svg)  # noqa: S704 - matplotlib escapes what it writes
