"""Stacks as data: the rows, their locks, and what the index has that the rows lack."""

from nestbench.matrix.loading import load_matrix
from nestbench.matrix.stack import (
    Backend,
    Device,
    Flavour,
    HoldBack,
    Matrix,
    Module,
    Platform,
    Sdist,
    Stack,
)

__all__ = [
    "Backend",
    "Device",
    "Flavour",
    "HoldBack",
    "Matrix",
    "Module",
    "Platform",
    "Sdist",
    "Stack",
    "load_matrix",
]
