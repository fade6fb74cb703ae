"""Runs a session: block after block, one launch at a time, until it is decided or at its last look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nestbench.errors import UsageError
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import Workspace
from nestbench.statistics.looks import LOOKS
from nestbench.timing.answers import Answers, answers, steps
from nestbench.timing.blocks import in_order
from nestbench.timing.launching import Launcher
from nestbench.timing.record import Session
from nestbench.timing.samples import samples
from nestbench.timing.shelf import Shelf

__all__ = ["Timing", "check_same"]


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

        A launch that fails ends the session: blocks must be complete. What was measured stays, and the
        same command goes on from there. Raises GroundError, StoreError.
        """
        launcher = Launcher(session=self.session, workspace=self.workspace, files=self.files)
        looks = [look for look in LOOKS if look < self.most] + [self.most]
        with self.workspace.lock(self.shelf.root / self.session.name, "timing"):
            done = 0
            for look in looks:
                for block in range(done, look):
                    self._block(launcher, block)
                done = look
                found = self._answers()
                if not found.undecided:
                    break
                if look != looks[-1]:
                    self.say(f"{look} blocks: {found.undecided} of {len(found.rows)} comparisons undecided")
        return found

    def _block(self, launcher: Launcher, block: int) -> None:
        session = self.session
        arms = in_order(session.arms, block, session.seed)
        for order, arm in enumerate(arms):
            if self.shelf.holds(session, arm.name, block):
                continue
            self.say(f"block {block + 1}, launch {order + 1} of {len(arms)}: {arm.name}")
            launched, written = launcher.launch(arm, self.made[arm.stack], block, order)
            self.shelf.keep(session, launched, written)

    def _answers(self) -> Answers:
        return answers(self.session, samples(self.shelf, self.session), steps(self.session.arms))


def check_same(held: Session, asked: Session) -> None:
    """Refuse to go on with a session under other conditions than it was begun.

    Raises UsageError, which names what differs.
    """
    pairs = {
        name: (value, asked.conditions()[name])
        for name, value in held.conditions().items()
        if value != asked.conditions()[name]
    }
    for name in ("arms", "parts", "measures", "probe", "limit_seconds"):
        if getattr(held, name) != getattr(asked, name):
            pairs[name.replace("_", " ")] = ("as it was begun", "as it is now")
    if pairs:
        told = "; ".join(f"{name}: {old} and {new}" for name, (old, new) in pairs.items())
        raise UsageError(
            f"The session {held.name} was measured under other conditions ({told}).",
            why="times of another host, launch mode, case or probe cannot be compared",
            do="Begin another session with --session NAME.",
        )
