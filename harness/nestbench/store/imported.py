"""What several machines imported for one stack: what may differ between them, and what may not.

A lock holds every package and not the patch release of Python, which is the machine's own.
"""

from collections.abc import Iterable
from dataclasses import fields

from nestbench.store.records import StackFacts

__all__ = ["contradictions", "pythons"]

_PYTHON = "python"


def contradictions(one: StackFacts, other: StackFacts) -> list[str]:
    """What two of them say otherwise and may not, such as ``numpy 1.26.4 and 1.26.3``."""
    found = [
        f"{name} {one.versions.get(name)} and {other.versions.get(name)}"
        for name in dict.fromkeys([*one.versions, *other.versions])
        if _held(one, name) != _held(other, name)
    ]
    names = [field.name for field in fields(StackFacts) if field.name != "versions"]
    pairs = [(name, getattr(one, name), getattr(other, name)) for name in names]
    return found + [f"{name} {said} and {instead}" for name, said, instead in pairs if said != instead]


def _held(facts: StackFacts, name: str) -> str | None:
    """The version, as far as it is the same on every machine."""
    version = facts.versions.get(name)
    return ".".join(version.split(".")[:2]) if name == _PYTHON and version else version


def pythons(facts: Iterable[StackFacts]) -> str:
    """With which releases of Python they were measured, the one that is kept first; empty where it is one."""
    told = list(dict.fromkeys(str(one.versions.get(_PYTHON)) for one in facts))
    if len(told) < 2:  # noqa: PLR2004 - nothing to tell
        return ""
    return f"measured with Python {' and '.join(told)} on different machines; _stack.json names the first"
