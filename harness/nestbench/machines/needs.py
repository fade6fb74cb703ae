"""What a stack needs of a machine, what workers offer, and which stacks none of them could ever take."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from nestbench.interpreters import Unavailable, downloadable
from nestbench.matrix import Device, Stack
from nestbench.names import number_of

__all__ = ["DISK", "GPU", "Needs", "Offer", "needs_of", "refused"]

#: Names of resources of Dask. A worker says of each how many tasks may use it at once.
DISK, GPU = "disk", "GPU"

Needs = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A worker that takes tasks. ``name``: of its machine, for messages."""

    address: str
    name: str
    threads: int
    resources: Mapping[str, float] = field(default_factory=dict)

    def at_once(self, needs: Needs) -> int:
        """How many tasks with these needs it takes at a time; 0: none ever."""
        return int(min([self.threads, *(self.resources.get(one, 0) for one in needs)]))


def needs_of(stack: Stack, *, allow_download: bool) -> Needs:
    """Names of resources, sorted.

    An interpreter is one where uv cannot fetch it: Python 3.7, or any where it may not.
    """
    needs = {DISK}
    if stack.device is Device.GPU:
        needs.add(GPU)
    if not (allow_download and downloadable(stack.python)):
        needs.add("py" + stack.python.replace(".", ""))
    return tuple(sorted(needs))


def refused(
    stacks: Sequence[Stack], offers: Collection[Offer], *, allow_download: bool
) -> dict[str, Unavailable | None]:
    """By stack: why no worker could ever take it; None where one can."""
    return {stack.id: _refusal(needs_of(stack, allow_download=allow_download), offers) for stack in stacks}


def _refusal(needs: Needs, offers: Collection[Offer]) -> Unavailable | None:
    if any(offer.at_once(needs) for offer in offers):
        return None
    lacking = [name for name in needs if not any(offer.at_once((name,)) for offer in offers)]
    what = f"offers {' and '.join(lacking)}" if lacking else f"offers {' and '.join(needs)} together"
    resources = ",".join(f"{name}=1" for name in needs)
    return Unavailable(
        reason=f"none of {number_of(len(offers), 'worker')} {what}",
        remedy=f'start one where that is: dask worker ADDRESS --resources "{resources}"',
        no_device=GPU in lacking,
    )
