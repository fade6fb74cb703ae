"""Finds a real CPython of a given minor version, and says why there is none.

Only what was executed and told its own version counts: a pyenv shim is on PATH under every name,
and either fails or runs something else.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from threading import Lock

from nestbench.gpu import missing_gpu
from nestbench.matrix.stack import Device, Stack
from nestbench.matrix.uv_tool import find_uv, uv_environ

_SECONDS = 30
_DOWNLOAD_SECONDS = 600
_OLDEST_DOWNLOAD = (3, 8)  # uv's managed CPython begins here
# Runs on every Python 3: reports facts, judges nothing. In a virtual environment the interpreter
# that made it is the one wanted; free-threaded builds (abiflags "t") need wheels of their own.
_PROBE = """
import json, os, sys
path = sys.executable
if sys.prefix != sys.base_prefix:
    base = os.path.join(sys.base_prefix, "bin", "python%d.%d" % sys.version_info[:2])
    path = base if os.path.exists(base) else path
print(json.dumps({
    "path": os.path.realpath(path), "version": "%d.%d.%d" % sys.version_info[:3],
    "name": sys.implementation.name, "wide": sys.maxsize > 2 ** 32,
    "free_threaded": "t" in getattr(sys, "abiflags", ""),
}))
"""


class Source(StrEnum):
    """Where an interpreter was found."""

    OVERRIDE = "environment variable"
    CURRENT = "running nestbench"
    PATH = "PATH"
    PYENV = "pyenv"
    UV = "uv"


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A CPython that was executed and told its version (``3.7.16``)."""

    version: str
    path: Path
    source: Source


@dataclass(frozen=True, kw_only=True)
class Unavailable:
    """Why a stack cannot be made here, and what would change that.

    ``downloadable``: uv could fetch the interpreter, but was not allowed to. ``no_device``: the machine
    lacks what the stack computes on.
    """

    reason: str
    remedy: str
    downloadable: bool = False
    no_device: bool = False


@dataclass(frozen=True, kw_only=True)
class Available:
    """A stack that this machine can make."""

    interpreter: Interpreter


def downloads_forbidden() -> bool:
    """Whether the user forbade, by environment variable, that uv downloads an interpreter."""
    return bool(os.environ.get("NESTBENCH_NO_DOWNLOAD")) or os.environ.get(
        "UV_PYTHON_DOWNLOADS", ""
    ).lower() in {"never", "manual", "false", "0"}


def availability(stack: Stack, *, allow_download: bool) -> Available | Unavailable:
    """Whether this machine can make the stack, and with which interpreter."""
    mismatch = _platform_mismatch(stack) or _no_device(stack)
    if mismatch:
        return mismatch
    found = find(stack.python, allow_download=allow_download)
    return Available(interpreter=found) if isinstance(found, Interpreter) else found


def availabilities(stacks: Iterable[Stack], *, allow_download: bool) -> dict[str, Available | Unavailable]:
    """The availability of each stack by its id; interpreters are looked for in parallel."""
    asked = tuple(stacks)
    pythons = dict.fromkeys(stack.python for stack in asked)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda python: find(python, allow_download=allow_download), pythons))
    return {stack.id: availability(stack, allow_download=allow_download) for stack in asked}


def _platform_mismatch(stack: Stack) -> Unavailable | None:
    here = f"{platform.system().lower()}-{platform.machine().lower()}"
    here = here.replace("amd64", "x86_64")
    instead = (
        "run it in a Linux x86_64 container or machine, or observe a TensorFlow that is "
        "installed here: `nestbench run --here`"
    )
    if here != stack.platform:
        return Unavailable(
            reason=f"its wheels are for {stack.platform}, this machine is {here}", remedy=instead
        )
    if not _has_glibc():
        return Unavailable(
            reason="TensorFlow's wheels need glibc, this Linux has another C library",
            remedy=instead,
        )
    return None


def _no_device(stack: Stack) -> Unavailable | None:
    why = missing_gpu() if stack.device is Device.GPU else ""
    if not why:
        return None
    return Unavailable(
        reason=f"no NVIDIA GPU is visible here ({why})",
        remedy=(
            "run it on a machine where `nvidia-smi` lists a GPU (a container needs `docker run --gpus all`), "
            "or observe there what is installed: `nestbench run --here --device gpu`"
        ),
        no_device=True,
    )


def _has_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False


def find(python: str, *, allow_download: bool) -> Interpreter | Unavailable:
    """A CPython of the minor version ``python`` ("3.7"), downloaded by uv where that is allowed.

    The answer is kept for the life of the process, a failed download included.
    """
    allowed = allow_download and not downloads_forbidden()
    with _lock_of(python):
        return _find(python, allowed, os.environ.get(override_name(python)))


def override_name(python: str) -> str:
    """The environment variable that names an interpreter: NESTBENCH_PYTHON_3_7."""
    return "NESTBENCH_PYTHON_" + python.replace(".", "_")


@cache
def _lock_of(python: str) -> Lock:
    del python  # one lock a version: two stacks that want the same one search once
    return Lock()


@cache
def _find(python: str, allow_download: bool, override: str | None) -> Interpreter | Unavailable:
    if override:
        return _overridden(python, override)
    found = _installed(python)
    if found:
        return found
    looked = f"no CPython {python} on PATH, under pyenv or among uv's own"
    own = (
        f"install Python {python} (`pyenv install {python}`, or your system's packages), "
        f"or name one: {override_name(python)}=/path/to/python{python}"
    )
    if not _uv_offers(python):
        return Unavailable(reason=f"{looked}; uv offers no download of {python}", remedy=own)
    if not allow_download:
        return Unavailable(
            reason=f"{looked}; downloading one was not allowed",
            remedy=f"allow uv to download it (leave out --no-download), or {own}",
            downloadable=True,
        )
    problem = _download(python)
    found = None if problem else _managed(python)
    if found:
        return found
    return Unavailable(
        reason=f"{looked}; uv could not download it ({problem or 'nothing was installed'})",
        remedy=f"check the connection to github.com, or {own}",
    )


def _overridden(python: str, override: str) -> Interpreter | Unavailable:
    found = _verified(Path(override), python, Source.OVERRIDE)
    if found:
        return found
    name = override_name(python)
    return Unavailable(
        reason=f"{name} is {override}, which is no working 64-bit CPython {python}",
        remedy=f"correct {name} or unset it",
    )


def _installed(python: str) -> Interpreter | None:
    for path, source in _candidates(python):
        found = _verified(path, python, source)
        if found:
            return found
    return _managed(python)


def _candidates(python: str) -> Iterator[tuple[Path, Source]]:
    """Paths worth executing, the likeliest first; what is named for another version is left out."""
    if sys.version_info[:2] == _numbers(python):
        yield Path(sys.executable), Source.CURRENT
    folders = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [folder for folder in folders if folder != root / "shims"]
    for folder in folders:
        yield folder / f"python{python}", Source.PATH
    versions = [
        path.parent.parent
        for path in root.glob(f"versions/{python}.*/bin/python")
        if path.parent.parent.name.removeprefix(f"{python}.").isdigit()
    ]
    for version in sorted(versions, key=lambda path: _numbers(path.name), reverse=True):
        yield version / "bin" / "python", Source.PYENV
    for folder in folders:
        for name in ("python3", "python"):
            yield folder / name, Source.PATH


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _verified(path: Path, python: str, source: Source) -> Interpreter | None:
    facts = _facts(path)
    if facts is None or not facts["wide"] or facts["free_threaded"] or facts["name"] != "cpython":
        return None
    version = str(facts["version"])
    if version.rpartition(".")[0] != python:
        return None
    return Interpreter(version=version, path=Path(str(facts["path"])), source=source)


@cache
def _facts(path: Path) -> dict[str, object] | None:
    """What the interpreter at ``path`` says of itself; None where it does not run."""
    if not os.access(path, os.X_OK) or path.is_dir():
        return None
    try:
        done = subprocess.run(
            [path, "-I", "-c", _PROBE],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
        facts = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return facts if isinstance(facts, dict) else None


def _managed(python: str) -> Interpreter | None:
    """The one that uv installed before, if any."""
    done = _uv("python", "find", "--managed-python", "--no-python-downloads", python)
    line = done.stdout.strip() if done and done.returncode == 0 else ""
    return _verified(Path(line), python, Source.UV) if line else None


def downloadable(python: str) -> bool:
    """Whether the version is of those that uv offers; no network is asked."""
    return _numbers(python) >= _OLDEST_DOWNLOAD


def _uv_offers(python: str) -> bool:
    if not downloadable(python):
        return False
    # uv knows by itself what it could download; no network is asked.
    done = _uv("python", "list", "--only-downloads", f"cpython@{python}")
    return done is None or done.returncode != 0 or bool(done.stdout.strip())


def _download(python: str) -> str:
    """Lets uv install the interpreter; the problem as a phrase, empty where there was none."""
    done = _uv("python", "install", python, seconds=_DOWNLOAD_SECONDS)
    if done is None:
        return f"it took longer than {_DOWNLOAD_SECONDS} s"
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return "; ".join(lines[-2:])[:300] or f"exit code {done.returncode}"


def _uv(*arguments: str, seconds: int = _SECONDS) -> subprocess.CompletedProcess[str] | None:
    # No link in ~/.local/bin: the interpreter is nestbench's affair, not the user's shell's.
    with tempfile.TemporaryDirectory(prefix="nestbench-uv-") as folder:
        environ = {**uv_environ(Path(folder)), "UV_PYTHON_INSTALL_BIN": "0"}
        try:
            return subprocess.run(
                [find_uv(), *arguments],
                env=environ,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return None
