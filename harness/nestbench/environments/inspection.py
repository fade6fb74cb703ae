"""What a made environment really holds, read without importing anything from it."""

import base64
import csv
import hashlib
import os
import subprocess
from collections.abc import Mapping
from importlib.metadata import PathDistribution
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from nestbench.environments.inventory import BYTE_CODE

_SECONDS = 60
_NAMED = 3
#: How a problem ends that is a file with another content than its package brought.
CHANGED = "was changed"
#: What uv itself puts beside the packages.
_OF_VENV = ("_virtualenv.py", "_virtualenv.pth")


def python_of(venv: Path) -> Path:
    """The environment's interpreter."""
    return venv / "bin" / "python"


def differences(venv: Path, *, version: str, pins: Mapping[str, str], read: bool = False) -> tuple[str, ...]:
    """How the environment differs from a Python ``version`` (3.7.16) with exactly ``pins``.

    Empty where it does not: its Python runs, the installed distributions are those of the lock,
    and every file that they brought is there in its full size. With ``read``, which takes seconds, each
    also has the content that its package's list has the SHA-256 of.
    """
    wrong = python_differs(venv, version)
    if wrong:
        return wrong
    site = _site(venv, version)
    installed = _distributions(site)
    wrong = _against_pins({name: dist.version for name, dist in installed.items()}, pins)
    if wrong:
        return wrong
    return tuple(
        f"{name}: {problem}"
        for name, dist in sorted(installed.items())
        for problem in _damaged(site, dist, read=read)
    )


def python_differs(venv: Path, version: str) -> tuple[str, ...]:
    """Why its Python is not one of that version that runs; empty where it is."""
    found = _python_version(python_of(venv))
    if found is None:
        return ("its Python does not run",)
    return () if found == version else (f"its Python is {found}, not {version}",)


def strangers(venv: Path, version: str) -> tuple[str, ...]:
    """Files beside the packages that none of them lists: modules and .pth files put there by hand."""
    site = _site(venv, version)
    owned = {row[0] for dist in _distributions(site).values() for row in _rows(dist)} | set(_OF_VENV)
    found = []
    for parent, folders, names in os.walk(site):
        folders[:] = [name for name in folders if name != BYTE_CODE]
        inside = "" if parent == str(site) else f"{os.path.relpath(parent, site)}/"
        found += [name for one in names if (name := f"{inside}{one}") not in owned]
    return tuple(f"the file {name} is of no package" for name in sorted(found))


def _site(venv: Path, version: str) -> Path:
    return venv / "lib" / f"python{version.rpartition('.')[0]}" / "site-packages"


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


def _damaged(site: Path, dist: PathDistribution, *, read: bool) -> tuple[str, ...]:
    """The first file of the distribution that is missing or is not as recorded."""
    rows = _rows(dist)
    if not rows:
        return ("its list of files is missing",)
    prefix = str(site)
    for row in rows:
        if row[0].endswith(".pyc"):
            continue
        path = f"{prefix}/{row[0]}"
        try:
            size = os.stat(path).st_size  # noqa: PTH116 - called 20,000 times
            content = _content(path, row[1]) if read and len(row) > 1 else ""
        except OSError:
            return (f"the file {row[0]} is missing",)
        if len(row) > 2 and row[2] and size != int(row[2]):  # noqa: PLR2004 - path, hash, size
            return (f"the file {row[0]} {CHANGED}",)
        if content and content != row[1]:
            return (f"the file {row[0]} {CHANGED}",)
    return ()


def _rows(dist: PathDistribution) -> list[list[str]]:
    """Path, hash and size of each file that the distribution lists; none where its list is missing."""
    # importlib.metadata's `files` builds an object a file: seconds for TensorFlow's 15,000.
    return [row for row in csv.reader((dist.read_text("RECORD") or "").splitlines()) if row]


def _content(path: str, recorded: str) -> str:
    """The hash of a file as a list of files has it; empty where the list has none."""
    kind, _, value = recorded.partition("=")
    if not value:
        return ""
    with open(path, "rb") as stream:  # noqa: PTH123 - called 20,000 times
        found = hashlib.file_digest(stream, kind).digest()
    return f"{kind}={base64.urlsafe_b64encode(found).rstrip(b'=').decode()}"
