"""Where growth lies: counts in ``<stack>.json``, seconds and the host in ``<stack>.times.json``."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from nestbench.growth.record import SCHEMA, Counts, StackCounts, StackTimes, Tally, Times
from nestbench.store.disk import read_text, write_text
from nestbench.store.plain import from_text, to_data
from nestbench.store.results import by_number

__all__ = ["Shelf"]

_TIMES = ".times.json"
Record = TypeVar("Record", StackCounts, StackTimes)


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The results of growth below one folder."""

    root: Path

    def stacks(self) -> list[str]:
        """Ids of the stacks of which anything is there, by their numbers: tf2.9 before tf2.10."""
        names = {path.name.removesuffix(_TIMES) for path in self.root.glob(f"*{_TIMES}")}
        names |= {path.stem for path in self.root.glob("*.json") if not path.name.endswith(_TIMES)}
        return sorted(names, key=by_number)

    def counts(self, stack: str) -> StackCounts | None:
        """What was counted on ``stack``; None where nothing was. Raises StoreError."""
        return _load(StackCounts, self._counts(stack))

    def times(self, stack: str) -> StackTimes | None:
        """What was timed on ``stack``; None where nothing was. Raises StoreError."""
        return _load(StackTimes, self._times(stack))

    def keep_counts(self, head: StackCounts, counts: Counts, tally: Tally | None) -> None:
        """Write a series, those beside it stay; ``head``: the stack as it is now. Raises StoreError."""
        held = self.counts(head.stack)
        series = {**(held.series if held else {}), counts.label: counts}
        write_text(self._counts(head.stack), _encode(replace(head, series=_sorted(series))))
        times = self.times(head.stack) or StackTimes(stack=head.stack)
        tallies = {label: one for label, one in times.tallies.items() if label != counts.label}
        if tally is not None:
            tallies[counts.label] = tally
        if tallies != times.tallies:
            write_text(self._times(head.stack), _encode(replace(times, tallies=_sorted(tallies))))

    def keep_times(self, stack: str, times: Times, host: dict[str, str]) -> None:
        """Write a series, those beside it stay; ``host``: the facts of this machine. Raises StoreError."""
        held = self.times(stack) or StackTimes(stack=stack)
        series = _sorted({**held.series, times.label: times})
        hosts = {**held.hosts, times.host: host}
        used = {one.host for one in series.values()}
        hosts = _sorted({name: facts for name, facts in hosts.items() if name in used})
        write_text(self._times(stack), _encode(replace(held, series=series, hosts=hosts)))

    def _counts(self, stack: str) -> Path:
        return self.root / f"{stack}.json"

    def _times(self, stack: str) -> Path:
        return self.root / f"{stack}{_TIMES}"


def _sorted(values: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(values.items()))


def _encode(record: StackCounts | StackTimes) -> str:
    """JSON with a line for each size: what changes in git is what changed."""
    head = to_data(record, SCHEMA)
    series = head.pop("series", {})
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    lines.append(' "series": {\n' + ",\n".join(_rendered(series.items())) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _rendered(series: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    found = []
    for label, one in series:
        points = ",\n".join(f"   {json.dumps(point)}" for point in one.pop("points", []))
        head = json.dumps(one)[:-1]
        found.append(f'  {json.dumps(label)}: {head}, "points": [\n{points}\n  ]}}')
    return found


def _load(kind: type[Record], path: Path) -> Record | None:
    text = read_text(path)
    return None if text is None else from_text(kind, text, path, SCHEMA)
