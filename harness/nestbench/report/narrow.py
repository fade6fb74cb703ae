"""Many narrow columns on a terminal, set line by line: as a table of cells they take rich seconds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.segment import Segment, Segments

__all__ = ["GAP", "Line", "Narrow"]

GAP = 2  # between columns


@dataclass(frozen=True)
class Line:
    """A label and what stands in the columns, as text and rich style; nothing where none do."""

    label: str
    style: str = ""
    squares: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class Narrow:
    """Columns of one width each, centred, beside labels of ``label_width``; a line break splits a name."""

    corner: str
    names: Sequence[str]
    sections: Sequence[Sequence[Line]]
    label_width: int

    @cached_property
    def widths(self) -> list[int]:
        """Of the columns: what their widest square or line of their name takes."""
        from rich.cells import cell_len

        rows = [line.squares for section in self.sections for line in section if line.squares]
        texts = [
            {*name.split("\n"), *(row[place][0] for row in rows)} for place, name in enumerate(self.names)
        ]
        return [max(map(cell_len, column)) for column in texts]

    @property
    def width(self) -> int:
        """Of all."""
        return self.label_width + sum(GAP + width for width in self.widths)

    def drawn(self, console: "Console") -> "Segments":
        """As rich prints it."""
        from rich.cells import cell_len
        from rich.segment import Segment, Segments

        @cache  # most squares say what others do
        def square(text: str, look: str, width: int) -> Segment:
            spare = width - cell_len(text)
            before = spare // 2
            return Segment(" " * before + text + " " * (spare - before), console.get_style(look))

        rule = ("-" if console.options.ascii_only else "─") * self.width
        segments = [part for line in self._head() for part in self._set(line, square, console)]
        segments += [Segment(rule), Segment.line()]
        for place, section in enumerate(self.sections):
            segments += [Segment(" " * self.width), Segment.line()] if place else []
            segments += [part for line in section for part in self._set(line, square, console)]
        return Segments(segments)

    def _head(self) -> Iterator[Line]:
        names = [name.split("\n") for name in self.names]
        depth = max(map(len, names))
        for place in range(-depth, 0):
            squares = [(name[place] if len(name) >= -place else "", "bold") for name in names]
            yield Line(self.corner if place == -1 else "", "bold", squares)

    def _set(
        self, line: Line, square: "Callable[[str, str, int], Segment]", console: "Console"
    ) -> "Iterator[Segment]":
        from rich.cells import cell_len
        from rich.segment import Segment
        from rich.text import Text

        style, gap = console.get_style(line.style), Segment(" " * GAP)
        folded = [line.label]
        if cell_len(line.label) > self.label_width:
            folded = [one.plain for one in Text(line.label).wrap(console, self.label_width, overflow="fold")]
        for place, label in enumerate(folded):
            yield Segment(label + " " * (self.label_width - cell_len(label)), style)
            squares = line.squares if place == 0 else ()
            for width, (text, look) in zip(self.widths, squares or [("", "")] * len(self.names), strict=True):
                yield gap
                yield square(text, look, width)
            yield Segment.line()
