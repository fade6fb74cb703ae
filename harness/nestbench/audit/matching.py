"""Which variable of one stack is which of another: names and order differ, shapes and makers do not."""

from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import Protocol

__all__ = ["pairs"]


class Named(Protocol):
    """What is paired: anything with a name and a shape."""

    @property
    def name(self) -> str:
        """As Keras or the backend calls it: ``dense/kernel:0``, or a path."""
        ...

    @property
    def shape(self) -> Sequence[int]:
        """Its sizes."""
        ...


def pairs(before: Sequence[Named], after: Sequence[Named]) -> list[tuple[int | None, int | None]]:
    """Positions before and after of each variable, None where one side has none; in order of ``before``.

    First by shape and the last two words of the name, then by shape and the last word, then by shape
    alone; each time in order, so that two of one shape are never exchanged without need. What is left is
    paired by shape and last word wherever it stands.
    """
    found: dict[int, int] = {}
    for key in (_two_words, _one_word, _shape):
        left = [place for place in range(len(before)) if place not in found]
        right = [place for place in range(len(after)) if place not in found.values()]
        old, new = [key(before[place]) for place in left], [key(after[place]) for place in right]
        for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            found |= {left[block.a + step]: right[block.b + step] for step in range(block.size)}
    _anywhere(before, after, found)
    taken = set(found.values())
    paired = [(place, found.get(place)) for place in range(len(before))]
    return [*paired, *((None, place) for place in range(len(after)) if place not in taken)]


def _anywhere(before: Sequence[Named], after: Sequence[Named], found: dict[int, int]) -> None:
    taken = set(found.values())
    for place, one in enumerate(before):
        if place in found:
            continue
        for other in range(len(after)):
            if other not in taken and _one_word(one) == _one_word(after[other]):
                found[place] = other
                taken.add(other)
                break


def _words(one: Named) -> list[str]:
    return one.name.partition(":")[0].split("/")


def _shape(one: Named) -> Hashable:
    return tuple(one.shape)


def _one_word(one: Named) -> Hashable:
    return (tuple(one.shape), _words(one)[-1])


def _two_words(one: Named) -> Hashable:
    return (tuple(one.shape), *_words(one)[-2:])
