"""The jobs of a CI: one a stack, or one a stack and part of its cases."""

from collections.abc import Sequence

from nestbench.errors import UsageError
from nestbench.matrix.stack import Stack
from nestbench.names import number_of

__all__ = ["MOST", "jobs"]

#: GitHub Actions refuses a matrix of more.
MOST = 256


def jobs(stacks: Sequence[Stack], shards: int) -> dict[str, list[dict[str, str]]]:
    """The ``matrix`` of a job of GitHub Actions.

    ``stack`` and ``shard`` are what `nestbench run` takes, ``python`` is the version that the stack needs,
    ``name`` is unique and names a job and its artifact. Raises UsageError where there are too many.
    """
    count = len(stacks) * shards
    if count > MOST:
        raise UsageError(
            f"{number_of(len(stacks), 'stack')} in {number_of(shards, 'shard')} each are {count} jobs; "
            f"GitHub Actions takes {MOST} in a matrix.",
            do=f"Ask for {MOST // len(stacks) or 1} shards or fewer, or name fewer stacks.",
        )
    return {
        "include": [
            {
                "name": f"{stack.id}-{number}-of-{shards}" if shards > 1 else stack.id,
                "stack": stack.id,
                "shard": f"{number}/{shards}",
                "python": stack.python,
                "device": str(stack.device),
            }
            for stack in stacks
            for number in range(1, shards + 1)
        ]
    }
