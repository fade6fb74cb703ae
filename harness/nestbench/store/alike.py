"""Result files that say the same but for a few counts, decoded once.

Most stacks do the same in most cases: of the published files nearly four in five differ from an earlier
one in its head and in the counts of Python calls alone. What was decoded before is not decoded again, and
whoever judges can tell that it was. Only what ``codec`` has validated is handed out; a text that is laid
out otherwise than ``encode`` does takes the ordinary way.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic_core import from_json

from nestbench.store import codec
from nestbench.store.disk import StoreError
from nestbench.store.records import SCHEMA, CaseResult
from nestprobe.observation import Observation, PhaseRecord

__all__ = ["Alike", "Decoded", "Prototype"]

_BEGINS = f'{{\n "schema": {SCHEMA},\n'
#: There is no line break inside a JSON text: where this stands, it is a key.
_OBSERVATIONS = '\n "observations": '
_ENDS = "\n}\n"
_COUNT = '"python_calls": '
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,14})(?=[,}\n])")


@dataclass(frozen=True, eq=False)
class Prototype:
    """An observation for all that differ from it in their counts of Python calls alone.

    Its own counts say nothing; ``counted`` are the phases that have one. Equal to itself only.
    """

    observation: Observation
    counted: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A result, and the prototypes of its observations in the same order."""

    result: CaseResult
    prototypes: Sequence[Prototype]

    def variant(self, names: Mapping[str, str]) -> tuple[Observation, Prototype] | None:
        """The observation of that variant with its prototype, if it is here."""
        for observation, prototype in zip(self.result.observations, self.prototypes, strict=True):
            if observation.variant == names:
                return observation, prototype
        return None


class Alike:
    """What was decoded so far. For one reading of many files: it only grows."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Sequence[Prototype] | None] = {}

    def decode(self, text: str, path: Path) -> Decoded:
        """What ``codec.decode`` gives and raises, for a ``CaseResult``."""
        return self._again(text, path) or _alone(codec.decode(CaseResult, text, path))

    def _again(self, text: str, path: Path) -> Decoded | None:
        head, _, body = text.partition(_OBSERVATIONS)
        if not (head.startswith(_BEGINS) and body.endswith(_ENDS)):
            return None
        taken = _taken_apart(body.removesuffix(_ENDS))
        if taken is None:
            return None
        pieces, counts = taken
        try:
            # With this, what was left out is known to be one value in its place, whatever the head.
            result = codec.decode(CaseResult, _joined(head, "[]"), path)
            if pieces not in self._known:
                self._known[pieces] = _prototypes(head, pieces, path)
        except (StoreError, ValueError):
            return None
        prototypes = self._known[pieces]
        if prototypes is None:
            return None
        observations = list(_observations(prototypes, counts))
        return Decoded(result=replace(result, observations=observations), prototypes=prototypes)


def _alone(result: CaseResult) -> Decoded:
    return Decoded(result=result, prototypes=[Prototype(one) for one in result.observations])


def _joined(head: str, observations: str) -> str:
    return f"{head}{_OBSERVATIONS}{observations}{_ENDS}"


def _taken_apart(body: str) -> tuple[tuple[str, ...], list[int]] | None:
    """The text around the counts, and the counts; None where one is no plain number."""
    first, *others = body.split(_COUNT)
    pieces, counts = [first], []
    for piece in others:
        number = _NUMBER.match(piece)
        if number is None:
            return None
        counts.append(int(number[0]))
        pieces.append(piece[number.end() :])
    return tuple(pieces), counts


def _prototypes(head: str, pieces: Sequence[str], path: Path) -> Sequence[Prototype] | None:
    """Decoded with the place of each count as its value; None where a count is not that of a phase."""
    body = pieces[0] + "".join(f"{_COUNT}{place}{piece}" for place, piece in enumerate(pieces[1:]))
    from_json(body)  # one value, so that nothing in it belongs to the head
    found = codec.decode(CaseResult, _joined(head, body), path).observations
    prototypes = [
        Prototype(one, [name for name, phase in one.phases.items() if phase.python_calls is not None])
        for one in found
    ]
    places = [one.observation.phases[name].python_calls for one in prototypes for name in one.counted]
    return prototypes if places == list(range(len(pieces) - 1)) else None


def _observations(prototypes: Sequence[Prototype], counts: Sequence[int]) -> Iterator[Observation]:
    left = iter(counts)
    for prototype in prototypes:
        phases = dict(prototype.observation.phases)
        for name in prototype.counted:
            phases[name] = PhaseRecord(**{**vars(phases[name]), "python_calls": next(left)})
        yield Observation(**{**vars(prototype.observation), "phases": phases})
