"""Whether the doctor is right: what it says of a case against what was measured and is known of it.

Variables: those that the published observation shows to be uncounted, unsaved or idle, against those that
the diagnosis names. Cause: the rules that list the case, against those of the diagnosis.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nestbench.verdicts import is_parameter
from nestprobe.doctor.rules import rules_of_case
from nestprobe.observation import Observation, VariableRecord

__all__ = ["Score", "known_causes", "lost_variables", "score_cell", "score_healthy"]

#: Told whatever the case is about: of a model that build(shape) alone leaves unbuilt, and of checkpoints.
_BESIDE = frozenset({"build-leaves-children", "lost-from-checkpoint"})
_ANEW = "made-in-call"
_GROUPS = {
    "uncounted": "uncounted", "unsaved": "unsaved", "unrestored": "unsaved", "overcounted": "idle",
}  # fmt: skip
_NUMBER = re.compile(r"_\d+|:\d+$")

Lost = Counter[tuple[str, str, tuple[int, ...]]]


@dataclass
class Score:
    """Sums over cells. ``wrong``: sentences on the cells that were not entirely right."""

    cells: int = 0
    failed: int = 0  # the doctor itself raised, crashed or hung
    variables_right: int = 0
    variables_said: int = 0
    variables_lost: int = 0
    causes_right: int = 0
    causes_said: int = 0
    causes_found: int = 0  # cells of which a known cause is named
    healthy: int = 0
    false_alarms: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def ratios(self) -> dict[str, float | None]:
        """Precision and recall of variable and of cause; None where there was nothing."""
        pairs = {
            "variable precision": (self.variables_right, self.variables_said),
            "variable recall": (self.variables_right, self.variables_lost),
            "cause precision": (self.causes_right, self.causes_said),
            "cause recall": (self.causes_found, self.cells),
        }
        return {name: part / whole if whole else None for name, (part, whole) in pairs.items()}


def known_causes(case: str) -> frozenset[str]:
    """Ids of the rules that list the case."""
    return frozenset(rule.id for rule in rules_of_case(case))


def score_cell(
    score: Score, label: str, case: str, observation: Observation, said: Mapping[str, Any]
) -> None:
    """Add one cell that is not tracked."""
    score.cells += 1
    if "findings" not in said:
        score.failed += 1
        score.wrong.append(f"{label}: the doctor failed: {_ending(said)}")
        return
    known = known_causes(case)
    named = {one["rule"] for one in (*said["findings"], *said["notes"])} - _BESIDE
    truth, told = lost_variables(observation), _told(said["lost"])
    if (
        _gives_another_output(observation) and not truth
    ):  # lost among themselves: an observation has not which
        told = Counter()
    if _ANEW in known:  # how many there are depends on how often it was called
        truth, told = Counter(set(truth)), Counter(set(told))
    right = truth & told
    score.variables_right += right.total()
    score.variables_said += told.total()
    score.variables_lost += truth.total()
    score.causes_right += len(named & known)
    score.causes_said += len(named)
    score.causes_found += bool(named & known)
    if right != truth or right != told:
        score.wrong.append(
            f"{label}: variables: missed {_names(truth - told)}; besides {_names(told - truth)}"
        )
    if not named & known or named - known:
        score.wrong.append(f"{label}: cause: {_list(named)} instead of {_list(known)}")


def score_healthy(score: Score, label: str, said: Mapping[str, Any]) -> None:
    """Add one model without a fault; what does not apply on the stack is left out."""
    if "not_applicable" in said:
        return
    score.healthy += 1
    if "findings" not in said:
        score.failed += 1
        score.wrong.append(f"{label}: the doctor failed: {_ending(said)}")
        return
    unseen = [one["what"] for one in said["unseen"] if not one["by_design"]]
    if said["findings"] or unseen:
        score.false_alarms += 1
        found = _list(f"{one['rule']} at {one['place']}" for one in said["findings"])
        score.wrong.append(f"{label}: {found}; not seen: {_list(unseen)}")


def _last(name: str) -> str:
    """The part that both know: an observation has the path of those variables alone that Keras lists."""
    return _NUMBER.sub("", name).rsplit("/", 1)[-1]


def _gives_another_output(observation: Observation) -> bool:
    reloaded = observation.phases.get("reloaded-weights")
    return reloaded is not None and reloaded.same_output is False


def lost_variables(observation: Observation) -> Lost:
    """What the observation shows to be lost or idle: (group, last part of the name, shape), with counts."""
    return Counter(
        (group, _last(one.name), tuple(one.shape))
        for one in observation.variables
        for group in _groups_of(one, observation)
    )


def _groups_of(one: VariableRecord, observation: Observation) -> Iterator[str]:
    reloaded = observation.phases.get("reloaded-weights")
    same = reloaded is not None and reloaded.same_output is True and one.used_in_inference
    if is_parameter(one):
        if not one.in_weights or one.created_in == "called-in-training":
            yield "uncounted"
        elif not same and (one.in_weights_file is False or one.restored_from_weights_file is False):
            yield "unsaved"
    elif one.in_weights and "float" in one.dtype:
        yield "idle"


def _told(lost: Iterable[Mapping[str, Any]]) -> Lost:
    return Counter(
        (_GROUPS[one["kind"]], _last(one["name"]), tuple(one["shape"]))
        for one in lost
        if one["kind"] in _GROUPS
    )


def _names(lost: Lost) -> str:
    return _list(f"{name} ({group})" for group, name, _ in lost.elements())


def _list(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "nothing"


def _ending(said: Mapping[str, Any]) -> str:
    if "failed" in said:
        return str(said["failed"]).strip().splitlines()[-1]
    return str(said.get("not_applicable") or said.get("ended"))
