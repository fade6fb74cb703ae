"""Files saved on one stack and loaded on another, pair by pair: of which cases they come back equal."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Final

from nestbench.names import does, joined, number_of
from nestbench.portability import Loads
from nestbench.portability.record import KINDS
from nestbench.portability.report import LETTERS, TITLES
from nestbench.site.anchor import cell_anchor, file_name
from nestbench.site.column import Block

__all__ = ["FAILS", "NAME", "SHORT", "Exchange", "Told", "exchange_of", "exchange_script", "pair_anchor"]

#: The variable that the script sets.
NAME = "nestbenchExchange"
#: A kind of file without what the page of portability says of it.
SHORT: Final = {kind: TITLES[kind].partition(" (")[0] for kind in KINDS}
#: Letters of files that fail to load, with what one and several do.
FAILS: Final = {
    "R": ("raises an error", "raise an error"),
    "H": ("hangs", "hang"),
    "X": ("ends the process", "end the process"),
    "?": ("could not be measured", "could not be measured"),
}
_EQUAL, _SILENT, _NONE = "=", "D", "-"
_SAID: Final = {
    _EQUAL: ("comes back equal", "come back equal"),
    _SILENT: ("is silently different", "are silently different"),
    **FAILS,
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a pair says of one kind of file. ``silent``: cases that are another in silence, where not all are.

    ``anchor``: of the pair in the page of portability; empty where all come back equal or none is there.
    """

    title: str
    words: str
    silent: tuple[str, ...]
    anchor: str


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """By saver, loader and kind a letter for each of ``cases``, labels of case variants.

    ``anchors``: by case, its place in the page of portability.
    """

    cases: tuple[str, ...]
    anchors: Mapping[str, str]
    pairs: Mapping[tuple[str, str], Mapping[str, str]]
    blocks: Sequence[Block]

    def told(self, saver: str, loader: str) -> list[Told]:
        """Of each kind of file; nothing where the pair was not exchanged."""
        kinds = self.pairs.get((saver, loader), {})
        return [self._told(saver, loader, kind, letters) for kind, letters in kinds.items()]

    def _told(self, saver: str, loader: str, kind: str, letters: str) -> Told:
        silent = self.of(letters, _SILENT)
        return Told(
            title=SHORT[kind],
            words=_words(letters),
            silent=tuple(silent) if set(letters) - {_SILENT, _NONE} else (),
            anchor=pair_anchor(kind, saver, loader) if set(letters) - {_EQUAL, _NONE} else "",
        )

    def of(self, letters: str, letter: str) -> list[str]:
        """The cases that have that letter."""
        return [case for case, one in zip(self.cases, letters, strict=True) if one == letter]

    def told_of(self, case: str) -> list[str]:
        """Of each kind of file of one case, over all pairs of stacks; nothing where it was not exchanged."""
        if case not in self.cases:
            return []
        place = self.cases.index(case)
        kinds = ("".join(pair[kind][place] for pair in self.pairs.values()) for kind in KINDS)
        return [
            f"{SHORT[kind]}, {_words(letters)}"
            for kind, letters in zip(KINDS, kinds, strict=True)
            if set(letters) - {_NONE}
        ]

    def near(self, saver: str, loader: str) -> list[tuple[str, str]]:
        """Of a pair that was not exchanged the nearest that were, of the same lines and the same way."""
        order = [column.stack for block in self.blocks for column in block.columns]
        sides = product(self.near_savers.get(saver, ()), self.near_loaders.get(loader, ()))
        up = order.index(saver) < order.index(loader)
        return [
            (old, new)
            for old, new in sides
            if old != new and (old, new) in self.pairs and (order.index(old) < order.index(new)) is up
        ]

    @cached_property
    def near_savers(self) -> dict[str, list[str]]:
        """By stack itself where it saved any, else the stacks before and after it in its line that did."""
        return dict(_nearest(self.blocks, {saver for saver, _ in self.pairs}))

    @cached_property
    def near_loaders(self) -> dict[str, list[str]]:
        """The same of those that loaded."""
        return dict(_nearest(self.blocks, {loader for _, loader in self.pairs}))


def exchange_of(loads: Sequence[Loads], anchors: Mapping[str, str], blocks: Sequence[Block]) -> Exchange:
    """Everything that was exchanged, of ``blocks`` of columns."""
    cases = tuple(dict.fromkeys(label for one in loads for label in one.found))
    pairs: dict[tuple[str, str], dict[str, str]] = {}
    for one in loads:
        for saver in dict.fromkeys(saver for savers in one.found.values() for saver in savers):
            found = [one.found.get(label, {}).get(saver, {}) for label in cases]
            pairs[saver, one.stack] = {
                kind: "".join(LETTERS.get(of[kind].result, "?") if kind in of else _NONE for of in found)
                for kind in KINDS
            }
    return Exchange(cases=cases, anchors=anchors, pairs=pairs, blocks=blocks)


def pair_anchor(kind: str, saver: str, loader: str) -> str:
    """Name of a pair in the page of portability."""
    return cell_anchor(f"_{kind}.{file_name(saver)}", file_name(loader))


def exchange_script(exchange: Exchange) -> str:
    """JavaScript that sets ``NAME``.

    ``pairs``: by saver and loader, of each kind its title, the place of what it says in ``words``, places
    of cases in ``cases``, and the place in the page of portability.
    """
    words: list[str] = []
    places = {label: place for place, label in enumerate(exchange.cases)}
    pairs: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for saver, loader in exchange.pairs:
        lines = []
        for one in exchange.told(saver, loader):
            if one.words not in words:
                words.append(one.words)
            silent = [places[label] for label in one.silent]
            lines.append([one.title, words.index(one.words), silent, one.anchor])
        pairs[saver][loader] = lines
    data = {
        "cases": [[label, exchange.anchors[label]] for label in exchange.cases],
        "words": words,
        "pairs": pairs,
        "near": [exchange.near_savers, exchange.near_loaders],
    }
    return f"var {NAME} = {json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n"


def _words(letters: str) -> str:
    """``16 files: 9 come back equal, 3 are silently different and 4 raise an error``."""
    saved = len(letters) - letters.count(_NONE)
    if not saved:
        return "none was saved, or they do not exist there"
    counts = {letter: letters.count(letter) for letter in _SAID}
    for letter, (one, several) in _SAID.items():
        if counts[letter] == saved:
            return f"{number_of(saved, 'file')}: {f'it {one}' if saved == 1 else f'all {several}'}"
    none = [] if counts[_EQUAL] else [f"none {_SAID[_EQUAL][0]}"]
    parts = [does(count, *_SAID[letter]) for letter, count in counts.items() if count]
    return f"{number_of(saved, 'file')}: {joined([*none, *parts])}"


def _nearest(blocks: Sequence[Block], held: set[str]) -> Iterator[tuple[str, list[str]]]:
    for block in blocks:
        stacks = [column.stack for column in block.columns]
        for place, stack in enumerate(stacks):
            before = [one for one in stacks[:place] if one in held][-1:]
            after = [one for one in stacks[place + 1 :] if one in held][:1]
            yield stack, [stack] if stack in held else [*before, *after]
