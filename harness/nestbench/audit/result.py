"""What an audit found: the sides, the differences with what explains them, and the exit code it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten

from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.explaining import Explanation
from nestbench.audit.side import Side
from nestbench.audit.speed import Speed
from nestbench.audit.stopping import stop_of
from nestbench.audit.tracing import Carrier
from nestbench.errors import ExitCode
from nestbench.names import number_of
from nestbench.verdicts.variables import parameters_of, size

__all__ = ["Audit", "Told"]

#: Of one difference, and of several.
_COUNTED = {
    Gravity.SILENT: ("lost silently", "lost silently"),
    Gravity.LOUD: ("that fails and says so", "that fail and say so"),
    Gravity.OTHER: ("otherwise", "otherwise"),
    Gravity.BETTER: ("better", "better"),
}

#: Of what an exception says, in a headline; the whole of it stands below.
_WIDTH = 120


@dataclass(frozen=True, kw_only=True)
class Told:
    """A difference. ``step``: where on a path of several stacks it appears, else empty.

    ``explanations`` is empty where no rule explains it. ``carrier``: None where no mixtures were asked.
    """

    difference: Difference
    step: str = ""
    explanations: tuple[Explanation, ...] = ()
    carrier: Carrier | None = None


@dataclass(frozen=True, kw_only=True)
class Audit:
    """``sides``: in the order of the path, the two ends first and last. ``told``: the gravest first.

    ``still_lost``: what the model loses on both ends, which is no difference: places of variables in the
    newer end's observation. ``unknown``: what else was asked and could not be measured, a sentence each.
    ``speed``: None where no time was measured. ``date``: of the audit, as 2026-11-25.
    """

    model: str
    date: str
    sides: tuple[Side, ...]
    told: tuple[Told, ...] = ()
    still_lost: Mapping[Kind, Sequence[int]]
    unknown: tuple[str, ...] = ()
    speed: Speed | None = None

    @property
    def before(self) -> Side:
        """The side that a person comes from."""
        return self.sides[0]

    @property
    def after(self) -> Side:
        """The side that a person goes to."""
        return self.sides[-1]

    @property
    def unmeasured(self) -> tuple[Side, ...]:
        """Sides of which nothing is known."""
        return tuple(side for side in self.sides if not side.measured)

    @property
    def stopped(self) -> bool:
        """Whether the model runs before and raises after: all that is told then, and an answer."""
        return stop_of(self.before, self.after) is not None

    @property
    def complete(self) -> bool:
        """Whether both ends were measured, so that differences could be told."""
        return self.before.measured and self.after.measured

    def of(self, gravity: Gravity) -> tuple[Told, ...]:
        """The differences of one gravity."""
        return tuple(one for one in self.told if one.difference.gravity is gravity)

    @property
    def exit_code(self) -> ExitCode:
        """FOUND where something is lost silently; INCOMPLETE or GROUND where not all was measured."""
        ends = [side.code or ExitCode.INCOMPLETE for side in (self.before, self.after) if not side.measured]
        if ends:
            return max(ends)
        if self.of(Gravity.SILENT):
            return ExitCode.FOUND
        return ExitCode.INCOMPLETE if self.unmeasured or self.unknown else ExitCode.CLEAN

    @property
    def headline(self) -> str:
        """What came of it, in a sentence."""
        way = f"From {self.before.stack} to {self.after.stack}"
        stop = stop_of(self.before, self.after)
        if stop is not None:
            said = stop.evidence[0].partition(": ")[2].rstrip(". ")
            return f"{way}: {stop.title}" + (
                f": {shorten(said, _WIDTH, placeholder=' ..')}." if said else "."
            )
        if not self.complete:
            names = " and ".join(side.stack for side in self.unmeasured)
            return f"{way}: nothing can be said, since {names} could not be measured."
        rest = self._lost_on_both
        rest += "; not all that was asked could be measured" if self.unknown else ""
        if not self.told:
            return f"{way}: no difference was found in what was measured{rest}."
        counts = [
            f"{count} {words[count > 1]}"
            for gravity, words in _COUNTED.items()
            if (count := len(self.of(gravity)))
        ]
        return f"{way}: {', '.join(counts)}{rest}."

    @property
    def _lost_on_both(self) -> str:
        """How much of the model is lost on both ends, and how, for the headline."""
        seen = self.after.observation
        if not self.still_lost or seen is None:
            return ""
        places = {place for one in self.still_lost.values() for place in one}
        lost = sum(size(seen.variables[place]) for place in places)
        of = number_of(sum(map(size, parameters_of(seen.variables))), "parameter")
        verb = "is" if lost == 1 else "are"
        return f"; {lost} of {of} {verb} lost on both ({', '.join(map(str, self.still_lost))})"
