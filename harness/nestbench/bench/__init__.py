"""What nestbench itself costs, as ratios measured in one run."""

from nestbench.bench.isolation import Cost, measure_isolation

__all__ = ["Cost", "measure_isolation"]
