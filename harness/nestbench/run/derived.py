"""Stacks that no row of the matrix has, made for one question: releases in between, and mixtures."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from packaging.version import Version

from nestbench.catalogue import CaseEntry, Catalogue
from nestbench.changes import Behaviour, behaviour_of
from nestbench.errors import GroundError, NestbenchError
from nestbench.frames import Result, collect
from nestbench.interpreters import Unavailable, availability
from nestbench.matrix import Device, Flavour, Matrix, Stack
from nestbench.matrix.index import Release, releases_of
from nestbench.matrix.lines import Line
from nestbench.matrix.locks import LockState, check_header, lock_digest, pins, read_lock, write_locks
from nestbench.run import session
from nestbench.run.confirming import Doubts
from nestbench.run.progress import reporter
from nestbench.run.workspace import Workspace
from nestbench.store import Store
from nestprobe.observation import OutcomeKind

__all__ = ["Answer", "Asker", "between", "locked", "reason_of"]

_DAYS = timedelta(days=14)
_LONGER = 5  # times the limit that a case has hung up to


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a case does on a stack, by variant; ``why`` says why nothing is known where it is empty."""

    stack: Stack
    behaviours: dict[str, Behaviour]
    why: str = ""

    def same(self, other: "Answer") -> bool:
        """Whether every variant behaves alike."""
        return self.behaviours.keys() == other.behaviours.keys() and all(
            one.same(other.behaviours[label]) for label, one in self.behaviours.items()
        )


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Makes stacks below ``.nestbench/derived`` and runs one case on them; nothing of it is committed."""

    workspace: Workspace
    catalogue: Catalogue
    case: CaseEntry
    variants: frozenset[str]  # labels
    how: session.How
    say: Callable[[str], None]

    @property
    def matrix_file(self) -> Path:
        """Where the rows of derived stacks would stand; their locks lie beside it."""
        return self.workspace.folder("derived") / "stacks.toml"

    def ask(self, stack: Stack) -> Answer:
        """What the case does on ``stack``; never raises for a stack that cannot be made."""
        try:
            made = locked(stack, self.matrix_file, self.say)
            found = availability(made, allow_download=True)
            if isinstance(found, Unavailable):
                return Answer(stack=stack, behaviours={}, why=found.reason)
            return self._measured(made)
        except NestbenchError as error:
            return Answer(stack=stack, behaviours={}, why=_first_line(error.what))

    def _measured(self, stack: Stack) -> Answer:
        self.say(f"{stack.id}: making its environment and running the case")
        results, reasons = self._run(stack, self.how)
        if any(_timed_out(result) for result in results):
            # A hang is a behaviour, a slow machine is none: what still hangs then is taken at its word.
            longer = replace(self.how.limits, seconds=_LONGER * self.how.limits.seconds)
            self.say(f"{stack.id}: timed out; once more, with a limit of {longer.seconds:g} s")
            results, reasons = self._run(stack, replace(self.how, limits=longer, again=True))
            if reasons:  # what is there is the first try
                return Answer(stack=stack, behaviours={}, why=_first_line("; ".join(reasons)))
        known = {
            result.cell.label: behaviour
            for result in results
            if result.cell.variant.label in self.variants and (behaviour := behaviour_of(result)) is not None
        }
        if len(known) < len(self.variants):
            return Answer(stack=stack, behaviours={}, why=_first_line("; ".join(reasons) or "not measured"))
        return Answer(stack=stack, behaviours=known)

    def _run(self, stack: Stack, how: session.How) -> tuple[list[Result], list[str]]:
        """What the store then holds of the case on the stack, and why some of it was not measured."""
        store = Store(self.workspace.folder("derived") / "results")
        report = session.measure(
            session.plans_of(
                store,
                [stack],
                self.catalogue,
                again=how.again,
                doubts=Doubts(store=store, workspace=self.workspace),
            ),
            session.tox_prepare([stack], self.workspace, envs=None, allow_download=True),
            store=store,
            workspace=self.workspace,
            catalogue=self.catalogue,
            how=how,
            reporter=reporter(quiet=True),
        )
        if report.interrupted:  # else the stack would be passed over, and the next one asked
            raise KeyboardInterrupt
        results = collect(store, self.catalogue.cells([stack.id]), {stack.id: lock_digest(stack)})
        return list(results), [result.reason for result in report.results if result.reason]


def _timed_out(result: Result) -> bool:
    return result.observation is not None and result.observation.outcome.kind == OutcomeKind.TIMED_OUT


def locked(stack: Stack, matrix_file: Path, say: Callable[[str], None]) -> Stack:
    """A stack of ``matrix_file`` with its lock made, its Keras as the lock has it; others as they are.

    Raises GroundError where it cannot be resolved.
    """
    if stack.matrix_file != matrix_file:
        return stack
    if check_header(stack).state is not LockState.CURRENT:
        say(f"{stack.id}: resolving")
        (result,) = write_locks([stack])
        if result.state is LockState.FAILED:
            raise GroundError(f"cannot be resolved: {reason_of(result.detail)}")
    if stack.distribution is None and stack.flavour is not Flavour.BUILT_IN:
        stack = replace(stack, keras=pins(read_lock(stack)).get("keras", stack.keras))
    return stack


def between(line: Line, older: Stack, newer: Stack, matrix: Matrix, matrix_file: Path) -> list[Stack]:
    """A stack for each release between two of a line, oldest first; patch releases among them.

    Each is its minor's row with the release's own version and date. Raises GroundError where the index
    cannot be asked.
    """
    low, high = Version(line.version(older)), Version(line.version(newer))
    projects = {
        "TensorFlow": ("tensorflow-cpu", "tensorflow") if older.device is Device.CPU else ("tensorflow",),
        "Keras": ("keras",),
        "tf-keras": ("tf-keras",),
    }[line.part]
    found: dict[str, Release] = {}
    for project in projects:
        for release in releases_of(project, str(low)):
            if low < Version(release.version) < high:
                found.setdefault(release.version, release)
    rows = [_row_of(line, release, older, newer) for release in found.values()]
    stacks = [
        _derived(line, row, release, matrix_file) for row, release in zip(rows, found.values(), strict=True)
    ]
    known = {line.version(stack): stack for stack in matrix.stacks if stack in line.stacks}
    stacks = [known.get(line.version(stack), stack) for stack in stacks]
    return sorted(stacks, key=lambda stack: Version(line.version(stack)))


def _row_of(line: Line, release: Release, older: Stack, newer: Stack) -> Stack:
    """The row of the same minor; where there is none, that of the nearer end."""
    minor = Version(release.version).release[:2]
    for stack in (*line.stacks, newer, older):
        if Version(line.version(stack)).release[:2] == minor:
            return stack
    return older


def _derived(line: Line, row: Stack, release: Release, matrix_file: Path) -> Stack:
    uploaded = release.uploaded or row.uploaded
    facts = {"keras": release.version} if line.part != "TensorFlow" else {
        "tensorflow": release.version, "wheel": release.wheel
    }  # fmt: skip
    if line.part != "TensorFlow" and row.tensorflow is not None:
        uploaded = max(uploaded, _tensorflow_day(line, row))
    return replace(
        row,
        **facts,  # type: ignore[arg-type]
        id=f"{row.id}-is-{release.version}",
        uploaded=uploaded,
        resolved=uploaded + _DAYS,
        matrix_file=matrix_file,
    )


def _tensorflow_day(line: Line, row: Stack) -> date:
    """The day from which the row's TensorFlow is on the index: that of the oldest row that has it."""
    return min(stack.uploaded for stack in line.stacks if stack.tensorflow == row.tensorflow)


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0]


def reason_of(detail: str) -> str:
    """The resolver's own sentence, on one line."""
    text = re.sub(r"\s+", " ", detail)
    for end in ("likely why:", "hint:"):
        text = text.partition(end)[0]
    return (text.partition("cause:")[2] or text).strip()
