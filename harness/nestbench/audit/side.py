"""What was measured of a person's model on one stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nestbench.errors import ExitCode
from nestbench.portability.record import Loaded
from nestbench.verdicts.variables import done
from nestprobe.observation import Observation, OutcomeKind, Raised, Status

__all__ = ["Finding", "Side", "Weight"]


@dataclass(frozen=True, kw_only=True)
class Weight:
    """One entry of ``model.weights``; ``path`` is empty where this Keras gives none.

    ``place``: in the object graph, as ``model.blocks[2].kernel``; empty where it is not known.
    """

    name: str
    path: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the doctor found on this stack: a rule, what of (``kind``), and where.

    ``positions``: of the variables in the observation's list. ``place``: in the object graph, as
    ``model.blocks[2].proj``. ``made_at``: file and line. ``said``: what was seen. ``mend``: code, with the
    model's own names in it.
    """

    rule: str
    kind: str
    said: str = ""
    mend: str = ""
    positions: tuple[int, ...] = ()
    place: str = ""
    made_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One stack's answers.

    ``places``: where the doctor found a variable in the object graph, by its place in the observation.
    ``loads``: by saving stack and kind of file, what became of loading it here. ``notes``: what could not
    be looked at although the model was measured. ``why``: why the model
    was not measured here, with ``code``, the exit code that this means; empty where it was.
    """

    stack: str
    versions: Mapping[str, str | None] = field(default_factory=dict)
    observation: Observation | None = None
    weights: tuple[Weight, ...] | None = None
    findings: tuple[Finding, ...] = ()
    places: Mapping[int, str] = field(default_factory=dict)
    loads: Mapping[str, Mapping[str, Loaded]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    why: str = ""
    do: str = ""
    code: ExitCode = ExitCode.CLEAN

    @property
    def measured(self) -> bool:
        """Whether the model was made and called here: without that nothing can be compared."""
        return self.observation is not None and done(self.observation, "called")

    @property
    def ending(self) -> str:
        """Why there is nothing to compare, as a phrase; empty where there is."""
        if self.why or self.measured:
            return self.why
        if self.observation is None:
            return "nothing came back"
        outcome = self.observation.outcome
        if outcome.kind != OutcomeKind.OBSERVED:
            where = f", in phase {outcome.phase}" if outcome.phase else ""
            return f"{_ENDED.get(outcome.kind, outcome.kind)}{where} ({outcome.detail})"
        failed = self.failed
        if failed is not None:
            return f"{_DOING[failed[0]]} raised {failed[1].type}: {failed[1].message}"
        return "the forward pass did not run"

    @property
    def failed(self) -> tuple[str, Raised] | None:
        """The phase in which making or calling the model raised, and what."""
        for name in _DOING:
            phase = self.observation.phases.get(name) if self.observation is not None else None
            if phase is not None and phase.status == Status.RAISED and phase.raised is not None:
                return name, phase.raised
        return None


_DOING = {"constructed": "making the model", "called": "calling the model"}
_ENDED = {
    OutcomeKind.NOT_APPLICABLE: "it needs what this stack has not",
    OutcomeKind.CRASHED: "the process was killed",
    OutcomeKind.EXITED: "the process ended itself",
    OutcomeKind.TIMED_OUT: "it did not come to its end within the time limit",
    OutcomeKind.OUT_OF_MEMORY: "it reached the memory limit",
    OutcomeKind.NOT_LOADED: "it could not be loaded",
}
