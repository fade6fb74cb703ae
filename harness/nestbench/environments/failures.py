"""Turns what tox, uv or the operating system said into one clear error."""

import errno
import re
from pathlib import Path

from nestbench.errors import GroundError

_DISK = re.compile(r"no space left on device|os error 28|disk quota exceeded", re.IGNORECASE)
_HASH = re.compile(r"hash mismatch|hashes do not match|hash-checking|missing hashes", re.IGNORECASE)
_DENIED = re.compile(
    r"read-only file system|permission denied|os error (13|30)\b|operation not permitted",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"error sending request|dns error|resolving dns|lookup address|connection (refused|reset|timed)"
    r"|tcp connect|network is unreachable|operation timed out|failed to fetch|could not connect"
    r"|client error|status (code|server error)|network connectivity is disabled|offline",
    re.IGNORECASE,
)
_INTERPRETER = re.compile(
    r"could not find python interpreter|no interpreter found|failed to discover python"
    r"|failed to (query|inspect) python interpreter|broken python installation",
    re.IGNORECASE,
)
_BUILD = re.compile(r"failed to build|build backend", re.IGNORECASE)
_WHEEL = re.compile(r"no (compatible|usable) wheel|no wheels with a matching", re.IGNORECASE)
_NOISE = re.compile(r"^\s*(stack: (venv|exit|install_deps)|\.pkg|.*congratulations|\s*$)", re.IGNORECASE)
_SHOWN_LINES = 4


def provisioning_failure(stack_id: str, output: str, log: Path, *, found: str = "") -> GroundError:
    """The error that ``output`` of tox and uv stands for; ``found`` is what inspection said."""
    what = f"The environment of {stack_id} could not be made"
    see = f"The full output is in {log}."
    if _DISK.search(output):
        return disk_full(f"{what}: no space is left on the disk. {see}")
    if _HASH.search(output):
        line = _line(output, _HASH)
        return GroundError(
            f"{what}: a package is not the one that the lock names ({line}). {see}",
            why="the lock was edited by hand, or the index or a proxy serves another file",
            do=f"Do not use that file. Compare with `nestbench lock --check {stack_id}`, and try "
            "the index https://pypi.org/simple.",
        )
    if _NETWORK.search(output):
        line = _line(output, _NETWORK)
        return GroundError(
            f"{what}: packages could not be fetched ({line}). {see}",
            why="no network, a proxy in between, or a wrong index address",
            do="Check the connection, and UV_DEFAULT_INDEX, UV_INDEX_URL, HTTPS_PROXY and "
            "UV_OFFLINE; then run the same command again, what was fetched is kept.",
        )
    if _DENIED.search(output):
        return denied(f"{what}: {_line(output, _DENIED)}. {see}")
    if _INTERPRETER.search(output):
        return GroundError(
            f"{what}: its Python does not work ({_line(output, _INTERPRETER)}). {see}",
            why="the Python was removed or damaged since it was found",
            do="`nestbench matrix` shows which interpreter each stack uses.",
        )
    if _BUILD.search(output):
        return GroundError(
            f"{what}: a package could not be built from source ({_line(output, _BUILD)}). {see}",
            why="a tool that its build needs cannot be fetched or does not run here",
            do="Read the log; the packages that are built are listed under sdists in the row.",
        )
    if _WHEEL.search(output):
        return GroundError(
            f"{what}: a wheel does not fit this machine ({_line(output, _WHEEL)}). {see}",
            why="the C library (glibc) of this system is older than the wheels need",
            do="Run the stack in a container with a newer Linux.",
        )
    return GroundError(
        f"{what}: {found or _tail(output) or 'tox said nothing'}. {see}",
        why="tox or uv failed, or skipped what it should have made",
        do="Read the log, remove the environment's folder and run the same command again.",
    )


def os_failure(doing: str, error: OSError) -> GroundError:
    """The error for a failed file operation; ``doing`` names it and the path."""
    text = f"{doing}: {error.strerror or error}."
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(text)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return denied(text)
    return GroundError(
        text,
        why="something else is in that place, or the disk failed",
        do="Look at that path, or give another folder.",
    )


def disk_full(what: str) -> GroundError:
    """The error for a disk without space."""
    return GroundError(
        what,
        why="an environment takes 0.5 to 1.5 GB, shared with uv's cache on the same disk",
        do="Free space (`uv cache prune`, old folders under .nestbench/envs) or give another folder.",
    )


def denied(what: str) -> GroundError:
    """The error for a folder that must not be written to."""
    return GroundError(
        what,
        why="the folder is read-only or belongs to someone else",
        do="Run nestbench in a folder that you can write to, or give another one; uv's cache "
        "(UV_CACHE_DIR) must be writable too.",
    )


def _line(output: str, pattern: re.Pattern[str]) -> str:
    """The line that matched, and for a hash mismatch the package named after it."""
    lines = [line.strip() for line in output.splitlines()]
    for number, line in enumerate(lines):
        if pattern.search(line):
            before = lines[number - 1] if number and line.startswith(("cause:", "╰", "├")) else ""
            return " ".join(filter(None, (before, line)))[:300].rstrip(".:")
    return ""


def _tail(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if not _NOISE.match(line)]
    return " / ".join(lines[-_SHOWN_LINES:])[:400].rstrip(".")
