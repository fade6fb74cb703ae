"""Portability as its page shows it: a matrix for each kind of file, as a whole and case by case."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nestbench.portability.record import KINDS, Loads
from nestbench.portability.report import LEGEND, TITLES, squares
from nestbench.site.exchanged import FAILS, SHORT, Exchange, pair_anchor

__all__ = ["view"]

_SILENT = "D"


@dataclass(frozen=True, kw_only=True)
class _Square:
    """``href``: where the cases stand that do not come back equal; empty where all do."""

    text: str
    href: str = ""

    @property
    def kind(self) -> str:
        """A letter for the colour: all come back, some do, one is wrong in silence, or nothing is there.

        ``none`` beside it where not one of several comes back.
        """
        if self.text == "-":
            return "n"
        found = re.match(r"(\d+)/(\d+)", self.text)
        none = " none" if found and found[1] == "0" else ""
        if "D" in self.text:
            return f"l{none}"
        if found:
            return "t" if found[1] == found[2] else f"r{none}"
        return "t" if self.text.startswith("=") else "r"


@dataclass(frozen=True, kw_only=True)
class _Unequal:
    """Files that do not come back equal: every one of ``savers`` with every one of ``loaders`` says the same.

    ``anchors``: of these pairs. ``silent``: labels of the cases that are another without an error.
    ``fails``: by what they do, the other cases. ``saved``: how many were saved.
    """

    savers: tuple[str, ...]
    loaders: tuple[str, ...]
    anchors: tuple[str, ...]
    saved: int
    silent: tuple[str, ...]
    fails: tuple[tuple[str, tuple[str, ...]], ...]


def view(loads: Sequence[Loads], exchange: Exchange) -> dict[str, Any]:
    """The context of the page."""
    matrices = [
        (kind, TITLES[kind], SHORT[kind], *_table(loads, kind, exchange), list(_unequal(exchange, kind)))
        for kind in KINDS
    ] if loads else []  # fmt: skip
    details = [
        (label, anchor, [(TITLES[kind], *_table(loads, kind, cases=[label])) for kind in KINDS])
        for label, anchor in exchange.anchors.items()
    ]
    return {
        "matrices": matrices, "cases": exchange.cases, "anchors": exchange.anchors, "details": details,
        "legend_text": LEGEND,
    }  # fmt: skip


def _table(
    loads: Sequence[Loads], kind: str, exchange: Exchange | None = None, *, cases: Sequence[str] = ()
) -> tuple[list[str], list[tuple[str, list[_Square]]]]:
    head, *rows = squares(loads, kind, cases)
    unequal = {(saver, loader) for saver, loader, _ in _pairs(exchange, kind)} if exchange else set()
    return head, [
        (
            saver,
            [
                _Square(text=text, href=pair_anchor(kind, saver, one) if (saver, one) in unequal else "")
                for one, text in zip(head[1:], texts, strict=True)
            ],
        )
        for saver, *texts in rows
    ]


def _pairs(exchange: Exchange, kind: str) -> Iterator[tuple[str, str, str]]:
    """Saver, loader and letters of the pairs of which something does not come back equal, saver by saver."""
    savers = list(dict.fromkeys(saver for saver, _ in exchange.pairs))
    for (saver, loader), kinds in sorted(exchange.pairs.items(), key=lambda one: savers.index(one[0][0])):
        if set(kinds[kind]) & {_SILENT, *FAILS}:
            yield saver, loader, kinds[kind]


def _unequal(exchange: Exchange, kind: str) -> Iterator[_Unequal]:
    loaders: dict[tuple[str, str], list[str]] = {}
    for saver, loader, letters in _pairs(exchange, kind):
        loaders.setdefault((saver, letters), []).append(loader)
    savers: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (saver, letters), names in loaders.items():
        savers.setdefault((letters, tuple(names)), []).append(saver)
    for (letters, columns), these in savers.items():
        yield _Unequal(
            savers=tuple(these),
            loaders=columns,
            anchors=tuple(pair_anchor(kind, saver, loader) for saver in these for loader in columns),
            saved=len(letters) - letters.count("-"),
            silent=tuple(exchange.of(letters, _SILENT)),
            fails=tuple(
                (words[letters.count(letter) > 1], tuple(exchange.of(letters, letter)))
                for letter, words in FAILS.items()
                if letter in letters
            ),
        )
