"""The gate: a run held against accepted behaviour, with known deviations and a second try.

What is accepted lies in ``results/accepted``, a file a stack with a line a case variant, so that git
tells who changed what; ``deviations.toml`` beside them lists what is known to deviate, why and until
when.
"""

from nestbench.gate.baseline import Baseline, Baselines
from nestbench.gate.checking import Checked, Question, check
from nestbench.gate.deviation import Deviation, load_deviations
from nestbench.gate.finding import Finding, Kind

__all__ = [
    "Baseline",
    "Baselines",
    "Checked",
    "Deviation",
    "Finding",
    "Kind",
    "Question",
    "check",
    "load_deviations",
]
