"""The names of verdicts, their rank, and what a judgement holds."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["RANK", "Entry", "Finding", "Judgement", "Verdict"]


class Entry(StrEnum):
    """By which door the model's variables came to be."""

    CALL = "call"
    BUILD = "build"


class Verdict(StrEnum):
    """In order of rank: the first of several findings is the headline."""

    CASE_WRONG = "case-wrong"
    UNCOUNTED = "uncounted"
    UNTRAINED = "untrained"
    OVERTRAINED = "overtrained"
    UNSAVED = "unsaved"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    RAISES = "raises"
    OVERCOUNTED = "overcounted"
    UNAVAILABLE = "unavailable"
    NOT_APPLICABLE = "not-applicable"
    TRACKED = "tracked"


RANK = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with what decided it.

    ``findings``: all that apply, the headline first. ``evidence``: a sentence or more per finding.
    ``notes``: what else was seen. ``counted`` and ``expected`` are numbers of scalars: what
    ``count_params()`` said and what the forward pass reads; None where not measured.
    """

    entry: Entry
    headline: Verdict
    findings: tuple[Verdict, ...]
    evidence: tuple[str, ...]
    notes: tuple[str, ...] = ()
    counted: int | None = None
    expected: int | None = None


@dataclass(frozen=True)
class Finding:
    """One reason for a verdict, with the sentence that proves it."""

    verdict: Verdict
    evidence: str
