"""Every error that a user can cause or has to act on, with the exit code that it ends in."""

import difflib
from collections.abc import Iterable
from enum import IntEnum
from typing import Self

_LIKE = 0.6  # as difflib measures it


class ExitCode(IntEnum):
    """What the process's exit code means; the same for every command."""

    CLEAN = 0
    FOUND = 1  # the gate found something
    USAGE = 2
    INCOMPLETE = 3  # an expected cell is missing, or nothing was measured
    GROUND = 4  # the tool or what it stands on failed: network, disk, interpreter


_GRAVEST = (ExitCode.USAGE, ExitCode.FOUND, ExitCode.GROUND, ExitCode.INCOMPLETE)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """The one of several that a command ends with: what was found is found, whatever is missing beside it."""
    given = set(codes)
    return next((code for code in _GRAVEST if code in given), ExitCode.CLEAN)


class NestbenchError(Exception):
    """Something that ends a command, told in three parts.

    Attributes:
        what: what happened, in one sentence, with the names and paths it happened to.
        why: the likely cause, or empty where ``what`` says it all.
        do: what the reader can do about it, or empty.
    """

    exit_code = ExitCode.GROUND

    def __init__(self, what: str, *, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"  likely why: {self.why}")
        if self.do:
            lines.append(f"  what to do: {self.do}")
        return "\n".join(lines)


class UsageError(NestbenchError):
    """The command line, a matrix file or a case file is wrong."""

    exit_code = ExitCode.USAGE

    @classmethod
    def unknown(cls, kind: str, name: str, known: Iterable[str], *, do: str) -> Self:
        """An unknown ``name`` of a ``kind`` ("stack", "case"), with the nearest known names."""
        return cls(
            f"There is no {kind} '{name}'.", do=" ".join(filter(None, [did_you_mean(name, known), do]))
        )


class IncompleteError(NestbenchError):
    """Something that was asked for is missing from the result; it is never reported as success."""

    exit_code = ExitCode.INCOMPLETE


class UnavailableError(IncompleteError):
    """What was asked for cannot be measured on this machine, whatever is installed: it has no such device."""


class GroundError(NestbenchError):
    """The ground failed: no network, no disk space, no interpreter, a file that cannot be read."""

    exit_code = ExitCode.GROUND


class AlteredError(GroundError):
    """What was measured was not, or not to the end, what was meant to be: nothing of it is kept."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question with up to three of the ``known`` names that are like ``name`` or hold it, or empty.

    ``name`` may be a pattern.
    """
    every, part = list(known), name.strip("*")
    near = difflib.get_close_matches(name, every, n=3, cutoff=_LIKE)
    near += [one for one in every if part and part in one and one not in near]
    return "Did you mean " + " or ".join(f"'{one}'" for one in near[:3]) + "?" if near else ""
