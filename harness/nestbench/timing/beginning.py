"""What a new session is made of: arms of stacks, parts of a catalogue, and the machine as it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from nestbench.catalogue import Catalogue
from nestbench.digests import tree_fingerprint
from nestbench.errors import UsageError
from nestbench.matrix import Stack
from nestbench.matrix.locks import lock_digest
from nestbench.timing.host import host_facts
from nestbench.timing.record import PROCESSES, Arm, Name, Part, Session

__all__ = ["arms_of", "begin", "parts_of", "today"]

_CONTROL = "+control"


def today() -> str:
    """The date in UTC, as 2026-11-24."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def begin(
    name: str,
    arms: tuple[Arm, ...],
    parts: tuple[Part, ...],
    *,
    measures: tuple[str, ...],
    launch: Literal["fork", "fresh"],
    limit: float,
    cpus: tuple[int, ...],
    seed: int,
    planned: int | None = None,
) -> Session:
    """A session on this machine that has measured nothing yet; ``limit`` is in seconds for one cell.

    ``planned``: blocks at which it ends.

    Raises UsageError where there are not two arms, or where no folder can be named ``name``.
    """
    if len(arms) < 2:  # noqa: PLR2004 - a pair
        raise UsageError("One stack alone cannot be compared.", do="Name two, or leave --no-control out.")
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        raise UsageError(
            f"A session cannot be named '{name}'.",
            do="Take small letters, digits and . + _ - and begin with a letter or a digit.",
        ) from error
    return Session(
        name=name,
        began=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        seed=seed,
        arms=arms,
        parts=parts,
        measures=measures,
        launch=launch,
        limit_seconds=limit,
        cpus=cpus,
        host=host_facts(),
        probe=tree_fingerprint(),
        processes=PROCESSES,
        planned=planned,
    )


def arms_of(stacks: Sequence[Stack], twice: str | None) -> tuple[Arm, ...]:
    """An arm for each stack, and at the end the double of the one called ``twice``.

    Raises UsageError where none is called so.
    """
    arms = [Arm(name=stack.id, stack=stack.id, lock=lock_digest(stack)) for stack in stacks]
    if twice is None:
        return tuple(arms)
    found = next((arm for arm in arms if arm.stack == twice), None)
    if found is None:
        raise UsageError(f"--control {twice} is none of the stacks that are timed.", do="Name it among them.")
    double = Arm(name=found.name + _CONTROL, stack=found.stack, lock=found.lock, control_of=found.name)
    return (*arms, double)


def parts_of(catalogue: Catalogue) -> tuple[Part, ...]:
    """Every variant of every case."""
    return tuple(
        Part(case=entry.id, variant=variant.names, digest=entry.digest)
        for entry in catalogue
        for variant in entry.variants
    )
