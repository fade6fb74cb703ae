"""What a run has to say at its end, from the store and the results of its stacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from nestbench.catalogue import Cell
from nestbench.errors import ExitCode, UnavailableError, gravest
from nestbench.frames import Result
from nestbench.names import few, number_of
from nestbench.run.orchestrate import StackResult
from nestbench.run.plan import StackPlan
from nestbench.run.selection import LeftOut, grouped
from nestbench.store import Store
from nestbench.verdicts import Entry, Verdict

_FEW = 4  # cells in a line
#: Results that say little of Keras, and what to do about one.
_POOR = {
    Verdict.CASE_WRONG: "Correct the case: nothing else is concluded from it.",
    Verdict.CRASHED: "`nestbench table --case ID --stack STACK` says how; --memory MEGABYTES allows more.",
    Verdict.TIMED_OUT: "--again --timeout SECONDS gives more time.",
    Verdict.UNAVAILABLE: "`nestbench table --case ID --stack STACK` says why.",
}


def told(results: Sequence[StackResult], left_out: Sequence[LeftOut]) -> list[str]:
    """Lines: how many cells are measured, and why the others are not."""
    expected = sum(result.expected for result in results)
    measured = expected - sum(result.missing for result in results)
    lines = [f"{measured} of {number_of(expected, 'cell')} measured." if results else "Nothing was measured."]
    for result in results:
        if result.missing:
            how = "unavailable" if isinstance(result.error, UnavailableError) else "not measured"
            lines.append(f"{result.stack}: {number_of(result.missing, 'cell')} {how}: {result.reason}")
        elif result.error is not None:
            lines.append(f"{result.stack}: not all was measured again, earlier results stay: {result.reason}")
        if result.error is not None:
            lines += str(result.error).split("\n")[result.error.what.count("\n") + 1 :]
    for names, out in grouped(left_out):
        kind = "unavailable" if out.asked else "left out"
        lines += [f"{names}: {kind}: {out.reason}", f"  how to get it: {out.remedy}"]
    return lines


def poor(results: Sequence[Result]) -> list[str]:
    """Lines: cells that were measured and of which little is known, by what became of them."""
    lines = []
    for verdict, advice in _POOR.items():
        cells = [
            f"{one.cell.stack} {one.cell.label}"
            for one in results
            if one.observation is not None
            and (call := one.judgement(Entry.CALL)) is not None
            and verdict in call.findings
        ]
        if cells:
            lines.append(f"{number_of(len(cells), 'cell')} {verdict}: {few(cells, _FEW)}. {advice}")
    return lines


def exit_code(results: Sequence[StackResult], left_out: Sequence[LeftOut], *, interrupted: bool) -> ExitCode:
    """0 only where every expected cell is there; stacks left out of the default do not forbid it.

    Else 1 where something speaks against what was measured; then 4, then 3.
    """
    codes = [result.exit_code for result in results]
    if interrupted or any(out.asked for out in left_out) or not any(r.expected for r in results):
        codes.append(ExitCode.INCOMPLETE)
    return gravest(codes)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Cells of a run beside those of another store.

    ``absent``: cells that the other store has not; ``outdated``: those that it has of another version of
    the case, the lock or the probe, so that a difference would say nothing.
    """

    agree: int
    differ: tuple[Cell, ...]
    absent: int
    outdated: int

    def lines(self, name: str) -> list[str]:
        """The comparison in words; ``name`` is what the other store is called."""
        compared = self.agree + len(self.differ)
        reasons = [
            f"{count} {why}"
            for count, why in (
                (self.absent, "not among them"),
                (self.outdated, "measured there with another version of the case, the lock or the probe"),
            )
            if count
        ]
        text = f"Agree with {name} in {self.agree} of {number_of(compared, 'cell')}"
        if not compared:
            text = f"Nothing can be held against {name}"
        if reasons:
            text += f"{'; not comparable' if compared else ''}: {', '.join(reasons)}"
        if not compared and not reasons:
            return []
        return [f"{text}.", *(f"  differs: {cell.stack} {cell.label}" for cell in self.differ)]


def compare(store: Store, other: Store, plans: Sequence[StackPlan]) -> Comparison:
    """The observations of ``plans`` in ``store`` beside those in ``other``.

    Raises StoreError for a broken file in ``store``; broken ones in ``other`` are not comparable.
    """
    agree, differ, absent, outdated = 0, [], 0, 0
    cells = (cell for plan in plans for cell in plan.expected)
    for (stack, case), group in groupby(cells, key=lambda cell: (cell.stack, cell.case.id)):
        mine, theirs = store.load(stack, case), other.load(stack, case, lambda _: None)
        for cell in group:
            found = mine.variant(cell.variant.names) if mine else None
            beside = theirs.variant(cell.variant.names) if theirs else None
            if mine is None or found is None:
                continue
            if theirs is None or beside is None:
                absent += 1
            elif mine.digests != theirs.digests:
                outdated += 1
            elif beside == found:
                agree += 1
            else:
                differ.append(cell)
    return Comparison(agree=agree, differ=tuple(differ), absent=absent, outdated=outdated)
