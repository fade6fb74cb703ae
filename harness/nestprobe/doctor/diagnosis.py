"""What the doctor found: findings, notes and what it could not see. Plain data, and how it is shown."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Tuple

from nestprobe.doctor.facts import Unseen

CLEAN, FOUND, INCOMPLETE = 0, 1, 3


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, of one cause.

    ``kind``: of ``rules.KINDS``. ``rule``: the id of the cause. ``place``: of the layer or variable in the
    object graph. ``line``: where it was made, as ``file:line in function: text``, or empty. ``variables``:
    the places of all that are lost by it. ``lost``: ways, of counted, trained, saved, restored. ``said``: a
    sentence of what was seen. ``mend``: code. ``elsewhere``: sentences on other versions, as measured.
    """

    kind: str
    rule: str
    title: str
    place: str
    said: str
    cause: str
    mend: str
    line: str = ""
    variables: Tuple[str, ...] = ()
    lost: Tuple[str, ...] = ()
    elsewhere: Tuple[str, ...] = ()
    cases: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """The answer of ``diagnose``; it prints as text and shows itself in a notebook.

    ``findings``: what is lost or wrong. ``notes``: what is worth knowing and loses nothing. ``unseen``: what
    could not be looked at. ``counted`` and ``used``: scalars that Keras counts, and that the forward pass
    reads; None where not measured.
    """

    model: str
    versions: Dict[str, str]
    findings: List[Finding] = field(default_factory=list)
    notes: List[Finding] = field(default_factory=list)
    unseen: List[Unseen] = field(default_factory=list)
    counted: Any = None
    used: Any = None

    @property
    def exit_status(self):
        """1 where something was found; else 3 where looking failed; else 0."""
        if self.findings:
            return FOUND
        return INCOMPLETE if any(not one.by_design for one in self.unseen) else CLEAN

    def __bool__(self):
        """Whether all is well as far as was looked, and looking did not fail."""
        return self.exit_status == CLEAN

    def __str__(self):
        from nestprobe.doctor import rendering

        return rendering.text(self)

    def _repr_markdown_(self):
        from nestprobe.doctor import rendering

        return rendering.markdown(self)

    def _repr_html_(self):
        from nestprobe.doctor import rendering

        return rendering.html(self)
