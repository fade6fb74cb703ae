"""Measures growth on stacks: what is there and current is not measured again; each series is kept at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from nestbench.errors import NestbenchError
from nestbench.growth.launching import Answer, Asked, Launcher
from nestbench.growth.line import Line, counts_are_current, digests_of, times_are_current
from nestbench.growth.record import CountPoint, Counts, StackCounts, Tally, TimePoint, Times
from nestbench.growth.shelf import Shelf
from nestbench.matrix import Stack
from nestbench.names import number_of
from nestbench.run.meant import require_meant
from nestbench.run.orchestrate import Prepare, Prepared
from nestbench.run.workspace import Workspace
from nestbench.timing.host import host_facts

__all__ = ["Measuring"]

Point = TypeVar("Point", CountPoint, TimePoint)


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """How growth is measured; ``limit``: seconds for one process at one size; ``repeats``: of each timing."""

    shelf: Shelf
    workspace: Workspace
    prepare: Prepare
    limit: float
    repeats: int
    say: Callable[[str], None]

    def run(self, stacks: Sequence[Stack], lines: Sequence[Line], *, again: bool) -> dict[str, str]:
        """Measure what is missing; by stack, why the others could not be measured. Raises StoreError."""
        failures = {}
        for stack in stacks:
            missing = self.missing(stack, lines, again=again)
            if not missing:
                self.say(f"{stack.id}: all is there and current")
                continue
            self.say(f"{stack.id}: {len(missing)} of {number_of(len(lines), 'case')} to measure")
            try:
                self._measure(stack, missing)
            except NestbenchError as error:
                failures[stack.id] = str(error)
        return failures

    def missing(self, stack: Stack, lines: Sequence[Line], *, again: bool) -> list[Asked]:
        """What of ``lines`` is not there, or not current. Raises StoreError."""
        counts, times = self.shelf.counts(stack.id), self.shelf.times(stack.id)
        host = host_facts()["id"]
        found = []
        for line in lines:
            digests = digests_of(line, stack)
            counted = not again and counts_are_current(
                counts.series.get(line.label) if counts else None, line, digests, limit=self.limit
            )
            timed = not again and times_are_current(
                times.series.get(line.label) if times else None,
                line,
                digests,
                limit=self.limit,
                repeats=self.repeats,
                host=host,
            )
            if not counted or not timed:
                found.append(Asked(line=line, count=not counted, repeats=0 if timed else self.repeats))
        return found

    def _measure(self, stack: Stack, asked: Sequence[Asked]) -> None:
        made = self.prepare(stack.id, lambda text: self.say(f"{stack.id}: {text}"))
        launcher = Launcher(stack=stack.id, made=made, workspace=self.workspace, limit=self.limit)
        keeper = _Keeper(self, stack, made, asked)
        with self.workspace.lock(self.shelf.root, stack.id):
            launcher.launch(asked, keeper.ready, keeper.done)


class _Keeper:
    """Keeps the answers of one launch."""

    def __init__(self, measuring: Measuring, stack: Stack, made: Prepared, asked: Sequence[Asked]) -> None:
        self._measuring, self._stack, self._made, self._asked = measuring, stack, made, asked
        self._host = host_facts()
        self._head: StackCounts | None = None
        self._launch = ""

    def ready(self, said: Answer) -> None:
        """Note what was imported. Raises GroundError where that is another Keras than the row names."""
        versions = said["versions"]
        require_meant(self._stack.id, self._made.imports, versions)
        self._launch = said["launch"]
        self._head = StackCounts(
            stack=self._stack.id,
            versions=versions,
            flavour=said["flavour"] or "",
            device=said["device"]["device"],
        )

    def done(self, number: int, answer: Answer) -> None:
        """Keep a series."""
        asked, measuring = self._asked[number], self._measuring
        assert self._head is not None
        basis: dict[str, Any] = {
            "case": asked.line.entry.id,
            "variant": dict(asked.line.variant),
            "growing": asked.line.entry.growing,
            "digests": digests_of(asked.line, self._stack),
            "limit_seconds": measuring.limit,
        }
        if asked.count:
            counts = Counts(**basis, points=_points(CountPoint, "counted", answer["points"]))
            measuring.shelf.keep_counts(self._head, counts, _tally(answer["points"]))
        if asked.repeats:
            times = Times(
                **basis,
                repeats=asked.repeats,
                host=self._host["id"],
                date=f"{datetime.now(UTC):%Y-%m-%d}",
                launch=self._launch,
                load=tuple(answer["load"]),
                points=_points(TimePoint, "timed", answer["points"]),
            )
            measuring.shelf.keep_times(self._stack.id, times, self._host)
        measuring.say(f"{self._stack.id}: {asked.line.label} ({number + 1} of {len(self._asked)})")


def _points(kind: type[Point], name: str, points: Sequence[Mapping[str, Any]]) -> tuple[Point, ...]:
    read: TypeAdapter[Point] = TypeAdapter(kind)
    data = [{"size": point["size"], "parts": point[name]} for point in points]
    return tuple(read.validate_python(one, strict=False) for one in data)


def _tally(points: Sequence[Mapping[str, Any]]) -> Tally | None:
    """How far the count came that was ended at its limit; there is at most one."""
    for point in points:
        if point.get("tally"):
            return TypeAdapter(Tally).validate_python({"size": point["size"], **point["tally"]}, strict=False)
    return None
