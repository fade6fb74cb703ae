"""How one case variant behaves on one stack, as facts that can be held against another stack's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from weakref import WeakKeyDictionary

from nestbench.frames import Result
from nestbench.store import Prototype
from nestbench.verdicts import Entry, Verdict
from nestbench.verdicts.rules import LOUD
from nestbench.verdicts.variables import parameters_of, size
from nestprobe.observation import Observation

_LONGEST = 100  # characters of a message
_RAISES = " raises"

__all__ = ["IN_WEIGHTS", "Back", "Behaviour", "behaviour_of"]

IN_WEIGHTS = "scalars listed in weights"  # a fact

_SCALARS = {
    "in_weights": "listed in weights",
    "in_trainable_weights": "listed in trainable_weights",
    "changed_by_step": "changed by a step",
    "in_weights_file": "in the weights file",
    "restored_from_weights_file": "back from the weights file",
    "in_model_file": "in the model file",
    "restored_from_model_file": "back from the model file",
    "in_checkpoint": "in a TF checkpoint",
    "restored_from_checkpoint": "back from a TF checkpoint",
}
#: What a model is saved to: a word of its phases, and what says that it comes back. Findings are of the
#: weights file; of the others only in a case that is about them, though what they lose is lost as silently.
_DOORS = {
    "the weights file": ("weights", "restored_from_weights_file"),
    "the model file": ("model", "restored_from_model_file"),
    "a TF checkpoint": ("checkpoint", "restored_from_checkpoint"),
}


class Back(IntEnum):
    """How much of what the forward pass reads comes back from a file, the gravest first."""

    NOTHING = 0
    PART = 1
    RAISED = 2  # writing or reading it: nothing is lost without a word
    ALL = 3


_LOST = {Back.NOTHING: "nothing", Back.PART: "a part"}


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """``call`` and ``build``: the findings of each entry, headline first. ``facts``: words to value.

    ``counted`` and ``used``: what count_params() says after a call and what that reads, in scalars; None
    where not measured. ``raised``: the exception that counts as a finding, with its phase. ``back``: by file,
    what comes back from it; without those of which it is not known. ``refused``: by file that raised, at
    what (``written``, ``loaded``) and the exceptions' types. Two behaviours are the same where the findings
    are, and what comes back from each file of which both know it; the rest tells what is behind a difference.
    """

    call: tuple[str, ...]
    build: tuple[str, ...]
    facts: Mapping[str, str]
    evidence: tuple[str, ...] = ()
    counted: int | None = None
    used: int | None = None
    raised: str = ""
    back: Mapping[str, Back] = field(default_factory=dict)
    refused: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The findings in a phrase; those of build(shape) where they are others, files that lose or raise."""
        return self._in_words(", ".join(self.call))

    @property
    def words_and_counts(self) -> str:
        """The same with counted/used, ``uncounted, unsaved 33/83``, where both are known."""
        known = self.counted is not None and self.used is not None
        return self._in_words(", ".join(self.call) + (f" {self.counted}/{self.used}" if known else ""))

    def _in_words(self, said: str) -> str:
        aside = [] if self.build == self.call else [f"build(shape) alone: {', '.join(self.build)}"]
        for back, words in _LOST.items():
            names = [name for name, one in self.back.items() if one is back]
            if names:
                aside.append(f"{words} back from {', '.join(names)}")
        for name, at in self.refused.items():
            how = ", or ".join(f"{done}: {' or '.join(types)}" for done, types in at.items())
            aside.append(f"{name} cannot be {how}")
        return f"{said} ({'; '.join(aside)})" if aside else said

    def same(self, other: "Behaviour") -> bool:
        """Whether the findings are the same, and no file gives back more or less than it did."""
        same = (self.call, self.build) == (other.call, other.build)
        return same and not (self.falls(other) or other.falls(self))

    @property
    def lossy(self) -> list[str]:
        """Files from which not all comes back, without an error."""
        return [name for name, one in self.back.items() if one < Back.RAISED]

    def falls(self, newer: "Behaviour") -> list[str]:
        """Files that fare worse in ``newer``, by the order of ``Back``; only those of which both know it."""
        return [name for name, one in self.back.items() if newer.back.get(name, one) < one]

    def with_files_of(self, newer: "Behaviour") -> "Behaviour":
        """With what only ``newer``, which is the same, knows of files, and at what else they raise there."""
        refused = dict(self.refused)
        for name, at in newer.refused.items():
            known = dict(refused.get(name, {}))
            for done, types in at.items():
                known[done] = tuple(dict.fromkeys([*known.get(done, ()), *types]))
            refused[name] = known
        return replace(self, back={**newer.back, **self.back}, refused=refused)

    def differences(self, newer: "Behaviour", *, arrow: str = "->") -> list[str]:
        """Facts that are others in ``newer``, as ``what: before -> after``."""
        names = [*self.facts, *(name for name in newer.facts if name not in self.facts)]
        return [
            f"{name}: {self.facts.get(name, _without(name))} {arrow} {newer.facts.get(name, _without(name))}"
            for name in names
            if self.facts.get(name) != newer.facts.get(name)
        ]


#: Most stacks share a few: a table, a history and a comparison ask for each many times.
_known: WeakKeyDictionary[Prototype, Behaviour] = WeakKeyDictionary()


def behaviour_of(result: Result) -> Behaviour | None:
    """The behaviour of a measured cell; None where nothing is known of it."""
    if result.measured is None or not result.judgements:
        return None
    prototype = result.measured.prototype
    if prototype not in _known:  # no fact is a count of Python calls
        _known[prototype] = _behaviour(result, prototype.observation)
    return _known[prototype]


def _behaviour(result: Result, observation: Observation) -> Behaviour:
    findings = {one.entry: tuple(map(str, one.findings)) for one in result.judgements}
    raises = any(Verdict.RAISES in named for named in findings.values())
    return Behaviour(
        call=findings[Entry.CALL],
        build=findings[Entry.BUILD],
        facts=dict(_facts(observation)),
        evidence=result.judgements[0].evidence,
        counted=result.judgements[0].counted,
        used=result.judgements[0].expected,
        raised=_raised(observation) if raises else "",
        back=dict(_back(observation)),
        refused=dict(_refused(observation)),
    )


def _raised(observation: Observation) -> str:
    for name in (*LOUD, "built", *observation.phases):
        phase = observation.phases.get(name)
        if phase is not None and phase.raised is not None:
            return f"{name} raised {phase.raised.type}: {phase.raised.message}"
    return ""


def _without(name: str) -> str:
    """What it means that there is no such fact: no exception, or a value that nothing is known of."""
    return "nothing" if name.endswith(_RAISES) else "not known"


def _begun(message: str) -> str:
    """As much of it as a line holds."""
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…"


def _back(observation: Observation) -> Iterator[tuple[str, Back]]:
    read = parameters_of(observation.variables)
    refused = dict(_refused(observation))
    for name, (_, flag) in _DOORS.items():
        flags = [getattr(one, flag) for one in read]
        if name in refused:
            yield name, Back.RAISED
        elif read and None not in flags:
            yield name, Back.ALL if all(flags) else Back.PART if any(flags) else Back.NOTHING


def _refused(observation: Observation) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
    for name, (kind, _) in _DOORS.items():
        for way, done in (("saved", "written"), ("reloaded", "loaded")):
            phase = observation.phases.get(f"{way}-{kind}")
            if phase is not None and phase.raised is not None:
                yield name, {done: (phase.raised.type,)}
                break


def _facts(observation: Observation) -> Iterator[tuple[str, str]]:
    for name, words in (("called", "count_params() after a call"), ("built", "after build(shape)")):
        phase = observation.phases.get(name)
        if phase is not None and phase.model is not None and phase.model.count_params is not None:
            yield words, str(phase.model.count_params)
    read = parameters_of(observation.variables)
    if read:
        yield "scalars that the forward pass reads", str(sum(map(size, read)))
    for flag, words in _SCALARS.items():
        if read and all(getattr(one, flag) is not None for one in read):
            yield f"scalars {words}", str(sum(size(one) for one in read if getattr(one, flag)))
    for name, phase in observation.phases.items():
        if phase.raised is not None:
            yield name + _RAISES, f"{phase.raised.type}: {_begun(phase.raised.message)}"
