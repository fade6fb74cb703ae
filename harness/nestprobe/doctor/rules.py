"""The rules as data, and how to find one.

What a rule says of versions is measured and lies in ``versions.json``; nothing here is about releases.
"""

from typing import List, Optional

from nestprobe.doctor.rule import KINDS, Rule
from nestprobe.doctor.rulebook import attributes, containers, errors, files, holders, moments, training

__all__ = ["KINDS", "RULES", "Rule", "rule", "rules_of_case"]

RULES = (
    attributes.RULES
    + containers.RULES
    + holders.RULES
    + moments.RULES
    + training.RULES
    + files.RULES
    + errors.RULES
)

_BY_ID = {one.id: one for one in RULES}


def rule(name: str) -> Rule:
    """The rule of an id. Raises KeyError."""
    return _BY_ID[name]


def rules_of_case(case: str, kind: Optional[str] = None) -> List[Rule]:
    """The rules that a case of the catalogue shows, those that explain ``kind`` where it is given."""
    return [one for one in RULES if case in one.cases and (kind is None or kind in one.kinds)]
