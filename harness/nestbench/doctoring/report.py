"""The figures of the trials as Markdown and as data."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from nestbench.doctoring.scoring import Score

__all__ = ["to_data", "to_markdown"]


def to_data(scores: Mapping[str, Score]) -> dict[str, Any]:
    """Ready for JSON: by stack, the sums, the ratios, and what was wrong."""
    return {stack: {**asdict(score), "ratios": score.ratios} for stack, score in scores.items()}


def to_markdown(scores: Mapping[str, Score], date: str) -> str:
    """A table of all stacks, and below it what was not right."""
    return "\n".join([*_table(scores, date), *_wrong(scores), ""])


def _table(scores: Mapping[str, Score], date: str) -> Iterator[str]:
    yield f"# The doctor, measured ({date})"
    yield ""
    yield (
        "Made by `nestbench bench doctor`. Cells: the variants of the catalogue that are not tracked on the "
        "stack and whose cause a rule lists. Variables: those that the published observations show to be "
        "uncounted, unsaved or idle, against those that the doctor names. Cause: its rules, against those "
        "that list the case; recall counts the cells of which at least one is named. Healthy models: those "
        "of `tests/healthy`, of which none should get a finding."
    )
    yield ""
    names = list(next(iter(scores.values())).ratios) if scores else []
    yield "| stack | cells | " + " | ".join(names) + " | doctor failed | false alarms |"
    yield "|---" * (len(names) + 4) + "|"
    for stack, score in scores.items():
        ratios = [_ratio(score.ratios[name]) for name in names]
        alarms = f"{score.false_alarms} of {score.healthy}"
        yield f"| {stack} | {score.cells} | " + " | ".join(ratios) + f" | {score.failed} | {alarms} |"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _wrong(scores: Mapping[str, Score]) -> Iterator[str]:
    for stack, score in scores.items():
        if score.wrong:
            yield from ("", f"## Not right on {stack}", "")
            yield from (f"- {said}" for said in score.wrong)
