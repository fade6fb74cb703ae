"""A stack's environment: made by tox from the lock, checked before it is used."""

from nestbench.environments.environment import Environment, environment_folder, prepare
from nestbench.environments.variables import clean_environ

__all__ = ["Environment", "clean_environ", "environment_folder", "prepare"]
