"""What a person sees while stacks run: bars on a terminal, plain lines elsewhere. Always on stderr."""

import threading
import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

_PLAIN_SECONDS = 15.0


class Reporter(Protocol):
    """Told by worker threads how each stack goes; every method may be called from any thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def expect(self, stack: str, cells: int) -> None:
        """``cells`` of ``stack`` are to be run."""

    def phase(self, stack: str, text: str) -> None:
        """``stack`` is now doing ``text``, e.g. "preparing its environment"."""

    def cell(self, stack: str, done: int, current: str) -> None:
        """``done`` cells of ``stack`` are finished; ``current`` is one that is not."""

    def end(self, stack: str, text: str) -> None:
        """``stack`` is finished, well or not."""

    def say(self, line: str) -> None:
        """A line that stays."""


class Quiet:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def expect(self, stack: str, cells: int) -> None: ...

    def phase(self, stack: str, text: str) -> None: ...

    def cell(self, stack: str, done: int, current: str) -> None: ...

    def end(self, stack: str, text: str) -> None: ...

    def say(self, line: str) -> None: ...


class Lines(Quiet):
    """For logs: a line per phase, and a count no more often than every 15 seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._cells: dict[str, int] = {}
        self._said: dict[str, float] = {}

    def expect(self, stack: str, cells: int) -> None:
        self._cells[stack] = cells

    def phase(self, stack: str, text: str) -> None:
        self._said[stack] = time.monotonic()
        self.say(f"{stack}: {text}")

    def cell(self, stack: str, done: int, current: str) -> None:
        if time.monotonic() - self._said.get(stack, 0.0) >= _PLAIN_SECONDS:
            self.phase(stack, f"{done} of {self._cells[stack]} cells, at {current}")

    def end(self, stack: str, text: str) -> None:
        self.say(f"{stack}: {text}")

    def say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class Bars:
    """For a terminal: a bar per stack, with what it is doing, and one over all."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", justify="right"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            Elapsed(),
            TextColumn("{task.fields[doing]}", markup=False),
            console=console,
            refresh_per_second=5,
        )
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._done: dict[str, int] = {}
        self._all = self._progress.add_task("all stacks", total=0, doing="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, stack: str, cells: int) -> None:
        with self._lock:
            self._tasks[stack] = self._progress.add_task(stack, total=cells, doing="waiting", start=False)
            self._done[stack] = 0
            total = self._progress.tasks[0].total or 0
            self._progress.update(self._all, total=total + cells)

    def phase(self, stack: str, text: str) -> None:
        self._progress.start_task(self._tasks[stack])
        self._progress.update(self._tasks[stack], doing=text)

    def cell(self, stack: str, done: int, current: str) -> None:
        with self._lock:
            self._progress.update(self._all, advance=done - self._done[stack])
            self._done[stack] = done
        self._progress.update(self._tasks[stack], completed=done, doing=current)

    def end(self, stack: str, text: str) -> None:
        self._progress.stop_task(self._tasks[stack])
        self._progress.update(self._tasks[stack], doing=text)

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


def reporter(*, quiet: bool) -> Reporter:
    """The reporter that fits what stderr is."""
    console = Console(stderr=True)
    if quiet:
        return Quiet()
    return Bars(console) if console.is_terminal else Lines(console)
