"""What explains a cell of the matrix, and what to write instead; what was measured tells where it holds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from nestbench.changes import Behaviour
from nestbench.changes.behaviour import Back
from nestbench.verdicts import Verdict
from nestprobe.doctor.rules import Rule

__all__ = ["Remedy", "of_rule", "shows"]

_CHECKPOINT, _WEIGHTS = "a TF checkpoint", "the weights file"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """It holds in a cell of which everything that is given here is so; what is left empty is not asked.

    ``kinds``: of a rule of the doctor, any of them. ``said``: a pattern in a line of the evidence.
    ``lossy``: a file from which not all comes back. ``code``: empty where there is nothing to mend, and
    ``cause`` says why.
    """

    title: str
    cause: str
    code: str = ""
    cases: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    said: str = ""
    lossy: str = ""

    def holds(self, case: str, stack: str, behaviour: Behaviour) -> bool:
        """Whether it explains what was measured of a variant of ``case`` on ``stack``."""
        return (
            (not self.cases or case in self.cases)
            and (not self.stacks or stack in self.stacks)
            and (not self.kinds or shows(behaviour, self.kinds))
            and (not self.said or any(map(self._pattern.search, behaviour.evidence)))
            and (not self.lossy or self.lossy in behaviour.lossy)
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.said)


def of_rule(rule: Rule, cases: Iterable[str] = ()) -> Remedy:
    """The remedy that a rule of the doctor is, for its own cases or for ``cases``."""
    return Remedy(
        title=rule.title,
        cause=rule.cause,
        code=rule.code(),
        cases=tuple(cases) or rule.cases,
        kinds=rule.kinds,
    )


def shows(behaviour: Behaviour, kinds: Iterable[str]) -> bool:
    """Whether something of any of these kinds was measured: those of the doctor's rules."""
    return any(_shows(behaviour, kind) for kind in kinds)


def _shows(behaviour: Behaviour, kind: str) -> bool:
    if kind == "build-alone":
        return str(Verdict.UNCOUNTED) in behaviour.build
    if kind == "uncheckpointed":  # what is uncounted is lost by more than a checkpoint
        return (
            Verdict.UNCOUNTED not in behaviour.call
            and _CHECKPOINT in behaviour.lossy
            and behaviour.back.get(_WEIGHTS) is Back.ALL
        )
    return ("unsaved" if kind == "unrestored" else kind) in behaviour.call
