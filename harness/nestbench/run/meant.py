"""That what is imported in a stack's environment is what its row says."""

from collections.abc import Mapping

from nestbench.errors import GroundError

__all__ = ["require_meant"]


def require_meant(stack: str, meant: Mapping[str, str], versions: Mapping[str, str | None]) -> None:
    """Raises GroundError where ``versions``, as the probe says them, are others than those of ``meant``."""
    wrong = [
        f"{name} {versions.get(name)} and not {version}"
        for name, version in meant.items()
        if versions.get(name) != version
    ]
    if wrong:
        raise GroundError(
            f"The stack {stack} imports {', '.join(wrong)}, so nothing of it was measured.",
            why="the row names a Keras that this TensorFlow does not hand out under that name",
            do="Correct the row: module, environ or keras.",
        )
