"""The words of a difference: how grave it is, what kind, and what stands for it on other stacks."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

__all__ = ["Difference", "Gravity", "Kind"]


class Gravity(IntEnum):
    """In order: the gravest first."""

    SILENT = 0  # something is lost, and nothing says so
    LOUD = 1  # an exception or a process that dies: it is seen
    OTHER = 2  # it is another, and may have to be looked after
    BETTER = 3  # what was wrong is right

    @property
    def words(self) -> str:
        """As a heading."""
        return _WORDS[self]


_WORDS = {
    Gravity.SILENT: "Lost silently",
    Gravity.LOUD: "Fails, and says so",
    Gravity.OTHER: "Otherwise",
    Gravity.BETTER: "Better",
}


class Kind(StrEnum):
    """What is another. The first ones are of variables, each a flag of its record."""

    UNCOUNTED = "uncounted"
    UNTRAINED = "untrained"
    NO_GRADIENT = "no-gradient"
    OVERTRAINED = "overtrained"
    UNSAVED = "unsaved"
    UNRESTORED = "unrestored"
    NOT_IN_MODEL_FILE = "not-in-model-file"
    NOT_FROM_MODEL_FILE = "not-from-model-file"
    NOT_IN_CHECKPOINT = "not-in-checkpoint"
    NOT_FROM_CHECKPOINT = "not-from-checkpoint"
    OVERCOUNTED = "overcounted"
    READS = "reads"  # the forward pass reads more variables, or fewer
    OUTPUT = "output"  # what is reloaded computes something else
    COUNT = "count"  # what count_params() or summary() says beside what is listed
    RAISES = "raises"
    ENDS = "ends"  # the process does
    OLD_FILE = "old-file"  # saved on the old stack, loaded on the new
    MISPLACED = "misplaced"  # a value of such a file, in another variable
    ORDER = "order"
    NAMES = "names"
    CALLS = "calls"
    WARNS = "warns"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is another on the newer stack.

    ``kinds``: what it is, the gravest first. ``title``: a sentence. ``evidence``: what was measured, a
    line each. ``variables``: names on the newer stack, where it is about some. ``marks``: the facts that
    it consists of, the same words for the same fact on any other stack, so that it is known where each
    of them begins.
    """

    gravity: Gravity
    kinds: tuple[Kind, ...]
    title: str
    evidence: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()  # of these variables in the newer stack's observation
    marks: frozenset[str] = field(default=frozenset())
