"""Locks: the exact, hashed requirements of each stack, resolved at its own date by one command."""

import hashlib
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from packaging.utils import canonicalize_name

from nestbench.errors import GroundError
from nestbench.given import given_text
from nestbench.interpreters import Interpreter, find
from nestbench.matrix.loading import SHIPPED
from nestbench.matrix.stack import Flavour, Platform, Stack
from nestbench.matrix.uv_tool import find_links, find_uv, uv_environ
from nestbench.whole import write_whole

_UV_PLATFORM = {Platform.LINUX_X86_64: "x86_64-manylinux_2_28"}
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)", re.MULTILINE)
_INPUT_LINE = re.compile(r"^# Input: sha256:([0-9a-f]{64})$", re.MULTILINE)
_YANKED = re.compile(r"`([^`]+)` is yanked")
_UNREACHED = re.compile(r"connect|dns|timed out|sending request|failed to fetch", re.IGNORECASE)
_SECONDS = 600
_AT_ONCE = 4  # resolving waits for the network


class LockState(StrEnum):
    """How a stack's lock stands after it was written or checked."""

    CURRENT = "current"
    WRITTEN = "written"
    STALE = "stale"
    MISSING = "missing"
    FAILED = "failed"  # could not be resolved: nothing is known


@dataclass(frozen=True, kw_only=True)
class LockResult:
    """What became of one stack's lock; ``detail`` says why, or is empty."""

    stack_id: str
    state: LockState
    detail: str = ""


def lock_path(stack: Stack) -> Path:
    """Where the stack's lock lies: in ``locks`` beside its matrix file."""
    return stack.matrix_file.parent / "locks" / f"{stack.id}.txt"


def without_lock(stack: Stack) -> str:
    """Why a stack that has no lock cannot be made, with where locks are looked for."""
    return f"it has no lock in {lock_path(stack).parent}, the folder beside its matrix file"


def lock_command(stack: Stack, *options: str) -> str:
    """The command that makes the stack's lock, from the matrix that its row stands in."""
    words = ["nestbench", "lock", *options, stack.id]
    if stack.matrix_file != SHIPPED:
        words += ["--matrix", str(stack.matrix_file)]
    return shlex.join(words)


def read_lock(stack: Stack) -> str:
    """The text of the stack's lock.

    Raises:
        GroundError: there is none, or it cannot be read.
    """
    path = lock_path(stack)
    try:
        return given_text(path)
    except FileNotFoundError as error:
        raise GroundError(
            f"The stack {stack.id} cannot be made: {without_lock(stack)}.",
            why="the row is new, its id was changed, or the matrix file was copied without its locks",
            do=f"Run `{lock_command(stack)}`.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise GroundError(
            f"The lock {path} cannot be read: {error}.",
            do=f"Check its permissions, or make it again: `{lock_command(stack)}`.",
        ) from error


def lock_digest(stack: Stack) -> str:
    """SHA-256 of the stack's lock, in hexadecimal digits.

    Raises:
        GroundError: there is no lock.
    """
    return hashlib.sha256(read_lock(stack).encode()).hexdigest()


def pins(lock_text: str) -> dict[str, str]:
    """Version of each distribution that the lock installs, by normalised name."""
    return {str(canonicalize_name(found["name"])): found["version"] for found in _PIN.finditer(lock_text)}


def input_digest(stack: Stack) -> str:
    """SHA-256 of everything in the row that the lock is resolved from."""
    inputs = {
        "requirements": stack.requirements,
        "python": stack.python,
        "platform": stack.platform,
        "resolved": stack.resolved.isoformat(),
        "sdists": sorted(sdist.name for sdist in stack.sdists),
    }
    if stack.find_links is not None:
        inputs["find_links"] = stack.find_links
    if stack.not_installed:
        inputs["not_installed"] = sorted(one.name for one in stack.not_installed)
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def check_header(stack: Stack) -> LockResult:
    """Whether the lock was made from the row as it stands; needs no network.

    It sees a row that changed after its lock was made, not an index or a lock that did.
    """
    if not lock_path(stack).exists():
        return _result(stack, LockState.MISSING, f"run `{lock_command(stack)}`")
    text = read_lock(stack)
    found = _INPUT_LINE.search(text)
    if found is None or found[1] != input_digest(stack):
        return _result(stack, LockState.STALE, "its row was changed after the lock was made")
    return _row_against_pins(stack, text) or _result(stack, LockState.CURRENT)


def write_locks(
    stacks: Iterable[Stack], *, on_progress: Callable[[str], None] | None = None
) -> tuple[LockResult, ...]:
    """Resolves the stacks again and writes the locks that changed, each as a whole or not at all.

    One stack that cannot be resolved does not stop the others: its result says why.
    """
    return _each(stacks, _write, on_progress)


def check_locks(
    stacks: Iterable[Stack], *, on_progress: Callable[[str], None] | None = None
) -> tuple[LockResult, ...]:
    """Resolves the stacks again and compares with their locks byte for byte."""
    return _each(stacks, _check, on_progress)


def _each(
    stacks: Iterable[Stack],
    work: Callable[[Stack], LockResult],
    on_progress: Callable[[str], None] | None,
) -> tuple[LockResult, ...]:
    def one(stack: Stack) -> LockResult:
        try:
            result = work(stack)
        except GroundError as error:
            result = _result(stack, LockState.FAILED, str(error))
        if on_progress:
            on_progress(f"{stack.id}: {result.state}")
        return result

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(one, stacks))


def _write(stack: Stack) -> LockResult:
    text, yanked = resolve(stack)
    path = lock_path(stack)
    written = not path.exists() or read_lock(stack) != text
    if written:
        _replace(path, text)
    # The lock is kept even so: the row then needs only the version that the message names.
    return _row_against_pins(stack, text) or _result(
        stack, LockState.WRITTEN if written else LockState.CURRENT, yanked
    )


def _check(stack: Stack) -> LockResult:
    header = check_header(stack)
    if header.state is not LockState.CURRENT:
        return header
    old, (new, yanked) = read_lock(stack), resolve(stack)
    if old == new:
        return _result(stack, LockState.CURRENT, yanked)
    before, after = pins(old), pins(new)
    changed = [
        f"{name} {before.get(name, 'absent')} -> {after.get(name, 'absent')}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    detail = ", ".join(changed) or "same versions; hashes or comments differ"
    return _result(stack, LockState.STALE, f"resolving again gives: {detail}")


def _row_against_pins(stack: Stack, text: str) -> LockResult | None:
    """The result where the row's Keras version is not the one that the lock installs."""
    if stack.flavour is Flavour.BUILT_IN:
        return None  # no distribution of its own
    name = stack.distribution or "keras"
    pinned = pins(text).get(name)
    if pinned == stack.keras:
        return None
    return _result(
        stack,
        LockState.STALE,
        f'the row says keras = "{stack.keras}", the lock installs {name} {pinned or "(none)"}: '
        "correct the row",
    )


def resolve(stack: Stack) -> tuple[str, str]:
    """The text that the stack's lock should have, asked from the index, and what of it was yanked.

    A yanked release can still be installed by its exact version, which is what people who pinned it
    have; it is told and no failure. The second part is empty where there is none.

    Raises:
        GroundError: the index cannot be reached, or no set of versions fits.
    """
    with tempfile.TemporaryDirectory(prefix="nestbench-lock-") as folder:
        # An empty folder, so that uv sees no project; no output file, whose pins it would prefer.
        # The file's name shows in the lock's comments as the origin of what was asked for.
        source, temporary = f"{stack.id}.in", Path(folder, "tmp")
        Path(folder, source).write_text("\n".join(stack.requirements) + "\n", encoding="utf-8")
        temporary.mkdir()
        try:
            done = subprocess.run(
                _command(stack, source),
                cwd=folder,
                env=uv_environ(temporary),
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise GroundError(
                f"Resolving {stack.id} took longer than {_SECONDS} s and was stopped.",
                why="the package index answers slowly or not at all",
                do="Check the connection and run the command again.",
            ) from error
    if done.returncode:
        raise GroundError(
            f"uv could not resolve {stack.id}: {done.stderr.strip()}",
            **_cause(stack, done.stderr),
        )
    yanked = dict.fromkeys(_YANKED.findall(done.stderr))
    return _header(stack) + done.stdout, f"yanked from the index: {', '.join(yanked)}" if yanked else ""


def _cause(stack: Stack, said: str) -> dict[str, str]:
    if _UNREACHED.search(said):
        return {
            "why": "the index cannot be reached",
            "do": "Check the connection, UV_DEFAULT_INDEX and the proxy, and run it again.",
        }
    return {
        "why": f"no set of versions fits on {stack.resolved} for Python {stack.python}",
        "do": "Change the row: hold_backs, sdists or resolved.",
    }


def _command(stack: Stack, source: str) -> Sequence[str]:
    from_source = [arg for sdist in stack.sdists for arg in ("--no-binary", sdist.name)]
    return [
        find_uv(),
        "pip",
        "compile",
        source,
        "--generate-hashes",
        "--exclude-newer",
        f"{stack.resolved.isoformat()}T00:00:00Z",
        "--python-version",
        stack.python,
        "--python-platform",
        _UV_PLATFORM[stack.platform],
        "--only-binary",
        ":all:",
        *from_source,
        *find_links(stack.find_links),
        *(arg for one in stack.not_installed for arg in ("--no-emit-package", one.name)),
        "--emit-build-options",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-header",
        "--no-python-downloads",
        "--python",
        _resolving_python(stack),
    ]


def _resolving_python(stack: Stack) -> str:
    """What runs the setup.py of a package that must be built; the stack's own Python if there."""
    if stack.sdists:
        found = find(stack.python, allow_download=False)
        if isinstance(found, Interpreter):
            return str(found.path)
    return sys.executable


def _header(stack: Stack) -> str:
    return (
        f"# Made by `nestbench lock {stack.id}`; change the row in stacks.toml, never this file.\n"
        f"# Input: sha256:{input_digest(stack)}\n"
    )


def _replace(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        raise GroundError(
            f"The lock {path} cannot be written: {error.strerror}.",
            why="the folder is read-only, belongs to someone else, or the disk is full",
            do="Lock from a checkout that you can write to, or give --matrix a copy.",
        ) from error


def _result(stack: Stack, state: LockState, detail: str = "") -> LockResult:
    return LockResult(stack_id=stack.id, state=state, detail=detail)
