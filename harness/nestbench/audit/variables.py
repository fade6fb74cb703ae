"""What becomes of each variable: what is counted, trained, saved and restored before and not after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.matching import pairs
from nestbench.names import number_of
from nestbench.portability.record import KINDS
from nestbench.verdicts.variables import is_floating, is_parameter, names, parameters_of, size
from nestprobe.observation import Observation, Status, VariableRecord

__all__ = ["FLAGS", "Pair", "loses", "paired", "raising", "still_lost", "variable_differences"]


@dataclass(frozen=True)
class _Flag:
    """A fact of a variable by which it can be lost. ``lost`` and ``found``: of a person's model now."""

    field: str
    kind: Kind
    lost: str
    found: str
    file: str = ""  # the kind of file that it is about
    never: str = ""  # where the file could not be had before


def _of_file(file: str, field: str, words: str, held: Kind, back: Kind) -> tuple[_Flag, _Flag]:
    left_out = f"left out of {words} without a word, where it raised before"
    stays = f"not brought back from {words} without a word, where it raised before"
    return (
        _Flag(f"in_{field}", held, f"no longer in {words}", f"in {words} now", file, left_out),
        _Flag(
            f"restored_from_{field}",
            back,
            f"no longer comes back from {words}",
            f"comes back from {words} now",
            file,
            stays,
        ),
    )


#: In the order in which they are told; what follows from another is still told: it is another loss.
_FLAGS = (
    _Flag("in_weights", Kind.UNCOUNTED, "no longer counted", "counted now"),
    _Flag("changed_by_step", Kind.UNTRAINED, "no longer trained", "trained now"),
    _Flag("gradient", Kind.NO_GRADIENT, "no longer gets a gradient", "gets a gradient now"),
    *_of_file("weights", "weights_file", "the weights file", Kind.UNSAVED, Kind.UNRESTORED),
    *_of_file("model", "model_file", "the model file", Kind.NOT_IN_MODEL_FILE, Kind.NOT_FROM_MODEL_FILE),
    *_of_file(
        "checkpoint", "checkpoint", "a TF checkpoint", Kind.NOT_IN_CHECKPOINT, Kind.NOT_FROM_CHECKPOINT
    ),
)
#: The field of a variable's record that each kind rests on.
FLAGS = {str(flag.kind): flag.field for flag in _FLAGS}
#: What is not in a file cannot come back from it: that is no second loss.
_FOLLOWS = {
    Kind.UNRESTORED: Kind.UNSAVED,
    Kind.NOT_FROM_MODEL_FILE: Kind.NOT_IN_MODEL_FILE,
    Kind.NOT_FROM_CHECKPOINT: Kind.NOT_IN_CHECKPOINT,
    Kind.NO_GRADIENT: Kind.UNTRAINED,
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A variable before and after, and its places in both lists; None where one side has none."""

    places: tuple[int | None, int | None]
    before: VariableRecord | None
    after: VariableRecord | None


def paired(before: Observation, after: Observation) -> list[Pair]:
    """The floating variables of both, each with what it is on the other side."""
    old = [place for place, one in enumerate(before.variables) if is_floating(one)]
    new = [place for place, one in enumerate(after.variables) if is_floating(one)]
    matched = pairs([before.variables[place] for place in old], [after.variables[place] for place in new])
    return [
        Pair(
            places=(None if one is None else old[one], None if other is None else new[other]),
            before=None if one is None else before.variables[old[one]],
            after=None if other is None else after.variables[new[other]],
        )
        for one, other in matched
    ]


def variable_differences(
    before: Observation, after: Observation, files: Sequence[str] = KINDS
) -> Iterator[Difference]:
    """What variables lose, those that lose the same together; then what they win.

    ``files``: the kinds of file that are asked about.
    """
    every = paired(before, after)
    flags = [flag for flag in _FLAGS if flag.file in ("", *files)]
    lost, won = _grouped(every, flags, before_is=True), _grouped(every, flags, before_is=False)
    for kinds, members in lost.items():
        yield _told(kinds, members, Gravity.SILENT)
    raised = [flag for flag in flags if flag.file in raising(before)]
    for kinds, members in _grouped(every, raised, before_is=None).items():
        yield _told(kinds, members, Gravity.SILENT, raised=True)
    yield from _overtrained(every)
    yield from _reads(every)
    yield from _overcounted(every)
    for kinds, members in won.items():
        yield _told(kinds, members, Gravity.BETTER)


def raising(observation: Observation) -> list[str]:
    """The kinds of file that could not be written or read back: an exception said so."""
    return [
        kind
        for kind in KINDS
        for phase in (f"saved-{kind}", f"reloaded-{kind}")
        if phase in observation.phases and observation.phases[phase].status == Status.RAISED
    ]


def loses(observation: Observation, file: str) -> bool:
    """Whether a kind of file lacks a parameter, or does not give it back."""
    flags = [flag for flag in _FLAGS if flag.file == file]
    return any(_is(one, flag) is False for one in parameters_of(observation.variables) for flag in flags)


def still_lost(
    before: Observation, after: Observation, files: Sequence[str] = KINDS
) -> dict[Kind, list[int]]:
    """Variables that lack a thing on both sides, by their places in the newer observation, by kind.

    That is no difference, and no good either. ``files``: the kinds of file that are asked about.
    """
    found: dict[Kind, list[int]] = {}
    flags = [flag for flag in _FLAGS if flag.file in ("", *files)]
    for pair in paired(before, after):
        place = pair.places[1]
        if pair.before is None or pair.after is None or place is None or not is_parameter(pair.after):
            continue
        missing = [flag.kind for flag in flags if _is(pair.before, flag) is False is _is(pair.after, flag)]
        # What is counted and not trained on either side is as its author may mean it.
        meant = pair.after.in_weights or not pair.after.trainable or pair.after.gradient is False
        left_out = {Kind.NO_GRADIENT, Kind.UNTRAINED} if meant else {Kind.NO_GRADIENT}
        for kind in missing:
            if kind not in left_out and _FOLLOWS.get(kind) not in missing:
                found.setdefault(kind, []).append(place)
    return found


def _grouped(
    every: Sequence[Pair], flags: Sequence[_Flag], *, before_is: bool | None
) -> dict[tuple[Kind, ...], list[Pair]]:
    """Pairs by the kinds of flag that are ``before_is`` before and the opposite after.

    None: not known before and lost after.
    """
    groups: dict[tuple[Kind, ...], list[Pair]] = {}
    for pair in every:
        if pair.before is None or pair.after is None:
            continue
        if not (is_parameter(pair.before) and is_parameter(pair.after)):
            continue
        changed = [
            flag.kind
            for flag in flags
            if _is(pair.before, flag) is before_is
            and _is(pair.after, flag) is (before_is is False)
            # Frozen before and trained after is no gain: it is told apart.
            and not (flag.kind is Kind.UNTRAINED and not before_is and pair.before.in_weights)
            # Keras 2 computes a gradient of what is frozen, which needs none.
            and not (flag.kind is Kind.NO_GRADIENT and _is_frozen(pair.before if before_is else pair.after))
        ]
        kinds = tuple(kind for kind in changed if _FOLLOWS.get(kind) not in changed)
        if kinds:
            groups.setdefault(kinds, []).append(pair)
    return groups


def _is_frozen(variable: VariableRecord) -> bool:
    """Left alone by a step, and of no list that it goes by; where no step was measured, this is not known."""
    return variable.changed_by_step is False and not variable.in_trainable_weights


def _is(variable: VariableRecord, flag: _Flag) -> bool | None:
    value = getattr(variable, flag.field)
    return None if value is None else bool(value)


def _told(
    kinds: tuple[Kind, ...], members: Sequence[Pair], gravity: Gravity, *, raised: bool = False
) -> Difference:
    flags = [flag for flag in _FLAGS if flag.kind in kinds]
    lost = [flag.never if raised else flag.lost for flag in flags]
    words = lost if gravity is Gravity.SILENT else [flag.found for flag in flags]
    evidence = [f"{flag.field.replace('_', ' ')}: {_values(members, flag)}" for flag in flags]
    return _difference(gravity, kinds, ", ".join(words), members, evidence=evidence)


def _values(members: Sequence[Pair], flag: _Flag) -> str:
    before = {getattr(pair.before, flag.field) for pair in members}
    after = {getattr(pair.after, flag.field) for pair in members}
    return f"{_set(before)} -> {_set(after)}"


def _set(values: set[object]) -> str:
    words = {True: "yes", False: "no", None: "raised"}
    return ", ".join(sorted(words[one] if isinstance(one, bool | None) else str(one) for one in values))


def _overtrained(every: Sequence[Pair]) -> Iterator[Difference]:
    """Listed and left alone by a step before, changed by it after: what was frozen is trained."""
    members = [
        pair
        for pair in every
        if pair.before is not None
        and pair.after is not None
        and pair.before.in_weights
        and pair.before.changed_by_step is False
        and pair.after.changed_by_step
        and pair.after.gradient
    ]
    if members:
        said = "trained now although a step left it alone before: frozen no longer"
        yield _difference(
            Gravity.SILENT, (Kind.OVERTRAINED,), said, members, evidence=["changed by step: no -> yes"]
        )


def _reads(every: Sequence[Pair]) -> Iterator[Difference]:
    fewer = [p for p in every if _read(p.before) and not _read(p.after)]
    more = [p for p in every if _read(p.after) and not _read(p.before)]
    if fewer:
        said = "no longer read by the forward pass: the model computes something else"
        yield _difference(Gravity.SILENT, (Kind.READS,), said, fewer)
    if more:
        said = "read by the forward pass now, and not before"
        yield _difference(Gravity.OTHER, (Kind.READS,), said, more, mark="more-read")


def _read(variable: VariableRecord | None) -> bool:
    return variable is not None and is_parameter(variable)


def _overcounted(every: Sequence[Pair]) -> Iterator[Difference]:
    twice = [
        p for p in every if p.after and p.after.in_weights > 1 and not (p.before and p.before.in_weights > 1)
    ]
    idle = [
        p for p in every
        if p.after and p.after.in_weights and not p.after.used
        and not (p.before and p.before.in_weights and not p.before.used)
        and not _read(p.before)
    ]  # fmt: skip
    if twice:
        said = "in weights more than once now"
        yield _difference(Gravity.OTHER, (Kind.OVERCOUNTED,), said, twice, mark="twice")
    if idle:
        said = "counted now and never read"
        yield _difference(Gravity.OTHER, (Kind.OVERCOUNTED,), said, idle, mark="idle")


def _difference(
    gravity: Gravity,
    kinds: tuple[Kind, ...],
    said: str,
    members: Sequence[Pair],
    *,
    evidence: Sequence[str] = (),
    mark: str = "",
) -> Difference:
    shown = [one for pair in members if (one := pair.after or pair.before) is not None]
    better = "+" if gravity is Gravity.BETTER else ""
    what = [mark] if mark else list(kinds)
    whose = f"{number_of(sum(map(size, shown)), 'parameter')} in {number_of(len(shown), 'variable')}"
    return Difference(
        gravity=gravity,
        kinds=kinds,
        title=f"{whose}: {said}",
        evidence=(f"variables: {names(shown)}", *evidence),
        variables=tuple(one.name for one in shown),
        positions=tuple(pair.places[1] for pair in members if pair.places[1] is not None),
        marks=frozenset(f"{better}{one}:{_identity(pair)}" for one in what for pair in members),
    )


def _identity(pair: Pair) -> str:
    """The same for the same variable whatever the newer stack: its place before, else its name and shape."""
    if pair.places[0] is not None:
        return str(pair.places[0])
    assert pair.after is not None
    return f"{pair.after.name}{list(pair.after.shape)}"
