"""What a made environment really holds, read without importing anything from it."""

import csv
import os
import subprocess
from collections.abc import Mapping
from importlib.metadata import PathDistribution
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_SECONDS = 60
_NAMED = 3


def python_of(venv: Path) -> Path:
    """The environment's interpreter."""
    return venv / "bin" / "python"


def differences(venv: Path, *, version: str, pins: Mapping[str, str]) -> tuple[str, ...]:
    """How the environment differs from a Python ``version`` (3.7.16) with exactly ``pins``.

    Empty where it does not: its Python runs, the installed distributions are those of the lock,
    and every file that they brought is there in its full size. A file that was changed without
    changing its size is not noticed.
    """
    found = _python_version(python_of(venv))
    if found is None:
        return ("its Python does not run",)
    if found != version:
        return (f"its Python is {found}, not {version}",)
    site = venv / "lib" / f"python{version.rpartition('.')[0]}" / "site-packages"
    installed = _distributions(site)
    wrong = _against_pins({name: dist.version for name, dist in installed.items()}, pins)
    if wrong:
        return wrong
    return tuple(
        f"{name}: {problem}" for name, dist in sorted(installed.items()) for problem in _damaged(site, dist)
    )


def in_brief(problems: tuple[str, ...]) -> str:
    """The first few of the problems, and how many more there are."""
    more = len(problems) - _NAMED
    return "; ".join(problems[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _python_version(python: Path) -> str | None:
    code = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    try:
        done = subprocess.run(
            [python, "-I", "-c", code],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _distributions(site: Path) -> dict[str, PathDistribution]:
    """The installed distributions by normalised name; one without metadata goes by its folder."""
    found = {}
    for info in sorted(site.glob("*.dist-info")):
        dist = PathDistribution(info)
        name = (dist.read_text("METADATA") and dist.metadata["Name"]) or info.name
        found[str(canonicalize_name(name))] = dist
    return found


def _against_pins(installed: Mapping[str, str], pins: Mapping[str, str]) -> tuple[str, ...]:
    problems = []
    for name in sorted(installed.keys() | pins.keys()):
        have, want = installed.get(name), pins.get(name)
        if have is None:
            problems.append(f"{name} {want} is missing")
        elif want is None:
            problems.append(f"{name} {have} is not in the lock")
        elif not _same(have, want):
            problems.append(f"{name} is {have}, the lock has {want}")
    return tuple(problems)


def _same(have: str, want: str) -> bool:
    try:
        return Version(have) == Version(want)
    except InvalidVersion:
        return have == want


def _damaged(site: Path, dist: PathDistribution) -> tuple[str, ...]:
    """The first file of the distribution that is missing or has another size than recorded."""
    # importlib.metadata's `files` builds an object a file: seconds for TensorFlow's 15,000.
    record = dist.read_text("RECORD")
    if record is None:
        return ("its list of files is missing",)
    prefix = str(site)
    for row in csv.reader(record.splitlines()):
        if not row or row[0].endswith(".pyc"):
            continue
        try:
            size = os.stat(f"{prefix}/{row[0]}").st_size  # noqa: PTH116 - called 20,000 times
        except OSError:
            return (f"the file {row[0]} is missing",)
        if len(row) > 2 and row[2] and size != int(row[2]):  # noqa: PLR2004 - path, hash, size
            return (f"the file {row[0]} was changed",)
    return ()
