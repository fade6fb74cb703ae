"""Statistics of paired measurements: pure functions, no I/O, no clock.

Importing it imports scipy, about a second: a command imports it where it needs it.
"""

from nestbench.statistics.comparison import LEAST_PAIRS, Comparison, compare
from nestbench.statistics.estimate import bootstrap_interval, hodges_lehmann
from nestbench.statistics.judging import Answer, judge, noise_floor
from nestbench.statistics.looks import LOOKS, alpha_at, broken_controls, is_interim

__all__ = [
    "LEAST_PAIRS",
    "LOOKS",
    "Answer",
    "Comparison",
    "alpha_at",
    "bootstrap_interval",
    "broken_controls",
    "compare",
    "hodges_lehmann",
    "is_interim",
    "judge",
    "noise_floor",
]
