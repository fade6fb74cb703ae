"""Stacks as data: the rows, their locks, and what the index has that the rows lack."""

from nestbench.matrix.loading import load_matrix
from nestbench.matrix.stack import Device, Flavour, HoldBack, Matrix, Platform, Sdist, Stack

__all__ = [
    "Device",
    "Flavour",
    "HoldBack",
    "Matrix",
    "Platform",
    "Sdist",
    "Stack",
    "load_matrix",
]
