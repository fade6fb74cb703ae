"""Names and patterns that a person gave, against the names that there are; and numbers with a noun."""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nestbench.errors import UsageError, did_you_mean

__all__ = ["Asked", "does", "few", "joined", "matching", "number_of", "ratio_of", "require_known", "the_one"]

_FEW = 8  # names in a sentence
_SMALL = 0.1  # as a ratio


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked for of one ``kind`` ("stack"); ``lists`` is what shows the names there are."""

    kind: str
    patterns: Sequence[str]
    known: Sequence[str]
    lists: str

    def unknown(self) -> list[str]:
        """The patterns that match nothing, each once."""
        return [one for one in dict.fromkeys(self.patterns) if not matching(one, self.known)]


def matching(pattern: str, known: Iterable[str]) -> list[str]:
    """The known names that ``pattern`` is, or matches as a glob, in their order."""
    return [name for name in known if name == pattern or fnmatch.fnmatchcase(name, pattern)]


def require_known(*asked: Asked) -> None:
    """Raise one UsageError that names everything that matches nothing, with what is nearest."""
    unknown = [(one, pattern) for one in asked for pattern in one.unknown()]
    if unknown:
        raise _unknown_names(unknown)


def the_one(asked: Asked, name: str) -> str:
    """``name``, which has to be known. Raises UsageError where it is not, or is a pattern of known ones."""
    if name in asked.known:
        return name
    matched = matching(name, asked.known)
    if not matched:
        raise _unknown_names([(asked, name)])
    raise UsageError(
        f"'{name}' stands for {number_of(len(matched), asked.kind)}; one {asked.kind} is taken here.",
        do=f"Name one: {few(matched, _FEW)}.",
    )


def _unknown_names(unknown: Sequence[tuple[Asked, str]]) -> UsageError:
    """The error that names each of these, with what is nearest to it."""
    hints = []
    for one, pattern in unknown:
        if near := did_you_mean(pattern, one.known):
            hints.append(f"{near[:-1]} for '{pattern}'?" if len(unknown) > 1 else near)
    names = [f"{one.kind} '{pattern}'" for one, pattern in unknown]
    kinds: dict[str, list[str]] = {}
    for one, _ in unknown:
        if _plural(one.kind) not in kinds.setdefault(one.lists, []):
            kinds[one.lists].append(_plural(one.kind))
    lists = [f"{command} lists all {' and '.join(names)}." for command, names in kinds.items()]
    return UsageError(f"There is no {', no '.join(names)}.", do=" ".join([*hints, *lists]))


def number_of(count: int, noun: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{count} {noun if count == 1 else _plural(noun)}"


def does(count: int, one: str, several: str) -> str:
    """``1 raises an error``, ``2 raise an error``."""
    return f"{count} {one if count == 1 else several}"


def few(words: Sequence[str], most: int) -> str:
    """``a, b, ...``: the first of them, and that there are more."""
    return ", ".join([*words[:most], *(["..."] if len(words) > most else [])])


def joined(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def ratio_of(value: float) -> str:
    """``1.53``, ``0.86``; ``0.0013``, for of a thousandth two digits behind the point would say nothing."""
    return f"{value:.2f}" if value >= _SMALL else f"{value:.2g}"


def _plural(noun: str) -> str:
    return f"{noun}s"
