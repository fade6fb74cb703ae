"""What nestbench itself costs, and whether its method of comparing times works."""

from nestbench.bench.isolation import Cost, measure_isolation

__all__ = ["Cost", "measure_isolation"]
