"""Known deviations: squares of which somebody wrote down why they are not as accepted, and until when."""

from pathlib import Path

from nestbench.gate import load_deviations

__all__ = ["Deviations"]


class Deviations:
    """Those of a folder of accepted behaviour. Raises UsageError where its list cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._known = load_deviations(folder)

    def reason(self, stack: str, label: str) -> str:
        """Why that cell deviates; empty where nothing is known of it."""
        return next((one.reason for one in self._known if one.about(stack, label)), "")
