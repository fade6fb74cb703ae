"""How a verdict is written: in words, as a symbol, in a colour, and explained in a legend."""

from dataclasses import dataclass

from nestbench.verdicts import Verdict

__all__ = ["LOOKS", "MISSING", "STALE", "Look"]


@dataclass(frozen=True)
class Look:
    """A symbol stands beside others in one narrow cell; it tells verdicts apart without colour."""

    symbol: str
    style: str  # of rich
    meaning: str


LOOKS = {
    Verdict.TRACKED: Look("✓", "green", "counted, trained, in the weights file and back from it"),
    Verdict.UNCOUNTED: Look("C", "bold red", "the forward pass reads more than Keras counts or lists"),
    Verdict.UNTRAINED: Look("T", "bold red", "a step leaves unchanged what is meant to be trained"),
    Verdict.UNSAVED: Look("S", "bold red", "the weights file loses it, or it does not come back"),
    Verdict.RAISES: Look("!", "yellow", "an exception, so the problem is loud"),
    Verdict.OVERTRAINED: Look("F", "red", "a step changes what is meant to stay frozen"),
    Verdict.OVERCOUNTED: Look("+", "magenta", "Keras counts or lists more than the forward pass reads"),
    Verdict.CRASHED: Look("X", "bold yellow", "the process died"),
    Verdict.TIMED_OUT: Look("H", "bold yellow", "it hangs: the time limit was reached"),
    Verdict.CASE_WRONG: Look("W", "reverse red", "the case itself is at fault: nothing else is concluded"),
    Verdict.UNAVAILABLE: Look("?", "dim", "could not be measured here"),
    Verdict.NOT_APPLICABLE: Look("-", "dim", "the stack does not have what the case needs"),
}  # fmt: skip

MISSING = Look("·", "dim", "not measured")
STALE = Look("*", "", "measured before the case, its lock or the probe changed")
