"""Which stacks a run is about: those that were named, all of them, or the embedded default."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from nestbench.interpreters import Unavailable
from nestbench.matrix import Matrix, Stack
from nestbench.matrix.lines import lines
from nestbench.matrix.locks import lock_command, lock_path, without_lock
from nestbench.names import number_of


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A stack that will not be run, why, and how to get it.

    ``asked``: it was asked for, so that success is out of reach without it.
    """

    stack: str
    reason: str
    remedy: str
    asked: bool


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The stacks of a run, and those that it wanted and this machine cannot make."""

    stacks: tuple[Stack, ...]
    left_out: tuple[LeftOut, ...] = ()


def possible(found: object, *, allow_download: bool) -> bool:
    """Whether the stack can be made, an interpreter downloaded where that is allowed.

    ``found``: an ``Unavailable`` that says why not, or anything else.
    """
    return not isinstance(found, Unavailable) or (found.downloadable and allow_download)


def asked_for(
    stacks: Sequence[Stack],
    found: Mapping[str, object],
    *,
    allow_download: bool,
    meant: AbstractSet[str],
) -> Selection:
    """All of ``stacks``; those that cannot be made are left out and forbid success.

    So are those without a lock, which is made by a command of its own. But not those that lack their
    device and are not ``meant``: no machine has every device.
    """
    chosen, left_out = [], []
    for stack in stacks:
        answer = found[stack.id]
        if not lock_path(stack).exists():
            remedy = f"Run `{lock_command(stack)}`"
            left_out.append(LeftOut(stack=stack.id, reason=without_lock(stack), remedy=remedy, asked=True))
        elif possible(answer, allow_download=allow_download):
            chosen.append(stack)
        else:
            lacks = isinstance(answer, Unavailable) and answer.no_device
            left_out.append(_left_out(stack, answer, asked=not lacks or stack.id in meant))
    return Selection(stacks=tuple(chosen), left_out=tuple(left_out))


def default(matrix: Matrix, found: Mapping[str, object], *, allow_download: bool) -> Selection:
    """Three stacks of TensorFlow's own line: the oldest, the last with Keras 2, the newest.

    Where the machine cannot make the first or the last of the matrix, its nearest neighbour that
    the machine can make stands in; where it can make none with Keras 2 built in of that age, none.
    """
    line = lines(matrix.stacks)[0].stacks
    can = [stack for stack in line if possible(found[stack.id], allow_download=allow_download)]
    with_keras_2 = [stack for stack in line if stack.is_keras_2]
    wanted = [line[0], *with_keras_2[-1:], line[-1]]
    chosen = [*can[:1], *(stack for stack in with_keras_2[-1:] if stack in can), *can[-1:]]
    stacks = tuple(dict.fromkeys(chosen))
    return Selection(
        stacks=stacks,
        left_out=tuple(
            _left_out(stack, found[stack.id], asked=False)
            for stack in dict.fromkeys(wanted)
            if stack not in stacks
        ),
    )


def grouped(left_out: Sequence[LeftOut]) -> Iterator[tuple[str, LeftOut]]:
    """Those left out for one and the same reason together: their names, and one of them."""
    groups: dict[tuple[str, str, bool], list[LeftOut]] = {}
    for out in left_out:
        groups.setdefault((out.reason, out.remedy, out.asked), []).append(out)
    for members in groups.values():
        names = ", ".join(out.stack for out in members)
        more = f" ({number_of(len(members), 'stack')})" if len(members) > 1 else ""
        yield f"{names}{more}", members[0]


def _left_out(stack: Stack, found: object, *, asked: bool) -> LeftOut:
    assert isinstance(found, Unavailable)
    return LeftOut(stack=stack.id, reason=found.reason, remedy=found.remedy, asked=asked)
