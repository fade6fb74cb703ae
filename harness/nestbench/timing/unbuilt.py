"""Comparisons of a build where one of the two stacks builds nothing: that is no speed.

A session does not know what ``build(shape)`` makes; who has the observations beside it does.
"""

from collections.abc import Mapping
from dataclasses import replace

from nestbench.statistics.judging import Answer
from nestbench.timing.answers import Answers, Row
from nestprobe.observation import Observation

__all__ = ["Observations", "without_unbuilt"]

#: By label of a case variant and by stack.
Observations = Mapping[str, Mapping[str, Observation]]

_BUILDS = ("build", "steady-build")


def without_unbuilt(found: Answers, observations: Observations) -> Answers:
    """The same, where a build is held against none with that for an answer.

    Where a stack's observation is not there, that cannot be told, and the time is no answer either. Arms have
    their stacks' names.
    """
    return replace(found, rows=tuple(_named(row, observations.get(row.part, {})) for row in found.rows))


def _named(row: Row, by_stack: Mapping[str, Observation]) -> Row:
    if row.measure not in _BUILDS:
        return row
    if not {row.before, row.after} <= by_stack.keys():
        return replace(row, answer=Answer.MAY_BUILD_NOTHING)
    builds = {stack: _builds(by_stack.get(stack)) for stack in (row.before, row.after)}
    if set(builds.values()) != {True, False}:
        return row
    (idle,) = (stack for stack, something in builds.items() if not something)
    return replace(row, answer=Answer.BUILDS_NOTHING, idle=idle)


def _builds(observation: Observation | None) -> bool | None:
    """Whether ``build(shape)`` made or counts a variable: what is not counted takes time, too."""
    phase = observation.phases.get("built") if observation is not None else None
    if phase is None or phase.model is None or phase.model.count_params is None:
        return None
    return bool(phase.model.count_params or phase.variables_created)
