"""A model that runs on the old stack and raises on the new one: that is an answer."""

from collections.abc import Sequence
from dataclasses import replace

from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.remedies import is_of_request
from nestbench.audit.side import Side
from nestbench.verdicts.variables import text_of
from nestprobe.observation import OutcomeKind, Raised

__all__ = ["raised_itself", "step_of", "stop_of", "with_remedies"]

_DOING = {"constructed": "making it", "called": "calling it"}


def raised_itself(side: Side) -> tuple[str, Raised] | None:
    """The phase in which the model raised, and what; None where it ran, or what was asked is at fault."""
    if side.measured or side.observation is None or side.observation.outcome.kind != OutcomeKind.OBSERVED:
        return None
    failed = side.failed
    return failed if failed is not None and not is_of_request(failed[1]) else None


def stop_of(before: Side, after: Side) -> Difference | None:
    """That it does not run any more; None where it does, did not before, or nothing is known of it."""
    failed = raised_itself(after) if before.measured else None
    if failed is None:
        return None
    phase, raised = failed
    return Difference(
        gravity=Gravity.LOUD,
        kinds=(Kind.RAISES,),
        title=f"the model does not run any more on {after.stack}: {_DOING[phase]} raises {raised.type}",
        evidence=(text_of(raised),),
        marks=frozenset({f"raises:{phase}"}),
    )


def step_of(sides: Sequence[Side]) -> str:
    """Where on a way the model stops to run for good; empty without a way."""
    if len(sides) < 3:  # noqa: PLR2004 - two ends have no way
        return ""
    last = max(place for place, side in enumerate(sides) if side.measured)
    first = next(n for n, side in enumerate(sides) if n > last and raised_itself(side) is not None)
    between = ", ".join(side.stack for side in sides[last + 1 : first])
    gap = f" ({between} could not be measured)" if between else ""
    return f"from {sides[last].stack} to {sides[first].stack}{gap}"


def with_remedies(sides: Sequence[Side], *, explained: bool) -> tuple[Side, ...]:
    """The sides of a way that ends where the model does not run: there the inputs are not what to correct."""
    last = sides[-1]
    mend = "Mend the model as shown" if explained else f"Change the model so that it runs on {last.stack}"
    do = f"{mend}, and audit it again: what {last.stack} counts, trains and saves of it is not known yet."
    passed = [replace(side, do="") if raised_itself(side) is not None else side for side in sides[:-1]]
    return (*passed, replace(last, do=do))
