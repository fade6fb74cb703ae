"""How the cost of building grows with size: counted exactly, timed, fitted, told and drawn."""

from nestbench.growth.line import Line, lines_of
from nestbench.growth.record import Counts, Part, StackCounts, StackTimes, Times
from nestbench.growth.shelf import Shelf

__all__ = ["Counts", "Line", "Part", "Shelf", "StackCounts", "StackTimes", "Times", "lines_of"]
