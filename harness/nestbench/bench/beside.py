"""Times and growth under the names of staged cases: a staged site then draws them as a real one does."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from nestbench.catalogue import parted
from nestbench.growth import Shelf as GrowthShelf
from nestbench.growth.record import Counts, Times
from nestbench.store.disk import read_text
from nestbench.timing import Launched, Session
from nestbench.timing import Shelf as TimingShelf

__all__ = ["stage_growth", "stage_times"]

Held = TypeVar("Held", Counts, Times)
Named = Sequence[tuple[str, str]]  # ids to be, each with that of the case that it is staged from


def stage_times(source: Path, target: Path, named: Named) -> None:
    """Every session in ``source``, of all variants. Raises StoreError for a broken one."""
    held, made = TimingShelf(root=source), TimingShelf(root=target)
    for name in held.names():
        session = held.load(name)
        parts = [
            (part.label, replace(part, case=new))
            for new, old in named
            for part in session.parts
            if part.case == old
        ]
        staged = replace(session, parts=tuple(part for _, part in parts))
        made.save(staged)
        labels = [(old, part.label) for old, part in parts]
        for launched, path in held.launched(session):
            ended = {new: launched.ended[old] for old, new in labels if old in launched.ended}
            memory = {new: launched.memory[old] for old, new in labels if old in launched.memory}
            _keep(made, staged, replace(launched, ended=ended, memory=memory), path, labels)


def _keep(made: TimingShelf, session: Session, launched: Launched, path: Path, labels: Named) -> None:
    text = read_text(path)
    if text is not None:
        data = json.loads(text)
        data["benchmarks"] = list(_renamed(data["benchmarks"], labels))
        text = json.dumps(data)
    made.keep(session, launched, text)


def _renamed(benchmarks: Sequence[dict[str, object]], labels: Named) -> Iterator[dict[str, object]]:
    for one in benchmarks:
        test, label = parted(str(one["fullname"]))
        for old, new in labels:
            if old == label:
                yield {**one, "fullname": f"{test}[{new}]"}


def stage_growth(source: Path, target: Path, named: Named, fixed: Mapping[str, dict[str, str]]) -> None:
    """Every series in ``source``. ``fixed``: of a staged case what does not grow. Raises StoreError."""
    held, made = GrowthShelf(root=source), GrowthShelf(root=target)
    for stack in held.stacks():
        counts, times = held.counts(stack), held.times(stack)
        tallies = times.tallies if times else {}
        for label, counted in _staged(counts.series if counts else {}, named, fixed):
            assert counts is not None
            made.keep_counts(replace(counts, series={}), counted, tallies.get(label))
        for _, timed in _staged(times.series if times else {}, named, fixed):
            assert times is not None
            made.keep_times(stack, timed, times.hosts[timed.host])


def _staged(
    series: Mapping[str, Held], named: Named, fixed: Mapping[str, dict[str, str]]
) -> Iterator[tuple[str, Held]]:
    """Each series as that of a staged case, with the label that it had."""
    for new, old in named:
        for label, one in series.items():
            if one.case == old and one.variant == fixed.get(new):
                yield label, replace(one, case=new)
