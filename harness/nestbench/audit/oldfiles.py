"""Files that the old stack saved: what becomes of them on the new one, and what nobody can say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.side import Side
from nestbench.audit.variables import Pair, paired
from nestbench.names import number_of
from nestbench.portability.record import KINDS, UNAVAILABLE, Loaded
from nestbench.verdicts.rules import with_detail
from nestbench.verdicts.variables import is_floating, is_parameter, names, size
from nestprobe.observation import OutcomeKind

__all__ = ["FILES", "is_misplaced", "old_file_differences", "unanswered", "untold"]

FILES = {"weights": "weights file", "model": "model file", "checkpoint": "TF checkpoint"}
_FIELDS = {"weights": "weights_file", "model": "model_file", "checkpoint": "checkpoint"}
#: How many values in other variables the evidence names.
_NAMED = 6
#: Words of ``nestprobe.exchange.Result``.
_EQUAL, _DIFFERS = "equal", "differs"
#: Nothing was there to load, or nothing that can be: that is told by the phases of saving.
_NOTHING = ("not-saved", "not-applicable", UNAVAILABLE)


@dataclass(frozen=True, kw_only=True)
class _OldFile:
    """A file of the old stack: what the old stack itself loads from it, and the new one."""

    kind: str
    there: Loaded
    here: Loaded

    @property
    def in_part(self) -> bool:
        """Whether it loads on both stacks and neither gets all of it back."""
        return self.there.result == self.here.result == _DIFFERS


def old_file_differences(before: Side, after: Side, files: Sequence[str] = KINDS) -> Iterator[Difference]:
    """What was saved on the old stack and is loaded on the new, beside what the old one itself gets back."""
    for one in _old_files(before, after, files):
        lost = _lost(one, before, after) if one.here.result == _DIFFERS else []
        moved = _moved(one, before, after)
        if lost:
            yield _lost_on_the_way(one, before.stack, lost)
        if moved:
            yield _misplaced(one, before, after, moved)
        if not (lost or moved or one.in_part or one.here.result == _EQUAL):
            yield _changed(one, before.stack)
        if one.in_part and (gone := _never_held(one, before, after)):
            yield _lacking(one, before.stack, gone)
    yield from _without_a_reader(before, after, files)


def unanswered(before: Side, after: Side, files: Sequence[str] = KINDS) -> tuple[str, ...]:
    """The kinds of file of the old stack of which an end of the way gave no answer: the exchange failed."""
    loads = [side.loads.get(before.stack, {}) for side in (before, after)]
    return tuple(
        kind
        for kind in files
        if any(kind not in answers or answers[kind].result == UNAVAILABLE for answers in loads)
    )


def untold(before: Side, after: Side, files: Sequence[str] = KINDS) -> tuple[str, ...]:
    """The kinds of file that come back in part on both, where it is not known whether in the same part."""
    return tuple(
        one.kind
        for one in _old_files(before, after, files)
        if one.in_part
        and not _lost(one, before, after)
        and not _moved(one, before, after)
        and not _is_the_same(one, before, after)
    )


def is_misplaced(kind: str, before: Side, after: Side) -> bool:
    """Whether a file of the old stack puts values into other variables on the new one."""
    return any(_moved(one, before, after) for one in _old_files(before, after, [kind]))


def _old_files(before: Side, after: Side, files: Sequence[str]) -> Iterator[_OldFile]:
    """Those of which there may be something to say: the old stack loads it."""
    for kind in files:
        there = before.loads.get(before.stack, {}).get(kind)
        here = after.loads.get(before.stack, {}).get(kind)
        if here is None or here.result in _NOTHING:
            continue
        if there is not None and there.result in (_EQUAL, _DIFFERS):
            yield _OldFile(kind=kind, there=there, here=here)


def _changed(one: _OldFile, saver: str) -> Difference:
    silent = one.here.result == _DIFFERS
    partly = f"{saver} itself loads it, and does not get all of it back"
    return Difference(
        gravity=Gravity.SILENT if silent else Gravity.LOUD,
        kinds=(Kind.OLD_FILE,),
        title=f"a {FILES[one.kind]} that {saver} saved "
        + ("loads and gives another output" if silent else "does not load"),
        evidence=(
            with_detail(one.here.result, one.here.detail),
            *((partly,) if one.there.result == _DIFFERS else ()),
            *one.here.warnings,
        ),
        marks=frozenset({f"old-file:{one.kind}"}),
    )


def _lost_on_the_way(one: _OldFile, saver: str, lost: Sequence[Pair]) -> Difference:
    """``lost``: what the old stack gets back from its file and the new one does not."""
    shown = [variable for pair in lost if (variable := pair.after or pair.before) is not None]
    whose = f"{number_of(sum(map(size, shown)), 'parameter')} in {number_of(len(shown), 'variable')}"
    return Difference(
        gravity=Gravity.SILENT,
        kinds=(Kind.OLD_FILE,),
        title=f"a {FILES[one.kind]} that {saver} saved loads without {whose} "
        f"that come back on {saver} itself",
        evidence=(f"variables: {names(shown)}", *one.here.warnings),
        variables=tuple(variable.name for variable in shown),
        positions=tuple(pair.places[1] for pair in lost if pair.places[1] is not None),
        marks=frozenset({f"old-file:{one.kind}"}),
    )


def _never_held(one: _OldFile, before: Side, after: Side) -> list[Pair]:
    """What the old stack does not get back itself, of what the new one's own file gives back.

    What neither stack's own file gives back is told as lost on both.
    """
    if one.there.back is None:
        return []
    back = {saved for saved, _ in one.there.back}
    field = f"restored_from_{_FIELDS[one.kind]}"
    return [
        pair
        for pair, place, _ in _by_place(before, after)
        if place not in back
        and pair.before is not None
        and is_parameter(pair.before)
        and pair.after is not None
        and not getattr(pair.before, field)
        and getattr(pair.after, field)
    ]


def _lacking(one: _OldFile, saver: str, gone: Sequence[Pair]) -> Difference:
    shown = [pair.after for pair in gone if pair.after is not None]
    whose = f"{number_of(sum(map(size, shown)), 'parameter')} in {number_of(len(shown), 'variable')}"
    return Difference(
        gravity=Gravity.OTHER,
        kinds=(Kind.OLD_FILE,),
        title=f"a {FILES[one.kind]} that {saver} saved is without {whose}, on both",
        evidence=(f"variables: {names(shown)}", "a file of the new stack holds them; an old one never did"),
        variables=tuple(variable.name for variable in shown),
        positions=tuple(pair.places[1] for pair in gone if pair.places[1] is not None),
        marks=frozenset({f"lacks:{one.kind}"}),
    )


def _without_a_reader(before: Side, after: Side, files: Sequence[str]) -> Iterator[Difference]:
    """A file of the old stack of a kind that the new one does not have at all."""
    for kind in files:
        there = before.loads.get(before.stack, {}).get(kind)
        here = after.loads.get(before.stack, {}).get(kind)
        read = there is not None and there.result in (_EQUAL, _DIFFERS)
        if read and here is not None and here.result == OutcomeKind.NOT_APPLICABLE:
            yield Difference(
                gravity=Gravity.LOUD,
                kinds=(Kind.OLD_FILE,),
                title=f"a {FILES[kind]} that {before.stack} saved: {after.stack} reads none",
                evidence=(here.detail,) if here.detail else (),
                marks=frozenset({f"no-reader:{kind}"}),
            )


def _misplaced(one: _OldFile, before: Side, after: Side, moved: Mapping[int, int]) -> Difference:
    """``moved``: place of a variable before to that of the one that holds its values now."""
    shown = [f"{after.places[there]} holds what {before.places[here]} held" for here, there in moved.items()]
    more = [f"and {len(shown) - _NAMED} more"] if len(shown) > _NAMED else []
    assert after.observation is not None
    variables = [after.observation.variables[there] for there in moved.values()]
    return Difference(
        gravity=Gravity.SILENT,
        kinds=(Kind.OLD_FILE, Kind.MISPLACED),
        title=f"a {FILES[one.kind]} that {before.stack} saved loads with the values of "
        f"{number_of(len(moved), 'variable')} in other variables",
        evidence=(*shown[:_NAMED], *more, *one.here.warnings),
        variables=tuple(variable.name for variable in variables),
        positions=tuple(moved.values()),
        marks=frozenset({f"misplaced:{one.kind}"}),
    )


def _moved(one: _OldFile, before: Side, after: Side) -> dict[int, int]:
    """Of what came back, what is in a variable at another place of the object graph than it was before.

    Only where both places are known and the old one is that of another variable now. Values are known by
    themselves, so an output that happens to be equal hides nothing.
    """
    if one.here.back is None or one.kind == "model":  # a file makes a model whose variables have no places
        return {}
    old, new = (_floating(side) for side in (before, after))
    known = set(after.places.values())
    right = dict(one.there.back or ())
    found = {}
    for saved, held in one.here.back:
        place, other = before.places.get(old[saved]), after.places.get(new[held])
        was_right = right.get(saved, saved) == saved
        if place is not None and other is not None and place != other and place in known and was_right:
            found[old[saved]] = new[held]
    return found


def _floating(side: Side) -> list[int]:
    """Places among all variables of those that a load counts."""
    assert side.observation is not None
    return [place for place, one in enumerate(side.observation.variables) if is_floating(one)]


def _lost(one: _OldFile, before: Side, after: Side) -> list[Pair]:
    if one.there.back is None or one.here.back is None:
        return []
    gone = {saved for saved, _ in one.there.back} - {saved for saved, _ in one.here.back}
    return [
        pair
        for pair, place, _ in _by_place(before, after)
        if place in gone and pair.before is not None and is_parameter(pair.before)
    ]


def _is_the_same(one: _OldFile, before: Side, after: Side) -> bool:
    """Whether what comes back is what the old stack gets back, each value in its own variable."""
    if one.there.back is None or one.here.back is None:
        return False
    # The variables of a model that a file made are not those that were observed.
    if one.kind == "model":
        return True
    other = {place: there for _, place, there in _by_place(before, after)}
    return all(other.get(saved, held) == held for saved, held in one.here.back)


def _by_place(before: Side, after: Side) -> Iterator[tuple[Pair, int | None, int | None]]:
    """Pairs with their places among the floating variables of each side, as a load names them."""
    assert before.observation is not None
    assert after.observation is not None
    old, new = _floating(before), _floating(after)
    for pair in paired(before.observation, after.observation):
        one, other = pair.places
        yield (
            pair,
            None if one is None else old.index(one),
            None if other is None else new.index(other),
        )
