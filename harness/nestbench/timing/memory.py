"""Resident memory of the process of each part, as its launches saw it; told, never judged."""

from typing import TYPE_CHECKING

from nestbench.timing.record import Session
from nestbench.timing.shelf import Shelf

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "most_apart", "usage"]

COLUMNS = ["arm", "part", "launches", "peak", "growth"]


def usage(shelf: Shelf, session: Session) -> "pd.DataFrame":
    """A row for each arm and part whose memory was told: bytes, medians over its ``launches``.

    ``peak``: of resident memory, with the import in it; ``growth``: by how much that is more than
    before the first measurement. Those that differ most between stacks come first. Raises StoreError.
    """
    import pandas as pd

    rows = [
        (launched.arm, label, one["peak"], one["peak"] - one["began"])
        for launched, _ in shelf.launched(session)
        for label, one in launched.memory.items()
    ]
    told = pd.DataFrame(rows, columns=["arm", "part", "peak", "growth"])
    frame = (
        told.groupby(["arm", "part"], sort=False)
        .agg(launches=("peak", "size"), peak=("peak", "median"), growth=("growth", "median"))
        .reset_index()
    )
    places = {label: place for place, label in enumerate(most_apart(session, frame))}
    arms = {arm.name: place for place, arm in enumerate(session.arms)}
    order = sorted(range(len(frame)), key=lambda row: (places[frame["part"][row]], arms[frame["arm"][row]]))
    return frame.iloc[order].reset_index(drop=True)[COLUMNS]


def most_apart(session: Session, frame: "pd.DataFrame") -> list[str]:
    """Labels of the parts, those first whose growth differs most between stacks; controls left out."""
    doubles = {arm.name for arm in session.arms if arm.control_of is not None}
    growth = frame[~frame["arm"].isin(doubles)].groupby("part", sort=False)["growth"]
    apart = (growth.max() - growth.min()).to_dict()
    labels = dict.fromkeys(frame["part"])
    return sorted(labels, key=lambda label: -apart.get(label, 0.0))
