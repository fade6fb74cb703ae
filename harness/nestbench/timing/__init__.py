"""Build time across stacks: launches in randomised complete blocks, kept raw, judged in pairs."""

from nestbench.timing.record import Arm, Launched, Part, Session
from nestbench.timing.shelf import Shelf

__all__ = ["Arm", "Launched", "Part", "Session", "Shelf"]
