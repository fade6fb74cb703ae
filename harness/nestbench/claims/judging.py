"""A claim against what was measured on one stack."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from nestbench.claims.claim import Claim
from nestbench.claims.signal import Comparison, Known, parse
from nestbench.frames import Result, State
from nestprobe.observation import OutcomeKind

__all__ = ["Outcome", "Ruling", "rule"]


class Outcome(StrEnum):
    """What a stack's measurements say of a claim."""

    HELD = "held"
    REFUTED = "refuted"
    UNDECIDED = "undecided"  # measured, but the signal that decides could not be had
    NOT_MEASURED = "not-measured"
    NOT_APPLICABLE = "not-applicable"


#: The first of several that deciders give is that of the claim.
_RANK = (
    Outcome.REFUTED, Outcome.NOT_MEASURED, Outcome.UNDECIDED, Outcome.HELD, Outcome.NOT_APPLICABLE
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A claim on one stack; ``evidence`` names the case and shows the values that decided."""

    claim: str
    stack: str
    outcome: Outcome
    evidence: str


def rule(claim: Claim, stack: str, results: Mapping[str, Iterable[Result]]) -> Ruling:
    """The ruling on one stack that the claim speaks of.

    ``results``: those of the stack, by case. Never held or refuted by a case that did not run there.
    """
    of_decider = [
        [
            _decided(decider.holds, result)
            for result in results.get(decider.case, ())
            if decider.variant.items() <= result.cell.variant.names.items()
        ]
        for decider in claim.decided_by
    ]
    said = [one for found in of_decider for one in found]
    outcome = next((one for one in _RANK if one in {word for word, _ in said}), Outcome.NOT_MEASURED)
    if outcome is Outcome.HELD and any(_apart(found) for found in of_decider):
        outcome = Outcome.NOT_APPLICABLE
    evidence = list(dict.fromkeys(text for word, text in said if word == outcome))
    return Ruling(claim=claim.id, stack=stack, outcome=outcome, evidence="; ".join(evidence))


def _apart(found: Iterable[tuple[Outcome, str]]) -> bool:
    """Whether nothing of a decider applies to the stack: what the others hold is not all of the claim."""
    return {word for word, _ in found} == {Outcome.NOT_APPLICABLE}


def _decided(expressions: Iterable[str], result: Result) -> tuple[Outcome, str]:
    label = result.cell.label
    if result.observation is None or result.state != State.CURRENT:
        return Outcome.NOT_MEASURED, f"{label}: {result.state}"
    outcome = result.observation.outcome
    if outcome.kind == OutcomeKind.NOT_APPLICABLE:
        return Outcome.NOT_APPLICABLE, f"{label}: {outcome.detail}"
    known = Known(
        observation=result.observation,
        judgements=result.judgements,
        parameters=result.cell.variant.parameters,
    )
    comparisons = [parse(text) for text in expressions]
    holds = [comparison.holds(known) for comparison in comparisons]
    shown = "; ".join(dict.fromkeys(comparison.shown(known) for comparison in comparisons))
    if False in holds:
        return Outcome.REFUTED, f"{label}: {shown}"
    if None in holds:
        return Outcome.UNDECIDED, f"{label}: {shown}{_why(known, comparisons)}"
    return Outcome.HELD, f"{label}: {shown}"


def _why(known: Known, comparisons: Iterable[Comparison]) -> str:
    """What was raised where the signals come from; else the first that was raised at all."""
    phases = known.observation.phases
    asked = [one.left.partition(".")[0] for one in comparisons]
    for name in (*asked, *phases):
        phase = phases.get(name)
        if phase is not None and phase.raised is not None:
            return f" ({name} raised {phase.raised.type}: {phase.raised.message[:80]})"
    return ""
