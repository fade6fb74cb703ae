"""The measured times of a session as one tidy pandas frame, a row for each launch and measurement."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nestbench.store.disk import StoreError, read_text
from nestbench.timing.record import MEASURED, Ended, Part, Session
from nestbench.timing.shelf import Shelf

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "samples", "seconds_by_block"]

#: What a record that does not name a measurement says of it.
_UNTOLD = Ended(kind="unavailable", detail="the launch says nothing of it")
COLUMNS = ["arm", "stack", "part", "case", "measure", "block", "order", "kind", "detail", "seconds", "rounds"]


def samples(shelf: Shelf, session: Session) -> "pd.DataFrame":
    """A row for each launch, part and measure, also where nothing was measured.

    ``seconds``: the launch's value, the least of its ``rounds`` in all processes, since what disturbs one
    only ever adds; NaN where ``kind`` is not ``measured``. The launch is the unit: its rounds are not
    independent.
    Raises StoreError for a broken file, and where the times of a launch are gone.
    """
    import pandas as pd

    frame = pd.DataFrame(_rows(shelf, session), columns=COLUMNS)
    return frame.astype({"seconds": float})


def _rows(shelf: Shelf, session: Session) -> Iterator[dict[str, Any]]:
    for launched, path in shelf.launched(session):
        arm = session.arm(launched.arm)
        data = _data(path)
        for part in session.parts:
            of_part = launched.ended.get(part.label, {})
            for measure in session.measures:
                ended = of_part.get(measure, _UNTOLD)
                # A cell that is ended at its limit may have written its file just before.
                rounds = _rounds(data, part, measure, path) if ended.kind == MEASURED else []
                yield {
                    "arm": arm.name,
                    "stack": arm.stack,
                    "part": part.label,
                    "case": part.case,
                    "measure": measure,
                    "block": launched.block,
                    "order": launched.order,
                    "kind": ended.kind,
                    "detail": ended.detail,
                    "seconds": min(rounds) if rounds else None,
                    "rounds": len(rounds),
                }


def _rounds(data: dict[str, list[float]], part: Part, measure: str, path: Path) -> list[float]:
    rounds = data.get(f"measures.py::test_{measure.replace('-', '_')}[{part.label}]")
    if not rounds:
        raise StoreError(
            f"{path} does not hold {measure} of {part.label}, which the record beside it says was measured",
            do=f"Delete {path.name.split('.')[0]}.launch.json: the block is measured again.",
        )
    return rounds


def _data(path: Path) -> dict[str, list[float]]:
    """Seconds of each round, by the full name under which pytest-benchmark has them."""
    text = read_text(path)
    if text is None:
        return {}
    try:
        return {
            str(one["fullname"]): [float(seconds) for seconds in one["stats"]["data"]]
            for one in json.loads(text)["benchmarks"]
        }
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise StoreError(
            f"{path} is not what pytest-benchmark writes",
            why=str(error),
            do="Delete it and the .launch.json beside it: the block is measured again.",
        ) from error


def seconds_by_block(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Seconds with a column for each arm, indexed by part, measure and block; NaN where unmeasured."""
    return frame.pivot_table(
        index=["part", "measure", "block"], columns="arm", values="seconds", aggfunc="first", dropna=False
    )
