"""Runs the series of one stack in its environment: one import, answers as they come."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from nestbench.errors import GroundError, UnavailableError
from nestbench.growth.line import Line
from nestbench.growth.record import Part
from nestbench.run.asking import asking
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import Workspace
from nestbench.store.disk import read_text

__all__ = ["Answer", "Asked", "Launcher"]

Answer: TypeAlias = Mapping[str, Any]

#: Beyond the limits of its processes: the import, and on some stacks the translation of Keras.
_GRACE_SECONDS = 600.0
#: Beyond the limit of one process: to start it and to clean up; on a GPU, an import.
_EACH_SECONDS = 60.0
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be measured of one line: counts or not, and so many times."""

    line: Line
    count: bool
    repeats: int

    def request(self) -> dict[str, object]:
        """As the probe reads it."""
        return {
            "case": self.line.entry.id,
            "file": str(self.line.entry.file),
            "variant": dict(self.line.variant),
            "growing": self.line.entry.growing,
            "sizes": list(self.line.entry.sizes),
            "count": self.count,
            "repeats": self.repeats,
        }

    @property
    def processes(self) -> int:
        """How many the probe starts at most."""
        return len(self.line.entry.sizes) * (int(self.count) + len(Part) * self.repeats)


@dataclass(frozen=True, kw_only=True)
class Launcher:
    """Launches the probe of one stack; ``limit``: seconds for one process of it."""

    stack: str
    made: Prepared
    workspace: Workspace
    limit: float

    def launch(
        self, asked: Sequence[Asked], ready: Callable[[Answer], None], done: Callable[[int, Answer], None]
    ) -> None:
        """Measure ``asked``; ``done(number, answer)`` is called for each as soon as it has ended.

        ``ready`` is told what was imported, before anything is measured. Raises UnavailableError where
        there is no such device, or no more, GroundError where the probe did not come to its end, what
        ``ready`` raises.
        """
        with self.workspace.scratch(f"{self.stack}-growth") as scratch:
            answers = scratch / "answers"
            answers.mkdir()
            request = {
                "series": [one.request() for one in asked],
                "limits": {"seconds": self.limit},
                "scratch": str(scratch),
                "answers": str(answers),
            }
            path = scratch / "request.json"
            path.write_text(json.dumps(request), encoding="utf-8")
            status = self._run(path, asked, _Reader(answers, len(asked), ready, done))
            if status is not None:
                raise GroundError(
                    f"The probe of {self.stack} ended with status {status} before it had answered.",
                    do=f"Its words are in {self._log}; what was answered is kept.",
                )

    @property
    def _log(self) -> Path:
        return self.workspace.log(f"{self.stack}-growth")

    def _run(self, request: Path, asked: Sequence[Asked], reader: "_Reader") -> int | None:
        """Its exit status where an answer is missing at its end."""
        with asking("grow", request, self.made, workspace=self.workspace, log=self._log) as process:
            heard = time.monotonic()
            while True:
                running = process.poll() is None  # asked before the last look, not after it
                if reader.look():
                    heard = time.monotonic()
                if reader.complete:
                    return None
                if not running:
                    return process.returncode
                silence = _GRACE_SECONDS + (self.limit + _EACH_SECONDS) * asked[reader.number].processes
                if time.monotonic() - heard > silence:
                    raise GroundError(
                        f"The probe of {self.stack} said nothing for {silence:.0f} s; see {self._log}."
                    )
                time.sleep(_LOOK_SECONDS)


class _Reader:
    """Reads each answer once, in order. ``number``: the one that is waited for."""

    def __init__(
        self, folder: Path, total: int, ready: Callable[[Answer], None], done: Callable[[int, Answer], None]
    ) -> None:
        self._folder, self._total = folder, total
        self._ready: Callable[[Answer], None] | None = ready
        self._done = done
        self.number = 0

    @property
    def complete(self) -> bool:
        """Whether all were read."""
        return self.number == self._total

    def look(self) -> bool:
        """Hand on what is new; whether anything was."""
        new = False
        if self._ready is not None:
            said = _read(self._folder / "ready.json")
            if said is None:
                return False
            if "no_device" in said:
                raise UnavailableError(f"nothing was measured: {said['no_device']}")
            self._ready(said)
            self._ready, new = None, True
        while not self.complete:
            answer = _read(self._folder / f"series-{self.number}.json")
            if answer is None:
                break
            self._done(self.number, answer)
            self.number += 1
            new = True
        gone = None if self.complete else _read(self._folder / "gone.json")
        if gone is not None:
            raise UnavailableError(f"unavailable: {gone['no_device']}; what was measured before is kept")
        return new


def _read(path: Path) -> dict[str, Any] | None:
    """The probe writes a file whole or not at all."""
    text = read_text(path)
    data: dict[str, Any] | None = None if text is None else json.loads(text)
    return data
