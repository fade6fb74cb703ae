"""A stack's environment: made by tox from the lock, checked before it is used."""

from nestbench.environments.environment import (
    Environment,
    altered,
    environment_folder,
    prepare,
    why_not_at_hand,
    why_not_unaltered,
)
from nestbench.environments.variables import COMPILED_FOR_ONCE, clean_environ, cuda_variables

__all__ = [
    "COMPILED_FOR_ONCE",
    "Environment",
    "altered",
    "clean_environ",
    "cuda_variables",
    "environment_folder",
    "prepare",
    "why_not_at_hand",
    "why_not_unaltered",
]
