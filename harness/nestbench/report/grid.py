"""Cases against stacks: which rows, which columns, and what each square says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nestbench.frames import Result, State
from nestbench.names import Asked, matching, require_known
from nestbench.report.signal import Told, told_by_cell
from nestbench.report.words import LOOKS, MISSING, STALE
from nestbench.verdicts import Entry, Judgement, Verdict

__all__ = ["Grid", "Query", "Row", "Square", "make_grid"]

_COUNTED = (Verdict.UNCOUNTED, Verdict.OVERCOUNTED)
#: Verdicts that a count cannot stand for.
_NO_COUNT = (
    Verdict.RAISES, Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.UNAVAILABLE,
    Verdict.NOT_APPLICABLE, Verdict.CASE_WRONG,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to show. Empty filters let everything through; ``cases`` to ``stacks`` take patterns.

    ``show``: ``verdict``, ``count``, or a signal as ``phase.signal``, e.g. ``built.count_params``.
    ``verdicts``: rows where any stack has one of these among its findings. ``differs``: rows where
    measured stacks differ. ``entries``: both means that a row of the entry build is there only
    where it says something else than that of call.
    """

    show: str = "verdict"
    cases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    differs: bool = False
    entries: tuple[Entry, ...] = (Entry.CALL, Entry.BUILD)


@dataclass(frozen=True, kw_only=True)
class Square:
    """One square: in words, as a symbol, and the looks that it needs in a legend.

    ``why``: sentences that a reader of what is shown asks for; ``evidence``: those of the verdict, or
    why a signal has no value.
    """

    words: str
    symbol: str
    style: str
    state: State
    verdict: str = ""
    findings: tuple[str, ...] = ()
    counted: int | None = None
    expected: int | None = None
    evidence: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    value: Any = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One case variant and entry; squares in the order of the grid's stacks."""

    group: str
    case: str
    variant: str
    entry: Entry
    squares: tuple[Square, ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The table before it is drawn. ``measured`` of ``expected`` cells have a result."""

    show: str
    stacks: tuple[str, ...]
    rows: tuple[Row, ...]
    measured: int
    stale: int
    expected: int


def make_grid(results: Sequence[Result], query: Query) -> Grid:
    """The grid of ``results``. Raises UsageError for a pattern or signal that matches nothing."""
    chosen = _filtered(results, query)
    told = None if query.show in ("verdict", "count") else told_by_cell(chosen, query.show)
    stacks = tuple(dict.fromkeys(result.cell.stack for result in chosen))
    squares: dict[tuple[str, str, str], dict[Entry, dict[str, Square]]] = {}
    # Most stacks share a few judgements. Known by their id, which is theirs as long as results are kept.
    made: dict[tuple[int, State], list[tuple[Entry, Square]]] = {}
    for result in chosen:
        cell = result.cell
        key = (cell.case.group, cell.case.id, cell.variant.label)
        if key not in squares:
            squares[key] = {entry: {} for entry in Entry}
        known = (id(result.judgements), result.state)
        if known not in made:
            made[known] = list(_entries(result, query.show))
        for entry, square in made[known]:
            squares[key][entry][cell.stack] = (
                square if told is None else _with_signal(square, told[cell.stack, cell.case.id, key[2]])
            )
    empty = _missing()
    rows = [
        Row(
            group=group,
            case=case,
            variant=variant,
            entry=entry,
            squares=tuple(by_stack.get(stack, empty) for stack in stacks),
        )
        for (group, case, variant), by_entry in squares.items()
        for entry, by_stack in by_entry.items()
    ]
    states = [result.state for result in chosen]
    return Grid(
        show=query.show,
        stacks=stacks,
        rows=tuple(_shown(rows, query)),
        measured=sum(state != State.MISSING for state in states),
        stale=states.count(State.STALE),
        expected=len(states),
    )


def _filtered(results: Sequence[Result], query: Query) -> list[Result]:
    chosen = list(results)
    asked = []
    name_of: Callable[[Result], str]
    for kind, patterns, name_of in (
        ("case", query.cases, lambda one: one.cell.case.id),
        ("group", query.groups, lambda one: one.cell.case.group),
        ("stack", query.stacks, lambda one: one.cell.stack),
    ):
        names = list(dict.fromkeys(name_of(one) for one in results))
        asked.append(Asked(kind=f"measured {kind}", patterns=patterns, known=names, lists="The whole table"))
        if patterns:
            wanted = {name for pattern in patterns for name in matching(pattern, names)}
            chosen = [one for one in chosen if name_of(one) in wanted]
    require_known(*asked)
    return chosen


def _missing() -> Square:
    return Square(words=MISSING.symbol, symbol=MISSING.symbol, style=MISSING.style, state=State.MISSING)


def _entries(result: Result, show: str) -> Iterator[tuple[Entry, Square]]:
    for entry in Entry:
        judged = result.judgement(entry)
        if judged is not None:
            yield entry, _square(judged, result.state, show)


def _square(judged: Judgement, state: State, show: str) -> Square:
    why: tuple[str, ...] = ()
    if show == "count":
        words = symbol = _count(judged.findings, judged.counted, judged.expected)
    else:
        words = ", ".join(_in_words(one, judged.counted, judged.expected) for one in judged.findings)
        symbol = "".join(LOOKS[one].symbol for one in judged.findings)
        why = judged.evidence if judged.findings != (Verdict.TRACKED,) else ()
    mark = _mark(state)
    return Square(
        words=words + mark,
        symbol=symbol + mark,
        style=LOOKS[judged.headline].style,
        state=state,
        verdict=str(judged.headline),
        findings=tuple(map(str, judged.findings)),
        counted=judged.counted,
        expected=judged.expected,
        evidence=judged.evidence,
        notes=judged.notes,
        why=why,
    )


def _with_signal(square: Square, told: Told) -> Square:
    mark = _mark(square.state) if told.words != MISSING.symbol else ""
    return replace(
        square,
        words=told.words + mark,
        symbol=told.symbol + mark,
        style=told.style,
        value=told.value,
        why=told.why,
        evidence=told.why or square.evidence,
    )


def _mark(state: State) -> str:
    return STALE.symbol if state == State.STALE else ""


def _in_words(verdict: Verdict, counted: int | None, expected: int | None) -> str:
    if verdict in _COUNTED and counted is not None and expected is not None:
        return f"{verdict} {counted}/{expected}"
    return str(verdict)


def _count(findings: Sequence[Verdict], counted: int | None, expected: int | None) -> str:
    if counted is None or expected is None:
        failed = [one for one in findings if one in _NO_COUNT] or list(findings)
        return LOOKS[failed[0]].symbol
    return str(counted) if counted == expected else f"{counted}/{expected}"


def _shown(rows: Sequence[Row], query: Query) -> list[Row]:
    by_call = {(row.case, row.variant): _said(row) for row in rows if row.entry == Entry.CALL}
    # A signal belongs to a phase, not to an entry: one row tells all.
    entries = query.entries if query.show in ("verdict", "count") else (Entry.CALL,)
    shown = []
    for row in rows:
        if row.entry not in entries:
            continue
        repeats = row.entry == Entry.BUILD and Entry.CALL in entries
        if repeats and not _adds(row, by_call[row.case, row.variant]):
            continue
        if query.differs and len({words for words in _said(row) if words is not None}) <= 1:
            continue
        found = {name for square in row.squares for name in square.findings}
        if query.verdicts and not found & set(map(str, query.verdicts)):
            continue
        shown.append(row)
    return shown


def _adds(row: Row, call: Sequence[str | None]) -> bool:
    """Whether a row of the entry build says on any stack what the row of call does not."""
    return any(
        words != other and square.verdict != Verdict.NOT_APPLICABLE
        for words, other, square in zip(_said(row), call, row.squares, strict=True)
    )


def _said(row: Row) -> list[str | None]:
    return [
        None if square.words == MISSING.symbol else square.words.rstrip(STALE.symbol)
        for square in row.squares
    ]
