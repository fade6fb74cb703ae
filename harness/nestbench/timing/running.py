"""Runs a session: block after block, one launch at a time, until it is decided or at its last look."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nestbench.errors import UsageError
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import Workspace
from nestbench.statistics.looks import LOOKS
from nestbench.timing.answers import Answers, answers, complete_blocks, steps
from nestbench.timing.blocks import in_order
from nestbench.timing.launching import Launcher
from nestbench.timing.record import Part, Session
from nestbench.timing.samples import samples
from nestbench.timing.shelf import Shelf

__all__ = ["Timing", "check_same", "latest_alike"]

#: How many of a kind an error names.
_NAMED = 6


@dataclass(frozen=True, kw_only=True)
class Timing:
    """A session under way. ``made``: the environment of each stack. ``most``: blocks at which it ends."""

    session: Session
    shelf: Shelf
    workspace: Workspace
    made: Mapping[str, Prepared]
    files: Sequence[Path]
    most: int
    say: Callable[[str], None]

    def run(self) -> Answers:
        """Launch what is missing; the answers at the last look that was reached.

        A launch that fails ends the session: blocks must be complete. Those that are stay, and the same
        command goes on from there. Raises GroundError, StoreError.
        """
        looks = [look for look in LOOKS if look < self.most] + [self.most]
        for look in looks:
            self.measure(look)
            # Not at more than the look's own blocks, also where an earlier run went further.
            found = answers(
                self.session, samples(self.shelf, self.session), steps(self.session.arms), most=look
            )
            if not found.undecided:
                break
            if look != looks[-1]:
                self.say(f"{look} blocks: {found.undecided} of {len(found.rows)} comparisons undecided")
        return found

    def measure(self, blocks: int) -> None:
        """Launch what is missing of the first ``blocks`` blocks, whatever they say. Raises as ``run``."""
        launcher = Launcher(session=self.session, workspace=self.workspace, files=self.files)
        with self.workspace.lock(self.shelf.root / self.session.name, "timing"):
            for block in range(blocks):
                self._block(launcher, block)

    def _block(self, launcher: Launcher, block: int) -> None:
        session = self.session
        arms = in_order(session.arms, block, session.seed)
        held = [arm.name for arm in arms if self.shelf.holds(session, arm.name, block)]
        if len(held) == len(arms):
            return
        # It was cut, who knows how long ago: what is paired has to be measured at one time.
        if held:
            self.say(f"block {block + 1} was cut: it is measured again as a whole")
        for name in held:
            self.shelf.discard(session, name, block)
        for order, arm in enumerate(arms):
            self.say(f"block {block + 1}, launch {order + 1} of {len(arms)}: {arm.name}")
            launched, written = launcher.launch(arm, self.made[arm.stack], block, order)
            self.shelf.keep(session, launched, written)


def check_same(held: Session, asked: Session) -> None:
    """Refuse to go on with a session under other conditions than it was begun.

    Raises UsageError, which names what differs.
    """
    if told := _differences(held, asked):
        raise UsageError(
            f"The session {held.name} was measured under other conditions ({'; '.join(told)}).",
            why="times of another host, launch mode, case or probe cannot be compared",
            do="Begin another session with --session NAME.",
        )


def latest_alike(shelf: Shelf, asked: Session, today: str) -> Session | None:
    """The session that a command goes on with that names none; None where it begins a new one.

    It is the last begun of the same arms, parts, measures, settings and seed, on whatever day, where it has
    not come to its end; where it has, only on the day on which it began: on another, somebody wants to know
    how it is now. Raises StoreError where its launches are broken.
    """
    alike = (one for one in shelf.readable()[::-1] if one.seed == asked.seed and not _differences(one, asked))
    last = next(alike, None)
    if last is None or last.began.startswith(today):
        return last
    return None if _at_its_end(shelf, replace(last, planned=asked.planned)) else last


def _at_its_end(shelf: Shelf, session: Session) -> bool:
    """Whether all blocks are there that it was to have, or all is decided at a look that it has reached."""
    frame = samples(shelf, session)
    blocks = len(complete_blocks(session, frame))
    if blocks >= (session.planned or LOOKS[-1]):
        return True
    return blocks >= LOOKS[0] and not answers(session, frame, steps(session.arms)).undecided


def _differences(held: Session, asked: Session) -> list[str]:
    now = asked.conditions()
    told = [f"{name}: {old}, now {now[name]}" for name, old in held.conditions().items() if old != now[name]]
    told += [
        f"{name}: {_words(old)}, now {_words(new)}"
        for name, old, new in (
            ("arms", [arm.name for arm in held.arms], [arm.name for arm in asked.arms]),
            ("measures", held.measures, asked.measures),
            ("seconds for one cell", [held.limit_seconds], [asked.limit_seconds]),
        )
        if list(old) != list(new)
    ]
    locks = {arm.name: arm for arm in held.arms}
    told += [f"another lock of {arm.name}" for arm in asked.arms if locks.get(arm.name, arm).lock != arm.lock]
    told += [f"planted otherwise: {a.name}" for a in asked.arms if locks.get(a.name, a).planted != a.planted]
    told += _other_parts(held.parts, asked.parts)
    if held.probe != asked.probe:
        told.append("another version of the probe")
    return told


def _other_parts(held: Sequence[Part], asked: Sequence[Part]) -> Iterator[str]:
    before, after = ({part.label: part.digest for part in parts} for parts in (held, asked))
    changed = [label for label in before if label in after and before[label] != after[label]]
    if changed:
        yield f"changed cases: {_words(changed)}"
    if lost := [label for label in before if label not in after]:
        yield f"cases no longer chosen: {_words(lost)}"
    if new := [label for label in after if label not in before]:
        yield f"cases chosen anew: {_words(new)}"
    if not (changed or lost or new) and list(before) != list(after):
        yield "another order of cases"


def _words(values: Sequence[object]) -> str:
    more = len(values) - _NAMED
    return ", ".join(map(str, values[:_NAMED])) + (f" and {more} more" if more > 0 else "")
