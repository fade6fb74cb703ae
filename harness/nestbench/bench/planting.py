"""The session that the method is tried on: one stack four times, in one arm of them made slower."""

from collections.abc import Sequence
from itertools import cycle

from nestbench.catalogue import Catalogue
from nestbench.matrix import Stack
from nestbench.matrix.locks import lock_digest
from nestbench.timing.record import Arm, Part

__all__ = ["CASES", "FACTORS", "again", "arms_for", "parts_for", "slowed"]

#: How many times slower; each part is really slowed by one of them, in turn.
FACTORS = (1.1, 1.2, 1.5)
#: What is timed where nothing else is asked for: cheap cases of every group, builds and calls on all stacks.
CASES = (
    "add-weight-unnamed", "article-example-2", "class-attribute-shadow", "composition-over-inheritance",
    "super-build-first", "unused-sublayer", "called-with-two-shapes", "functional-in-functional",
    "model-in-layer", "list-of-layers", "nested-list-of-layers", "list-extend", "closure-captured-layer",
    "frozen-list-of-layers", "embedding-nested", "layer-overwritten-before-build", "clone-nested",
    "layer-shared-three-times", "summary-of-subclass", "child-reenabled", "time-distributed-nested",
)  # fmt: skip
_AGAIN, _SLOWED, _CONTROL = "+again", "+slowed", "+control"


def parts_for(catalogue: Catalogue) -> tuple[Part, ...]:
    """The first variant of every case: as many cases as can be had for the time."""
    return tuple(
        Part(case=entry.id, variant=entry.variants[0].names, digest=entry.digest) for entry in catalogue
    )


def arms_for(stack: Stack, parts: Sequence[Part]) -> tuple[Arm, ...]:
    """The stack; itself again, the comparison that shall find nothing; itself slowed; and its control.

    The noise comes from the control and false alarms from the other double, so that no comparison is
    judged by a noise of its own.
    """
    name, lock = stack.id, lock_digest(stack)
    planted = {part.label: factor for part, factor in zip(parts, cycle(FACTORS), strict=False)}
    return (
        Arm(name=name, stack=name, lock=lock),
        Arm(name=name + _AGAIN, stack=name, lock=lock),
        Arm(name=name + _SLOWED, stack=name, lock=lock, planted=planted),
        Arm(name=name + _CONTROL, stack=name, lock=lock, control_of=name),
    )


def again(arms: Sequence[Arm]) -> Arm:
    """The double that is judged. Raises LookupError where the session is of another kind."""
    return _ending(arms, _AGAIN)


def slowed(arms: Sequence[Arm]) -> Arm:
    """The double in which slowdowns are planted. Raises LookupError as ``again``."""
    return _ending(arms, _SLOWED)


def _ending(arms: Sequence[Arm], suffix: str) -> Arm:
    for arm in arms:
        if arm.name.endswith(suffix):
            return arm
    raise LookupError(suffix)
