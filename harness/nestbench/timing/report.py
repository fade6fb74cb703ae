"""What a timing session answers, in tables: how much slower or faster, how sure, and on what it rests."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nestbench.names import ratio_of
from nestbench.statistics.judging import Answer
from nestbench.statistics.looks import LOOKS
from nestbench.timing.answers import Answers, Row
from nestbench.timing.overdue import NONE
from nestbench.timing.record import MEASURED, Session

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LEGEND",
    "TIMES_ALONE",
    "biggest_first",
    "caveats",
    "failures",
    "memory_frame",
    "notable",
    "row_data",
    "seconds_text",
    "timings_csv",
    "timings_frame",
    "timings_json",
]

_NOTABLE = (Answer.SLOWER, Answer.FASTER)
_MEGABYTE = 1e6
#: Of a message, as it is printed.
_LONGEST = 120
#: How many of a kind a sentence names.
_NAMED = 3
_OVER = "left out, over the limit"
#: How a table of times is read.
LEGEND = (
    "before and after are medians over the blocks; the ratio is the Hodges-Lehmann estimate of the ratios "
    "within the blocks, which need not be that of the medians. The 95 % interval is of one comparison alone; "
    "the answer holds for all comparisons of the session together."
)
#: What times without observations beside them cannot know.
TIMES_ALONE = (
    "Whether build(shape) builds anything, times do not tell: on a stack that builds nothing it looks "
    "faster. `nestbench compare` and the site name it."
)


def biggest_first(rows: Sequence[Row]) -> list[Row]:
    """What was found before what was not, then by the size of the effect."""
    return sorted(rows, key=lambda row: (row.answer not in _NOTABLE, -abs(math.log(row.comparison.ratio))))


def notable(rows: Sequence[Row]) -> list[str]:
    """A phrase for each comparison that came out slower or faster, the largest first; then no speeds."""
    found = [row for row in biggest_first(rows) if row.answer in _NOTABLE]
    speeds = [f"{row.measure} {row.answer} x{ratio_of(row.comparison.ratio)}" for row in found]
    return speeds + [f"{row.measure} {row.said}" for row in rows if row.idle]


def timings_frame(rows: Sequence[Row]) -> "pd.DataFrame":
    """A row for each comparison, as it is printed; times in milliseconds, ratios of after to before.

    Where an arm was over its limit in blocks that are left out, a column says in how many.
    """
    import pandas as pd

    frame = pd.DataFrame(
        [
            {
                "part": row.part,
                "measure": row.measure,
                "from": row.before,
                "to": row.after,
                "before": _milliseconds(row.seconds[0]),
                "after": _milliseconds(row.seconds[1]),
                "ratio": ratio_of(row.comparison.ratio),
                "95 %": f"{ratio_of(row.comparison.low)} to {ratio_of(row.comparison.high)}",
                "answer": row.said,
                _OVER: _over(row),
            }
            for row in rows
        ]
    )
    return frame if any(row.over != NONE for row in rows) else frame.drop(columns=_OVER, errors="ignore")


def _over(row: Row) -> str:
    """Which arm was ended in how many of the blocks, both of which the row has names for."""
    told = zip((row.before, row.after), row.over, strict=True)
    of = row.comparison.pairs + sum(row.over)
    return ", ".join(f"{name} in {count} of {of}" for name, count in told if count)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def seconds_text(session: Session, found: Answers) -> Iterator[str]:
    """The session in a few sentences: what was compared, how often, under what, and what came of it."""
    host = session.host
    names = ", ".join(arm.name for arm in session.arms if arm.control_of is None)
    yield (
        f"Session {session.name}, begun {session.began}: {names}; {len(session.parts)} case variants, "
        f"{found.blocks} blocks, {session.launch} launches on "
        f"processor {', '.join(map(str, session.cpus))} of {host.get('cpus')} ({host.get('processor')})."
    )
    counts = {answer: sum(row.answer is answer for row in found.rows) for answer in Answer}
    told = ", ".join(
        f"{count} {answer}"
        for answer, count in counts.items()
        if count or answer in {Answer.SLOWER, Answer.FASTER, Answer.SAME, Answer.NO_EVIDENCE}
    )
    yield f"{len(found.rows)} comparisons: {told}; {found.short} could not be made, too few blocks have both."


def _unheard(found: Answers) -> int:
    """Comparisons in which every block said the same, where even such could not be called a difference.

    The smallest p of so many pairs, times what the family costs, is then over the error rate.
    """
    if any(row.answer in _NOTABLE for row in found.rows) or found.blocks >= LOOKS[-1]:
        return 0
    return sum(row.comparison.p <= 2 ** (1 - found.blocks) for row in found.rows)


def _next_look(blocks: int) -> int:
    return next(look for look in LOOKS if look > blocks)


def _waiting(session: Session, found: Answers) -> str:
    there = found.blocks + found.left_out
    looks = [look for look in (*LOOKS, session.planned or 0) if look > there]
    until = f" until the look at {min(looks)}" if looks else ": they came after the last look"
    return f"{found.left_out} of {there} complete blocks are left out{until}."


def _hanging(session: Session, found: Answers) -> Iterator[str]:
    rows = [row for row in found.rows if row.answer is Answer.OVER_THE_LIMIT]
    if rows:
        more = ", ..." if len(rows) > _NAMED else ""
        some = "; ".join(f"{row.part}, {row.measure}" for row in rows[:_NAMED])
        yield (
            f"{len(rows)} of {len(found.rows)} comparisons have no answer, for it hangs on blocks in which "
            f"one arm was over the limit of {session.limit_seconds:g} s ({some}{more}). Another session with "
            "a longer --timeout tells."
        )


def caveats(session: Session, found: Answers) -> Iterator[str]:
    """What a reader must know before any answer is believed; first whether the control held."""
    if found.blocks < LOOKS[0]:
        yield (
            f"{found.blocks} complete blocks: of fewer than {LOOKS[0]}, no difference is large enough to be "
            "called slower or faster."
        )
    elif clear := _unheard(found):
        yield (
            f"{clear} of {len(found.rows)} comparisons are as clear as {found.blocks} blocks can be, and too "
            "few of so many to be called slower or faster: go on with "
            f"--blocks {_next_look(found.blocks)}."
        )
    if found.left_out:
        yield _waiting(session, found)
    yield from _hanging(session, found)
    control = session.control
    if control is None:
        yield (
            "NO CONTROL was run, so the noise of this session is not known: read slower and faster as "
            "hints. --control STACK times one stack twice."
        )
        return
    name = f"{control.control_of} against itself"
    if found.trusted is None:
        yield f"NOTHING OF THE CONTROL, {name}, could be compared, so the noise of this session is not known."
        return
    if found.trusted:
        noises = sorted({row.noise for row in found.rows if row.noise is not None})
        floor = f"noise {noises[0]:.1%} to {noises[-1]:.1%} by measure" if noises else "nothing to compare"
        most = max(math.exp(abs(math.log(row.comparison.ratio))) for row in found.controls)
        yield (
            f"Control: {name}, {len(found.controls)} comparisons, no difference found "
            f"(the largest that was seen: {most:.2f} times); {floor}."
        )
    else:
        yield (
            f"NOT TO BE TRUSTED: the control, {name}, shows a difference in {len(found.broken)} of "
            f"{len(found.controls)} comparisons ({'; '.join(found.broken[:_NAMED])}). Measure again, on a "
            "machine that does nothing else."
        )


def failures(frame: "pd.DataFrame") -> Iterator[str]:
    """What could not be measured, by arm, part and reason: never a gap. In how many launches, if not all."""
    for one in _unmeasured(frame):
        often = f" in {one['launches']} of {one['of']} launches" if one["launches"] < one["of"] else ""
        yield (
            f"{one['arm']}, {one['case']}: {', '.join(one['measures'])}: {one['kind']}{often} "
            f"({one['detail'][:_LONGEST]})"
        )


def _unmeasured(frame: "pd.DataFrame") -> Iterator[dict[str, Any]]:
    launches = {str(arm): int(count) for arm, count in frame.groupby("arm")["block"].nunique().items()}
    lost = frame[frame["kind"] != MEASURED]
    for (arm, part), rows in lost.groupby(["arm", "part"], sort=False):
        for (kind, detail), same in rows.groupby(["kind", "detail"], sort=False):
            yield {
                "arm": arm,
                "case": part,
                "measures": list(dict.fromkeys(same["measure"])),
                "kind": kind,
                "detail": str(detail),
                "launches": int(same["block"].nunique()),
                "of": launches[str(arm)],
            }


def memory_frame(memory: "pd.DataFrame") -> "pd.DataFrame":
    """A row for each part, a column for each arm: the median peak, and in brackets how much it grew.

    ``memory``: as ``memory.usage`` gives it.
    """
    import pandas as pd

    rows: dict[str, dict[str, str]] = {}
    for one in memory.itertuples():
        text = f"{_megabytes(one.peak)} ({float(str(one.growth)) / _MEGABYTE:+.1f})"
        rows.setdefault(str(one.part), {})[str(one.arm)] = text
    frame = pd.DataFrame.from_dict(rows, orient="index").fillna("")
    return frame.reset_index(names="part")


def _megabytes(count: Any) -> str:
    return f"{float(count) / _MEGABYTE:.0f} MB"


def timings_csv(found: Answers) -> str:
    """A row for each comparison, the largest differences first; then the controls, which are not judged.

    ``over_before``, ``over_after``: blocks left out because only that arm was over its limit.
    ``trusted`` is that of the session, in each row: whoever takes some of them has it with them.
    """
    import pandas as pd

    rows = [row_data(row) | {"control": False} for row in biggest_first(found.rows)]
    rows += [row_data(row) | {"control": True, "answer": ""} for row in found.controls]
    for row in rows:
        row["trusted"] = found.trusted
        for level in ("95", "90"):
            row[f"low_{level}"], row[f"high_{level}"] = row.pop(f"interval_{level}")
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def timings_json(session: Session, found: Answers, frame: "pd.DataFrame", memory: "pd.DataFrame") -> str:
    """All of it as data. ``frame``: the samples; ``memory``: as ``memory.usage`` gives it, bytes."""
    data: dict[str, Any] = {
        "session": session.name,
        "began": session.began,
        "host": dict(session.host),
        "launch": session.launch,
        "blocks": found.blocks,
        "blocks_left_out": found.left_out,
        "trusted": found.trusted,
        "broken_controls": list(found.broken),
        "comparisons": [row_data(row) for row in biggest_first(found.rows)],
        "controls": [row_data(row) for row in found.controls],
        "not_compared": found.short,
        "not_measured": list(_unmeasured(frame)),
        "memory": memory.rename(columns={"part": "case"}).to_dict(orient="records"),
    }
    return json.dumps(data, indent=1) + "\n"


def row_data(row: Row) -> dict[str, Any]:
    one = row.comparison
    return {
        "case": row.part,
        "measure": row.measure,
        "from": row.before,
        "to": row.after,
        "seconds_before": row.seconds[0],
        "seconds_after": row.seconds[1],
        "ratio": one.ratio,
        "interval_95": [one.low, one.high],
        "interval_90": [one.low90, one.high90],
        "p": one.p,
        "pairs": one.pairs,
        "over_before": row.over[0],
        "over_after": row.over[1],
        "noise": row.noise,
        "answer": row.said,
    }
