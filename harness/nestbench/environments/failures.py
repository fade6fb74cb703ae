"""Turns what tox, uv or the operating system said into one clear error."""

import errno
import re
from dataclasses import dataclass
from pathlib import Path

from nestbench.errors import GroundError

_SHOWN_LINES = 4
_NOISE = re.compile(
    r"^\s*(stack: (venv|exit|install_deps)|\$ |congratulations|evaluation failed|\s*$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class _Failure:
    """What a line of tox's or uv's output means; ``{stack}`` is filled in."""

    line: re.Pattern[str]
    what: str
    why: str
    do: str


def _matching(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_DISK_FULL = _Failure(
    line=_matching("no space left on device", "os error 28", "disk quota exceeded"),
    what="no space is left on the disk",
    why="an environment takes 0.5 to 1.5 GB, shared with uv's cache on the same disk",
    do="Free space (`uv cache prune`, old folders in .nestbench/envs) or give another folder.",
)
_DENIED = _Failure(
    line=_matching(
        "read-only file system",
        "permission denied",
        r"os error (1|13|30)\b",
        "operation not permitted",
    ),
    what="a folder cannot be written to",
    why="the folder is read-only or belongs to someone else",
    do="Run nestbench in a folder that you can write to, or give another one; uv's cache "
    "(UV_CACHE_DIR) must be writable too.",
)
# In order: a full disk also fails downloads, and a refused download is also a failed build.
_FAILURES = (
    _DISK_FULL,
    _Failure(
        line=_matching("hash mismatch", "hashes do not match", "missing hashes", "--require-hashes,"),
        what="a package is not the one that the lock names",
        why="the lock was edited by hand, or the index or a proxy serves another file",
        do="Do not use that file. Compare with `nestbench lock --check {stack}`, and try the "
        "index https://pypi.org/simple.",
    ),
    _Failure(
        line=_matching(
            "error sending request",
            "dns error",
            "resolving dns",
            "lookup address",
            "connection (refused|reset|timed)",
            "tcp connect",
            "network is unreachable",
            "operation timed out",
            "failed to fetch",
            "could not connect",
            "status (code|client error|server error)",
            "network connectivity is disabled",
            "network was disabled",
            "was not found in the package registry",
        ),
        what="packages could not be fetched",
        why="no network, a proxy in between, or a wrong index address",
        do="Check the connection, and UV_DEFAULT_INDEX, UV_INDEX_URL, HTTPS_PROXY and UV_OFFLINE; "
        "then run the same command again: what was fetched is kept.",
    ),
    _DENIED,
    _Failure(
        line=_matching(
            "could not find python interpreter",
            "no interpreter found",
            "failed to discover python",
            "failed to (query|inspect) python interpreter",
            "broken python installation",
        ),
        what="its Python does not work",
        why="the Python was removed or damaged since it was found",
        do="`nestbench matrix` shows which interpreter each stack uses.",
    ),
    _Failure(
        line=_matching("failed to build", "build backend"),
        what="a package could not be built from source",
        why="a tool that its build needs cannot be fetched or does not run here",
        do="Read the log; the row's sdists are the packages that are built.",
    ),
    _Failure(
        line=_matching("no (compatible|usable) wheel", "no wheels with a matching"),
        what="a wheel does not fit this machine",
        why="the C library (glibc) of this system is older than the wheels need",
        do="Run the stack in a container with a newer Linux.",
    ),
)


def provisioning_failure(stack_id: str, output: str, log: Path, *, found: str = "") -> GroundError:
    """The error that ``output`` of tox and uv stands for; ``found`` is what inspection said."""
    intro = f"The environment of {stack_id} could not be made"
    see = f"The full output is in {log}."
    for failure in _FAILURES:
        line = _line(output, failure.line)
        if line:
            return GroundError(
                f"{intro}: {failure.what} ({line}). {see}",
                why=failure.why,
                do=failure.do.format(stack=stack_id),
            )
    return GroundError(
        f"{intro}: {found or 'it is not what the lock says'}. tox said: {_tail(output)}. {see}",
        why="tox or uv failed, or skipped what it should have made",
        do="Read the log, remove the environment's folder and run the same command again.",
    )


def os_failure(doing: str, error: OSError) -> GroundError:
    """The error for a failed file operation; ``doing`` names it and the path."""
    what = f"{doing}: {error.strerror or error}."
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return GroundError(what, why=_DISK_FULL.why, do=_DISK_FULL.do)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return GroundError(what, why=_DENIED.why, do=_DENIED.do)
    return GroundError(
        what,
        why="something else is in that place, or the disk failed",
        do="Look at that path, or give another folder.",
    )


def _line(output: str, pattern: re.Pattern[str]) -> str:
    """The first line that matches, after the line that it is the cause of; empty for none."""
    lines = [line.strip() for line in output.splitlines() if not line.startswith("$ ")]
    for number, line in enumerate(lines):
        if pattern.search(line):
            outer = lines[number - 1] if number and line.startswith(("cause:", "╰", "├")) else ""
            return " ".join(filter(None, (outer, line)))[:300].rstrip(".:")
    return ""


def _tail(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if not _NOISE.match(line)]
    return " / ".join(lines[-_SHOWN_LINES:])[:400].rstrip(".") or "nothing"
