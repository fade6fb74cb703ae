"""The figures of the trials as Markdown and as data, and where they are kept."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nestbench.doctoring.scoring import Score
from nestbench.store.disk import StoreError, read_text, write_text

__all__ = ["keep", "kept", "to_data", "to_markdown"]


def to_data(scores: Mapping[str, Score]) -> dict[str, Any]:
    """Ready for JSON: by stack, the sums, the ratios, and what was wrong."""
    return {stack: {**asdict(score), "ratios": score.ratios} for stack, score in scores.items()}


def keep(folder: Path, scores: Mapping[str, Score]) -> None:
    """A file for each stack, and the table of all that are there. Raises StoreError."""
    for stack, data in to_data(scores).items():
        write_text(folder / f"{stack}.json", json.dumps(data, indent=1) + "\n")
    write_text(folder / "table.md", to_markdown(kept(folder)))


def kept(folder: Path) -> dict[str, Score]:
    """What ``keep`` kept, in order of stack. Raises StoreError."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            data = json.loads(read_text(path) or "{}")
            data.pop("ratios", None)
            found[path.stem] = Score(**data)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"{path} is broken",
                why=f"It is not laid out as `nestbench bench doctor` writes it ({error}).",
                do="Delete it, or bring it back from git.",
            ) from error
    return found


def to_markdown(scores: Mapping[str, Score]) -> str:
    """A table of all stacks, and below it what was not right."""
    return "\n".join([*_table(scores), *_wrong(scores), ""])


def _table(scores: Mapping[str, Score]) -> Iterator[str]:
    yield "# The doctor, measured"
    yield ""
    yield (
        "Made by `nestbench bench doctor`. Cells: the variants of the catalogue that are not tracked on the "
        "stack and whose cause a rule lists. Variables: those that the published observations show to be "
        "uncounted, unsaved or idle, against those that the doctor names. Cause: its rules, against those "
        "that list the case; recall counts the cells of which at least one is named. Healthy models: those "
        "of `tests/healthy`, of which none should get a finding. The rules were written with this catalogue "
        "at hand: the figures say that nothing known is missed, not what becomes of a fault that no case has."
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
