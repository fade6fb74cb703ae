"""A stack with a person's own requirements beside what its lock names, resolved together with it."""

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nestbench.errors import GroundError, IncompleteError, UsageError
from nestbench.given import given_text, toml_of
from nestbench.matrix import Stack
from nestbench.matrix.locks import LockState, check_header, pins, read_lock, write_locks
from nestbench.run.derived import reason_of

__all__ = ["Required", "read_requirements"]

#: What a stack decides, under each name that carries it: another version of it would be another stack.
_DECIDED = frozenset({
    "tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tf-nightly", "keras",
    "keras-nightly",
})  # fmt: skip
_DIGITS = 12


class Required:
    """Requirements of a person's project. ``file``: where rows of stacks made with them would stand."""

    def __init__(self, requirements: Sequence[str], file: Path, say: Callable[[str], None]) -> None:
        self._wanted = tuple(requirements)
        self._file, self._say = file, say

    def added_to(self, stack: Stack) -> Stack:
        """``stack`` and the requirements, locked; ``stack`` itself where there are none to add.

        Everything that the stack's lock names stays as it is: what does not fit beside it is an error,
        and what the stack itself decides is left out, and named. The lock lies beside ``file`` under a
        digest, and is made once. Raises IncompleteError where they do not fit, GroundError where the
        index cannot be asked.
        """
        held = pins(read_lock(stack))
        decided = _DECIDED | {str(canonicalize_name(Requirement(one).name)) for one in stack.requirements}
        wanted = [one for one in self._wanted if canonicalize_name(Requirement(one).name) not in decided]
        for one in self._wanted:
            if one not in wanted:
                self._say(f"{stack.id}: {one} is left out: the stack decides it")
        if not wanted:
            return stack
        locked = [f"{name}=={version}" for name, version in sorted(held.items())]
        digest = hashlib.sha256("\n".join([stack.id, *locked, *sorted(wanted)]).encode()).hexdigest()
        made = replace(
            stack,
            id=f"{stack.id}-with-{digest[:_DIGITS]}",
            matrix_file=self._file,
            tools=(*locked, *wanted),
        )
        if check_header(made).state is not LockState.CURRENT:
            self._resolve(stack, made)
        return made

    def _resolve(self, stack: Stack, made: Stack) -> None:
        self._say(f"{stack.id}: resolving your requirements together with its lock")
        (result,) = write_locks([made])
        if result.state is not LockState.FAILED:
            return
        if "the index cannot be reached" in result.detail or "was stopped" in result.detail:
            raise GroundError(
                f"Your requirements could not be resolved for {stack.id}: {reason_of(result.detail)}.",
                why="the index cannot be reached",
                do="Check the connection, UV_DEFAULT_INDEX and the proxy, and run it again.",
            )
        raise IncompleteError(
            f"Your requirements do not fit beside {stack.id}: {reason_of(result.detail)}.",
            why=f"the stack is as it was on {stack.resolved}, and only wheels of that day are taken",
            do="Loosen the versions that are named, or leave out what the model itself does not import.",
        )


def read_requirements(path: Path) -> tuple[str, ...]:
    """The requirements in a ``requirements.txt`` or in the ``[project]`` of a ``pyproject.toml``.

    Raises UsageError for a file that cannot be read, and for a line that is no requirement.
    """
    if path.suffix == ".toml":
        return tuple(_checked(path, _of_project(path)))
    return tuple(_checked(path, _lines(path, ())))


def _text(path: Path) -> str:
    try:
        return given_text(path)
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{path} cannot be read: {said}.", do="Correct the path given with -r.") from error


def _of_project(path: Path) -> list[tuple[str, str]]:
    try:
        table = toml_of(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", do="Correct that line.") from error
    project = table.get("project")
    if not isinstance(project, dict) or not isinstance(project.get("dependencies"), list):
        raise UsageError(
            f"{path} names no dependencies under [project].",
            why="they are given in another tool's way, or as dynamic",
            do="Give a requirements.txt instead, such as the tool exports.",
        )
    return [
        (str(one), f"[project] dependencies, entry {n}") for n, one in enumerate(project["dependencies"], 1)
    ]


def _lines(path: Path, within: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """Each requirement and where it stands; of files named with ``-r``, too."""
    text = _text(path).replace("\\\n", " ")
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.partition(" #")[0].strip()
        if not plain or plain.startswith("#"):
            continue
        words = plain.replace("=", " ", 1).split() if plain.startswith("--") else plain.split()
        if words[0] in {"-r", "--requirement"} and len(words) > 1:
            other = (path.parent / words[1]).resolve()
            if other in within:
                raise UsageError(
                    f"{path}:{number} includes {other}, which includes it.", do="Drop one of them."
                )
            yield from _lines(other, (*within, path.resolve()))
        elif plain.startswith("-"):
            raise UsageError(
                f"{path}:{number}: {words[0]} is not understood here.",
                why="the stack's lock decides where packages come from and how they are checked",
                do="Leave the line out, or give a file that names requirements only.",
            )
        else:
            yield plain.partition(" --hash")[0].strip(), f"{path}:{number}"


def _checked(path: Path, found: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> Iterator[str]:
    for text, where in found:
        try:
            one = Requirement(text)
        except InvalidRequirement as error:
            place = where if str(path.parent) in where or ":" in where else f"{path}, {where}"
            raise UsageError(
                f"{place}: '{text}' is not a requirement: {str(error).splitlines()[0]}.",
                do="Write it as name, or name>=version.",
            ) from error
        yield str(one)
