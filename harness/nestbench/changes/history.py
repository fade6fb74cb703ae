"""The history of a case variant along a line of releases: what it did, from where to where."""

from collections.abc import Mapping
from dataclasses import dataclass

from nestbench.changes.behaviour import Behaviour, behaviour_of
from nestbench.changes.pairing import UNTOLD
from nestbench.frames import Result, State
from nestbench.matrix.lines import Line

__all__ = ["History", "Span", "history_of"]


@dataclass(frozen=True, kw_only=True)
class Span:
    """Measured neighbours that behave alike. ``versions``: those of the line's part, oldest first.

    ``behaviour``: of the first, with what comes back from files of which only a later one knows it; ``last``:
    of the last.
    """

    stacks: tuple[str, ...]
    versions: tuple[str, ...]
    behaviour: Behaviour
    last: Behaviour


@dataclass(frozen=True, kw_only=True)
class History:
    """What was measured along one line. ``unknown``: stacks that say nothing, each with why.

    A change lies between the last version of a span and the first of the next: nothing is known of
    the releases within that interval.
    """

    line: Line
    label: str  # of the case variant
    spans: tuple[Span, ...]
    unknown: Mapping[str, str]

    @property
    def changed(self) -> bool:
        """Whether two measured stacks behave differently."""
        return len(self.spans) > 1

    @property
    def sentence(self) -> str:
        """``tracked up to 2.15.1; uncounted from 2.16.2 on``."""
        parts = []
        for place, span in enumerate(self.spans):
            first, last = span.versions[0], span.versions[-1]
            if len(self.spans) == 1:
                when = f"{first} to {last}" if first != last else first
            elif place == 0:
                when = f"up to {last}"
            elif place == len(self.spans) - 1:
                when = f"from {first} on"
            else:
                when = f"{first} to {last}" if first != last else f"in {first}"
            parts.append(f"{span.behaviour.words} {when}")
        return "; ".join(parts)


def history_of(line: Line, label: str, results: Mapping[str, Result]) -> History:
    """The history along ``line``. ``results``: that of the case variant by stack.

    A stack that was not measured or could not be, whose result is stale or to which the case does not
    apply says nothing: it neither ends a span nor prolongs one.
    """
    spans: list[Span] = []
    unknown: dict[str, str] = {}
    for stack in line.stacks:
        result = results.get(stack.id)
        known = behaviour_of(result) if result is not None and result.state is State.CURRENT else None
        if known is None or known.call[0] in UNTOLD:
            unknown[stack.id] = _why(result, known)
            continue
        version = line.version(stack)
        if spans and spans[-1].behaviour.same(known):
            span = spans.pop()
            spans.append(
                Span(
                    stacks=(*span.stacks, stack.id),
                    versions=(*span.versions, version),
                    # So that what it gave back is held against what a later one does.
                    behaviour=span.behaviour.with_files_of(known),
                    last=known,
                )
            )
        else:
            spans.append(Span(stacks=(stack.id,), versions=(version,), behaviour=known, last=known))
    return History(line=line, label=label, spans=tuple(spans), unknown=unknown)


def _why(result: Result | None, known: Behaviour | None) -> str:
    if known is not None:
        return known.evidence[0] if known.evidence else known.call[0]
    if result is None or result.state is State.MISSING:
        return "not measured"
    return "measured before the case, its lock or the probe changed"
