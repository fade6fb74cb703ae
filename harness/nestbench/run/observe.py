"""All asked cells of one stack through probe servers: what to do when one dies half way."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import TypeAlias

from nestbench import staging
from nestbench.catalogue import Cell
from nestbench.errors import GroundError, UnavailableError
from nestbench.run.events import NO_DEVICE, CellDone, Done, Ended, Event, Failed, Noise, Ready, Started
from nestbench.run.probe_process import (
    GRACE_SECONDS,
    IMPORT_SECONDS,
    Limits,
    ProbeProcess,
    Request,
)
from nestprobe.observation import Observation, Outcome, OutcomeKind

_Key: TypeAlias = tuple[str, frozenset[tuple[str, str]]]

#: A cell during which the server died this often is what killed it.
_STRIKES = 2
#: Servers that die without having observed anything, one after the other, before the stack is given up.
_BARREN = 2
#: What a case may be told in the place of its result by a disk that others filled. A text of the system's,
#: which the libraries in between hand on.
_DISK_SAYS = ("No space left on device", "Disk quota exceeded", "Read-only file system")
#: A child that could not keep what it saw ends so (``nestprobe.child``).
_NOT_KEPT = "exit status 70"
#: Below so many bytes on the disk what failed there is the disk's doing.
_ROOM = 64 * 2**20
_NO_DEVICE = (
    "Check what `nvidia-smi` lists, and that its driver is new enough for the CUDA of this stack. "
    "Nothing was measured on the CPU in its place."
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where and how probe servers of one stack run."""

    python: Path  # the environment's interpreter
    environ: Mapping[str, str]  # PYTHONPATH leads to the staged probe
    files: Sequence[Path]  # case files, absolute
    log: Path  # the servers' stderr is added to it
    scratch: Path  # an existing folder; every server gets one of its own in it
    launch: str
    jobs: int
    limits: Limits
    probe: Path | None = None  # the staged probe, which a case may alter; not looked after where left out


@dataclass(frozen=True, kw_only=True)
class Listener:
    """What is called with what the servers say, in the order in which they say it."""

    ready: Callable[[Ready], None]
    started: Callable[[Cell], None]
    done: Callable[[Cell, CellDone], None]  # stores; what it raises ends the stack


def observe(ground: Ground, cells: Iterable[Cell], listener: Listener, *, stop: Flag) -> str | None:  # noqa: C901 - what a server died of
    """Observe ``cells``; None when every one was answered, else why the others were not.

    A server that dies is started again for what is left, one cell at a time from then on, so that
    it is known which cell it died of; a cell that it dies of twice, alone, is recorded as crashed.

    Raises UnavailableError where the device that was asked for is not there, or no longer.
    """
    left = {_key(cell.case.id, cell.variant.names): cell for cell in cells}
    strikes: Counter[_Key] = Counter()
    barren = 0
    jobs = ground.jobs
    while left:
        before = len(left)
        if ground.probe is not None:
            staging.stage(ground.probe.parent)  # again, where a case has altered it
        spell = _serve(ground, left, listener, jobs=jobs, stop=stop)
        if stop.is_set():
            return "interrupted"
        if spell.failure is not None:
            return spell.failure
        if spell.done:
            break
        if spell.altered:
            jobs = 1
            continue
        # Of several, one may be another's victim. One at a time, it is the last that began: one before it
        # is in flight only where its answer was none that could be read.
        dead = spell.in_flight[-1:] if jobs == 1 or len(spell.in_flight) == 1 else []
        for key in dead:
            strikes[key] += 1
            if strikes[key] == _STRIKES:
                cell = left.pop(key)
                listener.done(cell, _crash(cell, spell.how))
        barren = 0 if dead or len(left) < before else barren + 1
        if barren == _BARREN:
            return f"the probe ended before any case ({spell.how}); its words are in {ground.log}"
        jobs = 1
    if not left:
        return None
    return f"the probe left {len(left)} cells unanswered ({spell.how}); its words are in {ground.log}"


def introduce(ground: Ground, *, stop: Flag) -> tuple[Ready | None, str]:
    """What the environment imports, without observing any cell; else None and why.

    Raises UnavailableError as ``observe`` does.
    """
    said: list[Ready] = []
    listener = Listener(ready=said.append, started=lambda _: None, done=lambda _cell, _answer: None)
    spell = _serve(ground, {}, listener, jobs=1, stop=stop)
    return (said[0] if said else None), spell.failure or spell.how


@dataclass(kw_only=True)
class _Spell:
    """The life of one server."""

    in_flight: list[_Key]
    failure: str | None = None
    done: bool = False
    altered: bool = False  # the probe, while several cells were in flight: none of them counts
    how: str = ""


def _serve(
    ground: Ground,
    left: dict[_Key, Cell],
    listener: Listener,
    *,
    jobs: int,
    stop: Flag,
) -> _Spell:
    """Run one server on ``left``; what it answers is taken out."""
    spell = _Spell(in_flight=[])
    folder = Path(tempfile.mkdtemp(prefix="server-", dir=ground.scratch))
    try:
        scratch = folder / "scratch"
        scratch.mkdir()
        request = folder / "request.json"
        request.write_text(_request(ground, list(left.values()), jobs, scratch).to_json(), encoding="utf-8")
        command = [str(ground.python), "-s", "-m", "nestprobe", "serve", str(request)]
        with ProbeProcess(command, environ=ground.environ, log=ground.log, folder=scratch) as process:
            staged = ground.probe and staging.signature(ground.probe)
            for event in process.events(stop=stop, silence=_silence(ground)):
                if isinstance(event, CellDone) and ground.probe and staging.signature(ground.probe) != staged:
                    _note(ground.log, f"the probe was altered while these ran: {spell.in_flight}")
                    if jobs > 1 and len(spell.in_flight) > 1:
                        spell.altered = True
                        break
                    staging.stage(ground.probe.parent)  # it was whole when this one began
                    staged = staging.signature(ground.probe)
                _hear(event, spell, left, listener, ground)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return spell


def _request(ground: Ground, cells: Sequence[Cell], jobs: int, scratch: Path) -> Request:
    return Request(
        files=[str(path) for path in ground.files],
        cells=[{"case": cell.case.id, "variant": cell.variant.names} for cell in cells],
        launch=ground.launch,
        jobs=jobs,
        limits=ground.limits,
        scratch=str(scratch),
    )


def _silence(ground: Ground) -> float:
    importing = 0.0 if ground.launch == "fork" else IMPORT_SECONDS  # paid again by every cell
    # The last ones may all be looked at once more, alone, before another word (``nestprobe.observer``).
    turns = 2 if ground.jobs > 1 else 1
    return turns * ground.limits.seconds + GRACE_SECONDS + importing


def _hear(event: Event, spell: _Spell, left: dict[_Key, Cell], listener: Listener, ground: Ground) -> None:
    match event:
        case Ready():
            listener.ready(event)
        case Started():
            key = _key(event.case, event.variant)
            if key in left:
                spell.in_flight.append(key)
                listener.started(left[key])
        case CellDone():
            _take(event, spell, left, listener, ground)
        case Done():
            spell.done = True
        case Failed(what=what, detail=detail) if what == NO_DEVICE:
            raise UnavailableError(detail, do=_NO_DEVICE)
        case Failed(what=what, detail=detail):
            spell.failure = f"{what}: {detail}" if detail else what
        case Noise(line=line, why=why):
            _note(ground.log, f"not an event ({why}): {json.dumps(line)}")
        case Ended(how=how):
            spell.how = how


def _take(
    answer: CellDone, spell: _Spell, left: dict[_Key, Cell], listener: Listener, ground: Ground
) -> None:
    key = _key(answer.observation.case, answer.observation.variant)
    if key not in left or key not in spell.in_flight:  # another case may have got at the pipe
        _note(ground.log, f"an answer that nobody asked for: {key}")
        return
    said = _disk_said(answer.observation, ground.scratch)
    if said:  # it stays left: measured again by the next run, on a disk with room
        spell.failure = f"what the disk said is no result of a case: {left[key].label}: {said}"
        spell.in_flight = [one for one in spell.in_flight if one != key]
        return
    listener.done(left[key], answer)  # stored first: only then it is no longer left
    del left[key]
    spell.in_flight.remove(key)


def _disk_said(observation: Observation, scratch: Path) -> str:
    """What the disk said in the place of the case; empty where it said nothing.

    Raises GroundError where there is no room left: then so it is for every case.
    """
    outcome = observation.outcome
    texts = [outcome.detail]
    for phase in observation.phases.values():
        raised = [phase.raised, *(phase.model.raised.values() if phase.model else ())]
        texts += [one.message for one in raised if one is not None] + phase.warnings
    said = next((words for words in _DISK_SAYS for text in texts if words in text), "")
    room = shutil.disk_usage(scratch).free
    if room < _ROOM and (said or (outcome.kind, outcome.detail) == (OutcomeKind.EXITED, _NOT_KEPT)):
        raise GroundError(
            f"The disk is full where cases are observed: {room / 2**20:.0f} MB are left for {scratch}.",
            why="a case that could not write its files says something else than it would",
            do="Free some space and run again: finished results are kept, and that case's is not.",
        )
    return said


def _key(case: str, variant: Mapping[str, str]) -> _Key:
    return case, frozenset(variant.items())


def _crash(cell: Cell, how: str) -> CellDone:
    outcome = Outcome(kind=OutcomeKind.CRASHED, detail=f"ended the probe server {_STRIKES} times ({how})")
    observation = Observation(case=cell.case.id, variant=cell.variant.names, outcome=outcome)
    return CellDone(event="cell", observation=observation, seconds=0.0)


def _note(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as out:
        out.write(f"[nestbench] {text}\n")
