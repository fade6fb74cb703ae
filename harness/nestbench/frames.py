"""Results as judged cells, and as rows of tables: a row for each cell and entry, signal or variable."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import groupby
from typing import Any

from nestbench.catalogue import Cell, Variant
from nestbench.digests import Digests
from nestbench.store import Measured, Prototype, Reader, Store
from nestbench.verdicts import Entry, Judgement, Verdict, is_parameter, judge, size, unmeasured
from nestprobe.observation import ModelRecord, Observation, PhaseRecord, Raised, VariableRecord

__all__ = ["Result", "State", "cell_rows", "collect", "signals", "variable_rows"]


class State(StrEnum):
    """Whether what is shown of a cell was measured as the cell is now."""

    CURRENT = "current"
    STALE = "stale"  # measured before the case, its lock or the probe changed
    MISSING = "missing"  # not measured


@dataclass(frozen=True, kw_only=True)
class Result:
    """One cell with what is known of it; ``judgements`` is empty where nothing is.

    The prototype of ``measured`` is one and the same for results of which nothing but counts of Python
    calls differs. ``lock``: digest of the lock that it was measured with.
    """

    cell: Cell
    state: State
    measured: Measured | None = dataclasses.field(default=None, repr=False)
    judgements: tuple[Judgement, ...] = ()
    lock: str = dataclasses.field(default="", compare=False, repr=False)

    @property
    def observation(self) -> Observation | None:
        """What was measured."""
        return self.measured.observation if self.measured is not None else None

    def judgement(self, entry: Entry) -> Judgement | None:
        """What that entry was judged to be."""
        return next((one for one in self.judgements if one.entry == entry), None)


def collect(
    store: Store,
    cells: Iterable[Cell],
    locks: Mapping[str, str] | None = None,
    unavailable: Mapping[str, str] | None = None,
    unasked: Callable[[str, Observation], None] | None = None,
) -> list[Result]:
    """The stored results of ``cells``, judged, in the same order.

    ``locks``: digest of the lock by stack, where known; a result of another lock is stale.
    ``unavailable``: why a stack cannot be measured here, by stack: its cells without a result are
    shown as unavailable, not as missing. ``unasked`` is handed the stack and the observation of every
    variant that is stored beside those of ``cells``. Raises StoreError for a broken result.
    """
    return list(_results(store.reader(), cells, locks or {}, unavailable or {}, unasked))


def _results(
    reader: Reader,
    cells: Iterable[Cell],
    locks: Mapping[str, str],
    unavailable: Mapping[str, str],
    unasked: Callable[[str, Observation], None] | None,
) -> Iterator[Result]:
    probes: dict[str, frozenset[str]] = {}
    judged: dict[tuple[Prototype, Variant, tuple[str, ...]], tuple[Judgement, ...]] = {}
    for (stack, case_id), run in groupby(cells, key=lambda cell: (cell.stack, cell.case.id)):
        stored, group = reader.load(stack, case_id), list(run)
        if stored is not None and unasked is not None:
            asked = [cell.variant.names for cell in group]
            for one in stored.result.observations:
                if one.variant not in asked:
                    unasked(stack, one)
        for cell in group:
            measured = stored.variant(cell.variant.names) if stored else None
            if stored is None or measured is None:
                yield _without(cell, unavailable.get(stack))
                continue
            prototype = measured.prototype
            key = (prototype, cell.variant, cell.case.about)
            judgements = judged.get(key)
            if judgements is None:  # no rule asks for the counts in which a prototype's observations differ
                judgements = judged[key] = judge(
                    prototype.observation, cell.variant.parameters, cell.variant.trainable, cell.case.about
                )
            if stack not in probes:
                probes[stack] = reader.probes(stack)
            current = _is_current(stored.like.digests, cell, locks.get(stack), probes[stack])
            yield Result(
                cell=cell,
                state=State.CURRENT if current else State.STALE,
                measured=measured,
                judgements=judgements,
                lock=stored.like.digests.lock,
            )


def _without(cell: Cell, why: str | None) -> Result:
    judgements = unmeasured(Verdict.UNAVAILABLE, why) if why else ()
    return Result(cell=cell, state=State.MISSING, judgements=judgements)


def _is_current(digests: Digests, cell: Cell, lock: str | None, probes: Collection[str]) -> bool:
    return digests.case == cell.case.digest and digests.probe in probes and lock in (None, digests.lock)


_VARIABLES = "variables"
_KEY = ("stack", "group", "case", "variant")
_VARIABLE_COLUMNS = [field.name for field in fields(VariableRecord)]


def _key(result: Result) -> dict[str, Any]:
    cell = result.cell
    values = (cell.stack, cell.case.group, cell.case.id, cell.variant.label)
    return dict(zip(_KEY, values, strict=True))


def cell_rows(results: Iterable[Result]) -> Iterator[dict[str, Any]]:
    """A row for each cell and entry, also for those that are missing (``verdict`` is empty then).

    ``findings``, ``evidence`` and ``notes`` are tuples; ``counted`` and ``expected`` numbers of
    scalars; ``parameters`` is the case's arithmetic.
    """
    for result in results:
        for entry in Entry:
            judged = result.judgement(entry)
            yield {
                **_key(result),
                "entry": str(entry),
                "state": str(result.state),
                "verdict": str(judged.headline) if judged else "",
                "findings": tuple(map(str, judged.findings)) if judged else (),
                "counted": judged.counted if judged else None,
                "expected": judged.expected if judged else None,
                "parameters": result.cell.variant.parameters,
                "evidence": judged.evidence if judged else (),
                "notes": judged.notes if judged else (),
            }


def signals(observation: Observation, only: str | None = None) -> Iterator[tuple[str, str, Any]]:
    """Phase, signal and value of each that was measured; ``only`` those of one phase.

    The phase ``variables`` holds, for each per-variable signal, the number of scalars in the
    floating variables that the forward pass reads and for which it holds.
    """
    for name, phase in observation.phases.items():
        if only in (None, name):
            for signal, value in _phase_signals(phase):
                yield name, signal, value
    if only in (None, _VARIABLES):
        for signal, scalars in _variable_signals(observation):
            yield _VARIABLES, signal, scalars


def _variable_signals(observation: Observation) -> Iterator[tuple[str, int]]:
    read = [one for one in observation.variables if is_parameter(one)]
    for field in fields(VariableRecord):
        told = [(one, getattr(one, field.name)) for one in read]
        counts = field.name.startswith("in_") or any(isinstance(value, bool) for _, value in told)
        if counts and all(value is not None for _, value in told):
            yield field.name, sum(size(one) for one, value in told if value)


def _phase_signals(phase: PhaseRecord) -> Iterator[tuple[str, Any]]:
    yield "status", phase.status
    for name in ("reason", "python_calls", "variables_created", "same_output"):
        value = getattr(phase, name)
        if value is not None:
            yield name, value
    if phase.raised is not None:
        yield "raised", _text(phase.raised)
    yield "warnings", len(phase.warnings)
    if phase.user_calls is not None:
        yield "user_calls", sum(phase.user_calls.values())
        for owner, times in phase.user_calls.items():
            yield f"user_calls.{owner}", times
    if phase.model is not None:
        yield from _model_signals(phase.model)


def _model_signals(model: ModelRecord) -> Iterator[tuple[str, Any]]:
    for field in fields(model):
        value = getattr(model, field.name)
        if field.name == "layers" and value is not None:
            yield "layers", len(value)
        elif field.name == "raised":
            for name, raised in value.items():
                yield name, f"raises {_text(raised)}"
        elif value is not None:
            yield field.name, value


def _text(raised: Raised) -> str:
    return f"{raised.type}: {raised.message}"


def variable_rows(results: Iterable[Result]) -> Iterator[dict[str, Any]]:
    """A row for each variable that was seen: key, then the fields of ``VariableRecord``."""
    for result in results:
        if result.observation is not None:
            key = _key(result)
            for variable in result.observation.variables:
                yield {**key, **{name: getattr(variable, name) for name in _VARIABLE_COLUMNS}}
