"""Statistics of paired measurements and of growth: pure functions, no I/O, no clock.

scipy takes about a second to import: the functions that need it do so, and no module.
"""

from nestbench.statistics.comparison import LEAST_PAIRS, Comparison, compare
from nestbench.statistics.estimate import bootstrap_interval, hodges_lehmann
from nestbench.statistics.growth import LEAST_SIZES, Growth, exponent
from nestbench.statistics.judging import Answer, judge, noise_floor
from nestbench.statistics.looks import LOOKS, alpha_at, broken_controls, is_interim

__all__ = [
    "LEAST_PAIRS",
    "LEAST_SIZES",
    "LOOKS",
    "Answer",
    "Comparison",
    "Growth",
    "alpha_at",
    "bootstrap_interval",
    "broken_controls",
    "compare",
    "exponent",
    "hodges_lehmann",
    "is_interim",
    "judge",
    "noise_floor",
]
