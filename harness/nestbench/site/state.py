"""The state in words: one sentence, and what was measured of what was expected."""

from collections import Counter
from dataclasses import dataclass

from nestbench.changes.pairing import Direction
from nestbench.names import does, joined, number_of
from nestbench.site.column import Column
from nestbench.site.mark import NOT_KNOWN
from nestbench.site.survey import Survey, Tally

__all__ = ["Step", "measured", "sentence", "step_words", "where", "worst_step"]


def sentence(survey: Survey) -> str:
    """What holds on the newest release, and at which step the most got worse."""
    newest = survey.newest
    if newest is None or not survey.studies:
        return "Nothing is measured yet."
    tally = survey.tally(newest.stack)
    patterns = f"{tally['t']} of {number_of(tally.total, 'pattern')} of nested layers"
    are = "is" if tally["t"] == 1 else "are"
    parts = [
        f"{patterns} {are} counted, trained and in the weights file{_not_whole(tally)}",
        does(tally["l"], "loses something without a word", "lose something without a word"),
        does(tally["r"], "raises an error", "raise an error"),
        does(tally["o"], "is overcounted", "are overcounted"),
    ]
    if tally["i"]:
        again = does(tally["i"], "said something else when it was", "said something else when they were")
        parts.append(f"{again} tried again")
    rest = tally.total - tally["tlroi"] - tally[NOT_KNOWN]
    if rest:
        parts.append(
            does(rest, "does not apply or could not be judged", "do not apply or could not be judged")
        )
    if tally[NOT_KNOWN]:
        parts.append(does(tally[NOT_KNOWN], "was not measured", "were not measured"))
    said = f"On {where(newest)}, {joined(parts)}"
    worst = worst_step(survey)
    if worst is None:
        return f"{said}."
    counts = f"{worst.worse} worse, {worst.better} better"
    return f"{said}; most got worse with the step to {worst.stack}: {counts}."


def where(column: Column) -> str:
    """A stack by the releases in it."""
    row = column.row
    if row is None:
        return column.stack
    if row.tensorflow is None:
        return f"Keras {row.keras} on {row.backend}"
    return f"TensorFlow {row.tensorflow} with Keras {row.keras}"


def _not_whole(tally: Tally) -> str:
    """Of the patterns that are tracked, those that another file does not give back, as silently."""
    if not tally.lossy:
        return ""
    lossy = does(tally.lossy, "of them does", "of them do")
    return f" ({lossy} not come back whole from the model file or a TF checkpoint)"


@dataclass(frozen=True, kw_only=True)
class Step:
    """The release to which so many case variants got worse, and so many better."""

    stack: str
    worse: int
    better: int


def worst_step(survey: Survey) -> Step | None:
    """The step of the first line at which the most case variants got worse; None where none did."""
    steps = []
    for column in survey.source.blocks[0].columns[1:]:
        ways = Counter(one.change.direction for one in survey.steps.get(column.stack, ()) if one.change)
        steps.append(Step(stack=column.stack, worse=ways[Direction.WORSE], better=ways[Direction.BETTER]))
    worst = max(steps, key=lambda step: step.worse, default=None)
    return worst if worst is not None and worst.worse else None


def measured(survey: Survey) -> str:
    """What was measured of what was expected, and what was not."""
    source = survey.source
    said = (
        f"{survey.measured} of {number_of(survey.expected, 'cell')} "
        f"{'is' if survey.measured == 1 else 'are'} measured: "
        f"{number_of(sum(len(study.variants) for study in survey.studies), 'case variant')} "
        f"of {number_of(len(survey.studies), 'case')} on {number_of(len(source.stacks), 'stack')}"
    )
    if survey.stale:
        said += f"; {survey.stale} of them before the case, its lock or the probe changed (marked *)"
    unstable = sum(len(one.unstable) for study in survey.studies for one in study.variants)
    if unstable:
        said += f"; {unstable} of them said something else when they were tried again (unstable)"
    dates = sorted({one for stack in source.stacks if (one := _date(survey, stack))})
    if dates:
        said += f", {' to '.join(dict.fromkeys((dates[0], dates[-1])))}"
    return f"{said}."


def _date(survey: Survey, stack: str) -> str:
    host = survey.source.host(stack)
    return host.host.get("date", "") if host else ""


def step_words(survey: Survey, stack: str) -> str:
    """``3 worse, 1 better, 2 other trouble, 287 the same``: against the release before."""
    changes = [one.change for one in survey.steps.get(stack, ()) if one.change is not None]
    ways = Counter(one.direction for one in changes)
    return (
        f"{ways[Direction.WORSE]} worse, {ways[Direction.BETTER]} better, "
        f"{ways[Direction.OTHER]} other trouble, {ways[Direction.NONE]} the same"
    )
