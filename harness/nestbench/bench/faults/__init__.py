"""Faults, planted: what a run loses by them and what it says falsely, which must be nothing of either."""

from nestbench.bench.faults.planting import FAULTS, plant
from nestbench.bench.faults.tally import Tally

__all__ = ["FAULTS", "Tally", "plant"]
