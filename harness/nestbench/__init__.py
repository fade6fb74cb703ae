"""nestbench: the controller. It plans, runs and judges; the probe in each environment observes.

Written for Python 3.11 and later. Everything that knows what was expected lives here.
"""

__version__ = "0.1.0"
