"""One tree of errors; each class has the exit code that the command line returns for it."""

from typing import ClassVar

__all__ = ["GroundError", "IncompleteError", "NestbenchError", "UsageError"]


class NestbenchError(Exception):
    """Something that a person can act on: what happened, its likely cause, and what to do."""

    exit_code: ClassVar[int] = 4

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.do) if part)


class UsageError(NestbenchError):
    """The command, a case file or a row of data is wrong."""

    exit_code = 2


class IncompleteError(NestbenchError):
    """Something that was asked for was not measured."""

    exit_code = 3


class GroundError(NestbenchError):
    """The tool or its ground failed: no network, a full disk, a broken file."""

    exit_code = 4
