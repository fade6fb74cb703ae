"""An audit from beginning to end: the environments, the measurements, what they mean."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nestbench.audit.asked import Asked
from nestbench.audit.casefile import catalogue_of
from nestbench.audit.difference import Kind
from nestbench.audit.differences import differences
from nestbench.audit.explaining import Archive, explain, follows_from
from nestbench.audit.measuring import Measuring, Place
from nestbench.audit.oldfiles import FILES, unanswered, untold
from nestbench.audit.result import Audit, Told
from nestbench.audit.side import Side
from nestbench.audit.speed import Speed, measure_speed
from nestbench.audit.stopping import step_of, stop_of, with_remedies
from nestbench.audit.tracing import Carrier, carriers, steps
from nestbench.audit.variables import still_lost
from nestbench.errors import ExitCode, NestbenchError, UsageError
from nestbench.matrix import Device, Matrix, Stack
from nestbench.run.derived import locked
from nestbench.run.mixing import mixtures, settled
from nestbench.run.orchestrate import Prepare, Prepared
from nestbench.run.probe_process import Limits
from nestbench.run.progress import Reporter
from nestbench.run.required import Required, read_requirements
from nestbench.run.session import tox_prepare
from nestbench.run.workspace import Workspace

__all__ = ["Auditing"]


@dataclass(frozen=True, kw_only=True)
class Auditing:
    """How an audit is done. ``prepare``: makes environments of rows of the matrix, told through a callable.

    ``blocks``: of the timing session, 0 for none. ``attribute``: whether mixed stacks are made.
    """

    asked: Asked
    matrix: Matrix
    workspace: Workspace
    archive: Archive
    limits: Limits
    workers: int
    reporter: Reporter
    blocks: int = 0
    attribute: bool = False
    envs: Path | None = None
    allow_download: bool = True
    prepare: Prepare | None = None

    def run(self) -> Audit:
        """The audit. Raises UsageError for an unknown stack, NestbenchError for what ends all of it."""
        stacks = self._stacks()
        with self.workspace.scratch("audit") as scratch:
            (scratch / "case").mkdir()
            catalogue = catalogue_of(self.asked, scratch / "case")
            made: dict[str, Stack] = {}
            measuring = Measuring(
                catalogue=catalogue,
                workspace=self.workspace,
                prepare=self._prepare_of(made),
                limits=self.limits,
                workers=self.workers,
                reporter=self.reporter,
            )

            def measure(wanted: list[Stack]) -> dict[str, Side]:
                places, failed = self._places(wanted, made)
                folder = scratch / f"round-{len(list(scratch.iterdir()))}"
                folder.mkdir()
                return failed | measuring.run(places, folder)

            found = measure(stacks)
            sides = tuple(found[stack.id] for stack in stacks)
            audit = Audit(
                model=self.asked.shown,
                date=f"{datetime.now(UTC):%Y-%m-%d}",
                sides=sides,
                still_lost={},
            )
            if not audit.complete:
                return self._stopped(audit)
            told = self._told(sides)
            if self.attribute and told:
                ends = (stacks[0], stacks[-1])
                told = _with_carriers(told, self._carriers(ends, (sides[0], sides[-1]), told, measure))
            timed = [made[stack.id] for stack in (stacks[0], stacks[-1])]
            speed, untimed = self._speed(timed, measuring, scratch)
            return Audit(
                model=audit.model,
                date=audit.date,
                sides=sides,
                told=told,
                still_lost=_still_lost(sides[0], sides[-1], self.asked.files),
                unknown=(*_unknown_files(sides[0], sides[-1], self.asked.files), *untimed),
                speed=speed,
            )

    def _stacks(self) -> list[Stack]:
        stacks = [self.matrix.get(name) for name in self.asked.stacks]
        on_gpu = [stack.id for stack in stacks if stack.device is Device.GPU]
        if on_gpu:
            raise UsageError(
                f"A model is audited on the CPU; {', '.join(on_gpu)} is on a GPU.",
                why="each stack answers in processes that are forked, which a GPU does not allow",
                do="Name the same release on the CPU: what is counted and saved does not hang on the device.",
            )
        return stacks

    def _places(self, stacks: list[Stack], made: dict[str, Stack]) -> tuple[list[Place], dict[str, Side]]:
        """The stacks with the requirements beside them; and what those are that cannot have them."""
        wanted = [one for path in self.asked.requirements for one in read_requirements(path)]
        required = Required(wanted, self.workspace.folder("audit") / "stacks.toml", self.reporter.say)
        places, failed = [], {}
        for stack in stacks:
            try:
                whole = required.added_to(locked(stack, self._mixed_file, self.reporter.say))
            except NestbenchError as error:
                code = ExitCode(error.exit_code)
                failed[stack.id] = Side(stack=stack.id, why=error.what.rstrip("."), do=error.do, code=code)
                continue
            made[stack.id] = made[whole.id] = whole
            places.append(Place(name=stack.id, stack=whole))
        return places, failed

    @property
    def _mixed_file(self) -> Path:
        return self.workspace.folder("derived") / "stacks.toml"

    def _prepare_of(self, made: dict[str, Stack]) -> Prepare:
        """Rows of the matrix lie where they always lie, or below ``envs``; others below ``.nestbench``."""
        kept: dict[str, Prepared] = {}
        one_at_a_time = threading.Lock()

        def prepare(stack: str, say: Callable[[str], None]) -> Prepared:
            with one_at_a_time:
                if stack not in kept:
                    row = made[stack]
                    of_matrix = row in self.matrix.stacks
                    make = (self.prepare if of_matrix else None) or tox_prepare(
                        [row],
                        self.workspace,
                        envs=self.envs if of_matrix else None,
                        allow_download=self.allow_download,
                    )
                    kept[stack] = make(stack, say)
                return kept[stack]

        return prepare

    def _told(self, sides: tuple[Side, ...]) -> tuple[Told, ...]:
        found = differences(sides[0], sides[-1], self.asked.files)
        why = {one.marks: explain(one, sides[0], sides[-1], self.archive) for one in found}
        for one in found:
            for cause in follows_from(one, found, why[one.marks]):
                known = {each.rule.id for each in why[one.marks]}
                why[one.marks] += tuple(each for each in why[cause.marks] if each.rule.id not in known)
        return tuple(
            Told(difference=one, step=step, explanations=why[one.marks])
            for one, step in zip(found, steps(sides, found), strict=True)
        )

    def _stopped(self, audit: Audit) -> Audit:
        """``audit``, of which an end is not measured; that the model raises on the new one is an answer."""
        stop = stop_of(audit.before, audit.after)
        if stop is None:
            return audit
        why = explain(stop, audit.before, audit.after, self.archive)
        told = Told(difference=stop, step=step_of(audit.sides), explanations=why)
        return replace(audit, sides=with_remedies(audit.sides, explained=bool(why)), told=(told,))

    def _carriers(
        self,
        ends: tuple[Stack, Stack],
        sides: tuple[Side, Side],
        told: tuple[Told, ...],
        measure: Callable[[list[Stack]], dict[str, Side]],
    ) -> list[Carrier]:
        every = [
            settled(one, self._mixed_file, self.reporter.say)
            for one in mixtures(*ends, self.matrix, self._mixed_file)
        ]
        mixed = {one.stack.id: one.stack for one in every if one.stack is not None}
        # The old stack once more, so that the mixtures have its files to load.
        answers = measure([ends[0], *(row for name, row in mixed.items() if name != ends[0].id)])
        asked = [(one, answers[one.stack.id] if one.stack is not None else None) for one in every]
        return carriers(sides, [one.difference for one in told], asked)

    def _speed(
        self, stacks: list[Stack], measuring: Measuring, scratch: Path
    ) -> tuple[Speed | None, tuple[str, ...]]:
        """The times; or why there are none, where some were asked: what else was found stays."""
        if not self.blocks:
            return None, ()
        try:
            found = measure_speed(
                stacks,
                measuring.catalogue,
                measuring.prepare,
                blocks=self.blocks,
                limit=self.limits.seconds,
                workspace=self.workspace,
                scratch=scratch,
                say=self.reporter.say,
            )
        except NestbenchError as error:
            why = " ".join(filter(None, [error.what, error.do])).rstrip(".")
            return None, (f"time could not be measured: {why}",)
        return found, ()


def _with_carriers(told: tuple[Told, ...], found: list[Carrier]) -> tuple[Told, ...]:
    return tuple(
        Told(difference=one.difference, step=one.step, explanations=one.explanations, carrier=carrier)
        for one, carrier in zip(told, found, strict=True)
    )


def _still_lost(before: Side, after: Side, files: Sequence[str]) -> dict[Kind, list[int]]:
    assert before.observation is not None
    assert after.observation is not None
    return still_lost(before.observation, after.observation, files)


def _unknown_files(before: Side, after: Side, files: Sequence[str]) -> Iterator[str]:
    unknown = [FILES[kind] for kind in unanswered(before, after, files)]
    if unknown:
        yield f"not known: what becomes of a {' or a '.join(unknown)} of {before.stack} on {after.stack}"
    partly = [FILES[kind] for kind in untold(before, after, files)]
    if partly:
        yield (
            f"not known: whether more of a {' or a '.join(partly)} of {before.stack} is lost on "
            f"{after.stack}, for {before.stack} itself does not get all of it back; "
            "this is not 'no difference'"
        )
