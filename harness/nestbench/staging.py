"""A copy of the probe that holds nothing else, for an environment's PYTHONPATH; and the probe as one file.

nestbench's own site-packages must never be on an environment's path: its pandas or numpy would win
over the stack's. So the ``nestprobe`` package alone is copied into a folder named after its digest.
"""

import contextlib
import hashlib
import importlib.util
import io
import os
import shutil
import tempfile
import zipapp
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock

from nestbench.errors import GroundError, UsageError
from nestbench.output import check_output, write_output

#: To copy the probe takes a fraction of one.
_PATIENCE_SECONDS = 60
_MAIN = '''\
"""Entry of the packed probe: unpacks itself, since autograph reads the source files of cases."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile


def main():
    folder = tempfile.mkdtemp(prefix="nestprobe-")
    try:
        with zipfile.ZipFile(os.path.dirname(os.path.abspath(__file__))) as archive:
            archive.extractall(folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, [folder, os.environ.get("PYTHONPATH")])
        )
        os.environ["TMPDIR"] = os.path.join(folder, "tmp")
        os.mkdir(os.environ["TMPDIR"])
        # The probe looks for cases beside itself, so that it finds those that came with it.
        process = subprocess.Popen([sys.executable, "-s", "-m", "nestprobe"] + sys.argv[1:])
        # It ends as it is told to, and this when it has ended; Ctrl-C reaches both.
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
'''


def package() -> Path:
    """Folder of the installed ``nestprobe`` package, found without importing it."""
    spec = importlib.util.find_spec("nestprobe")
    if spec is None or not spec.submodule_search_locations:
        raise GroundError(
            "The probe is not installed.",
            why="nestbench was installed without its package nestprobe.",
            do="Install nestbench again with pip.",
        )
    return Path(spec.submodule_search_locations[0])


def sources(root: Path) -> list[Path]:
    """Every file of the probe in ``root``, sorted."""
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    )


def stage(folder: Path) -> Path:
    """A folder under ``folder`` that holds the probe and nothing else; made where missing.

    Safe when several do it at once, also where all find it altered. Raises GroundError where the folder
    cannot be written.
    """
    target = folder / _digest(package())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "staging.lock", timeout=_PATIENCE_SECONDS):
            return _staged(target)
    except OSError as error:
        raise GroundError(
            f"The probe could not be copied to {target}.",
            why=f"{error.strerror or error}.",
            do="Free some space or name a folder that can be written with --envs DIR.",
        ) from error


def _staged(target: Path) -> Path:
    if target.is_dir():
        if _digest(target / "nestprobe") == target.name:
            return target
        # Something wrote to it, and it would observe everything from now on.
        altered = Path(tempfile.mkdtemp(prefix=".altered-", dir=target.parent))
        target.rename(altered / target.name)
        shutil.rmtree(altered, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=".making-", dir=target.parent))
    try:
        _copy(made)
        made.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def signature(staged: Path) -> tuple[tuple[str, int, int, int], ...]:
    """What tells that a file below ``staged`` was changed, also back again: ctime cannot be set by hand."""
    found = []
    for path in sources(staged):
        with contextlib.suppress(FileNotFoundError):
            seen = path.stat()
            found.append((str(path), seen.st_ino, seen.st_size, seen.st_ctime_ns))
    return tuple(found)


def pack(out: Path, cases: Iterable[Path]) -> None:
    """Write the probe and ``cases`` (files) as one executable zip that needs only TensorFlow.

    Raises GroundError where ``out`` cannot be written, UsageError where it cannot be a file, and for
    two files of one name.
    """
    check_output(out, option="OUT.pyz")
    scratch = tempfile.gettempdir()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            _copy(folder)
            (folder / "cases").mkdir()
            for path in cases:
                target = folder / "cases" / path.name
                if target.exists():
                    raise UsageError(
                        f"Two case files are named {path.name}; one of them is {path}.",
                        why="the packed file holds all cases in one folder",
                        do="Rename one of the two.",
                    )
                shutil.copyfile(path, target)
            (folder / "__main__.py").write_text(_MAIN, encoding="utf-8")
            packed = io.BytesIO()
            zipapp.create_archive(folder, packed, interpreter="/usr/bin/env python3", compressed=True)
    except OSError as error:
        raise GroundError(
            "The probe could not be packed.",
            why=f"{error.filename or scratch}: {error.strerror}.",
            do="Free some space there, or name another folder for temporary files with TMPDIR.",
        ) from error
    write_output(out, packed.getvalue(), option="OUT.pyz", executable=True)


def _copy(folder: Path) -> None:
    root = package()
    for path in sources(root):
        target = folder / "nestprobe" / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _digest(root: Path) -> str:
    found = hashlib.sha256()
    for path in sources(root):
        found.update(os.fsencode(str(path.relative_to(root))) + b"\0")
        found.update(path.read_bytes() + b"\0")
    return found.hexdigest()[:16]
