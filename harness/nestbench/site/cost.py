"""Build time and growth, drawn: what of them was measured, and nothing where nothing was."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import escape

from nestbench.growth import Shelf as GrowthShelf
from nestbench.growth import lines_of
from nestbench.growth.fitting import Told, tell
from nestbench.site.anchor import file_name
from nestbench.site.source import Source

__all__ = ["Cost", "cost_of", "inline"]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """``growth``: what was measured, by case id. ``drawn``: SVG by label of a case and quantity.

    ``undrawn``: why there is no drawing, where something could be drawn.
    """

    growth: dict[str, list[Told]] = field(default_factory=dict)
    drawn: dict[str, dict[str, str]] = field(default_factory=dict)
    undrawn: str = ""


def cost_of(source: Source) -> Cost:
    """Growth of every case that has it. Raises StoreError for a broken file."""
    shelf = GrowthShelf(root=source.beside("growth"))
    growth: dict[str, list[Told]] = {}
    for stack in shelf.stacks():
        counts, times = shelf.counts(stack), shelf.times(stack)
        for line in lines_of(source.catalogue):
            growth.setdefault(line.entry.id, []).extend(tell(counts, times, line.label))
    growth = {case: told for case, told in growth.items() if told}
    if not growth:
        return Cost()
    return Cost(growth=growth, drawn={case: _drawn(told) for case, told in growth.items()})


def _drawn(told: Sequence[Told]) -> dict[str, str]:
    """SVG by title, to stand inside a page."""
    from nestbench.growth.drawing import drawings

    return {
        name.removesuffix(".svg"): inline(svg, title=name.removesuffix(".svg").replace(".", ": "))
        for name, svg in drawings(told).items()
    }


def inline(svg: str, *, title: str) -> str:
    """A drawing as a part of a page: named for who cannot see it, with ids that no other drawing has."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    prefix = f"{file_name(title)}-"
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'((?:xlink:)?href=")#', rf"\1#{prefix}", svg)
    svg = svg.replace("url(#", f"url(#{prefix}")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)
