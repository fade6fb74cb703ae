"""Weights across versions: what one stack saves and another loads, measured, kept and told."""

from nestbench.portability.chosen import Chosen, choose
from nestbench.portability.record import Loaded, Loads, Shelf

__all__ = ["Chosen", "Loaded", "Loads", "Shelf", "choose"]
