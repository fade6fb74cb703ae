"""Known deviations: squares of which somebody wrote down why they are not as accepted, and until when."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["Deviations"]

_GATE = "nestbench.gate"  # may not be there yet: then nothing is known to deviate


class Deviations:
    """Those of a folder of accepted behaviour. Raises UsageError where its list cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._known: Sequence[Any] = ()
        if folder.is_dir() and find_spec(_GATE) is not None:
            self._known = import_module(_GATE).load_deviations(folder)

    def reason(self, stack: str, label: str) -> str:
        """Why that cell deviates; empty where nothing is known of it."""
        return next((str(one.reason) for one in self._known if one.about(stack, label)), "")
