"""Files that the old stack saved: what becomes of them on the new one, and what nobody can say of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.side import Side
from nestbench.audit.variables import Pair, paired
from nestbench.names import number_of
from nestbench.portability.record import KINDS, UNAVAILABLE, Loaded
from nestbench.verdicts.rules import with_detail
from nestbench.verdicts.variables import is_floating, is_parameter, names, size

__all__ = ["FILES", "old_file_differences", "unanswered", "untold"]

FILES = {"weights": "weights file", "model": "model file", "checkpoint": "TF checkpoint"}
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
        if lost:
            yield _lost_on_the_way(one, before.stack, lost)
        elif not one.in_part:
            yield _changed(one, before.stack)


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
        if one.in_part and not _lost(one, before, after) and not _is_the_same(one, before, after)
    )


def _old_files(before: Side, after: Side, files: Sequence[str]) -> Iterator[_OldFile]:
    """Those of which there is something to say: the old stack loads it, and the new one not wholly."""
    for kind in files:
        there = before.loads.get(before.stack, {}).get(kind)
        here = after.loads.get(before.stack, {}).get(kind)
        if here is None or here.result in (*_NOTHING, _EQUAL):
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
    old, new = (
        [place for place, one in enumerate(seen.variables) if is_floating(one)]
        for seen in (before.observation, after.observation)
    )
    for pair in paired(before.observation, after.observation):
        one, other = pair.places
        yield (
            pair,
            None if one is None else old.index(one),
            None if other is None else new.index(other),
        )
