"""Prepares a stack's environment: takes the one that is there if it is what the lock says."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nestbench.environments.failures import os_failure, provisioning_failure
from nestbench.environments.inspection import (
    CHANGED,
    differences,
    in_brief,
    python_differs,
    python_of,
    strangers,
)
from nestbench.environments.inventory import Looks, contents_digest, looks
from nestbench.environments.provision import Folder, run_tox, write_configuration
from nestbench.errors import GroundError, UnavailableError
from nestbench.interpreters import Interpreter, Unavailable, availability
from nestbench.matrix.locks import LockState, check_header, lock_command, lock_digest, pins, read_lock
from nestbench.matrix.stack import Stack

_SCHEMA = 1
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A stack's environment that holds exactly what its lock names.

    ``lock_digest`` is the SHA-256 of the lock, ``log`` what tox said when it was made, ``made`` tells it
    from all that lay there before or will.
    """

    stack_id: str
    folder: Path
    python_path: Path
    python_version: str
    lock_digest: str
    log: Path
    freshly_made: bool
    made: str


def environment_folder(stack: Stack, root: Path) -> Path:
    """Where the stack's environment lies below ``root``."""
    return root.absolute() / ".nestbench" / "envs" / stack.id


def why_not_at_hand(stack: Stack, root: Path, *, folder: Path | None = None) -> str:
    """Why the stack's environment is not here as its lock says, as a phrase; empty where it is.

    Makes and downloads nothing.
    """
    try:
        lock_text = _current_lock(stack)
    except GroundError as error:
        return error.what
    found = availability(stack, allow_download=False)
    if isinstance(found, Unavailable):
        return found.reason
    place = Folder(path=(folder or environment_folder(stack, root)).absolute())
    outdated = _outdated(stack, place, found.interpreter, lock_text)
    return f"its environment is not at hand ({outdated})" if outdated else ""


def prepare(
    stack: Stack,
    root: Path,
    *,
    allow_download: bool,
    on_progress: Progress | None = None,
    folder: Path | None = None,
) -> Environment:
    """The stack's environment, made where there is none or where it is not what the lock says.

    ``folder`` is used instead of the place below ``root``. Two processes that want the same
    environment wait for each other. ``on_progress`` hears what takes long.

    Raises:
        GroundError: it cannot be made here; the error says why, and names the log.
        UnavailableError: the machine lacks the stack's device.
    """
    say = on_progress or (lambda _message: None)
    lock_text = _current_lock(stack)
    available = availability(stack, allow_download=allow_download)
    if isinstance(available, Unavailable):
        kind = UnavailableError if available.no_device else GroundError
        raise kind(f"{stack.id} cannot be made here: {available.reason}.", do=f"{available.remedy}.")
    place = Folder(path=(folder or environment_folder(stack, root)).absolute())
    with _alone(stack, place, say) as held:
        outdated = _outdated(stack, place, available.interpreter, lock_text)
        if outdated:
            say(f"{stack.id}: making its environment, Python {stack.python} ({outdated})")
            _make(stack, place, available.interpreter, lock_text, held=held, say=say)
        made = _made(place)
    return Environment(
        stack_id=stack.id,
        folder=place.path,
        python_path=python_of(place.venv),
        python_version=available.interpreter.version,
        lock_digest=lock_digest(stack),
        log=place.log,
        freshly_made=bool(outdated),
        made=made,
    )


def altered(stack: Stack, environment: Environment) -> str:
    """What of its files is not as it was made, as a phrase; empty where all is. Raises GroundError."""
    place = Folder(path=environment.folder)
    wrong = _changed(place, environment.python_version, read_lock(stack))
    return wrong or _another(place, environment.made)  # another command may have mended it meanwhile


def why_not_unaltered(stack: Stack, root: Path, made: str, *, folder: Path | None = None) -> str:
    """Why it cannot be said that the environment ``made`` is as it was made, as a phrase; empty where it is.

    Makes and downloads nothing.
    """
    place = Folder(path=(folder or environment_folder(stack, root)).absolute())
    return why_not_at_hand(stack, root, folder=folder) or _another(place, made)


def _current_lock(stack: Stack) -> str:
    text = read_lock(stack)
    header = check_header(stack)
    if header.state is not LockState.CURRENT:
        raise GroundError(
            f"The lock of {stack.id} does not belong to its row: {header.detail}.",
            why="the row was changed and not locked again",
            do=f"Run `{lock_command(stack)}`, or take the change of the row back.",
        )
    return text


@contextlib.contextmanager
def _alone(stack: Stack, place: Folder, say: Progress) -> Iterator[int]:
    """Keeps other processes off the environment; yields the lock's file descriptor.

    flock rather than the filelock package: the descriptor is handed to the process that runs tox.
    """
    try:
        place.path.mkdir(parents=True, exist_ok=True)
        held = os.open(place.path / ".alone", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise os_failure(f"The folder {place.path} cannot be made or written to", error) from error
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{stack.id}: waiting for another process that prepares this environment")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield held
    finally:
        os.close(held)


def _outdated(stack: Stack, place: Folder, interpreter: Interpreter, lock_text: str) -> str:
    """Why the environment must be made, as a phrase; empty where it is as it should be."""
    if not place.venv.exists():
        return "there is none yet"
    try:
        stamp = json.loads(place.stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "the one there was not finished"
    if stamp != _stamp(stack, interpreter):
        return "it was made from another lock or by another Python"
    wrong = python_differs(place.venv, interpreter.version)
    return in_brief(wrong) or _changed(place, interpreter.version, lock_text)


def _changed(place: Folder, version: str, lock_text: str) -> str:
    """What of its files is not as it was made, as a phrase; empty where all is."""
    try:
        recorded, now = _recorded(place.files), looks(place.venv)
        same = recorded == now.files
        if same and _recorded(place.inodes) == now.inodes:
            return ""
        if same and _recorded(place.contents) == contents_digest(place.venv):
            with contextlib.suppress(OSError):  # where it cannot be written they are read again next time
                _write(place.inodes, now.inodes + "\n")
            return ""
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    wrong = differences(place.venv, version=version, pins=pins(lock_text), read=True)
    wrong += strangers(place.venv, version)
    return in_brief(wrong) or "its files are not those that it was made with"


def _make(
    stack: Stack, place: Folder, interpreter: Interpreter, lock_text: str, *, held: int, say: Progress
) -> None:
    try:
        output, wrong = _install(stack, place, interpreter, lock_text, held=held)
        if any(problem.endswith(CHANGED) for problem in wrong):
            # uv links its cache into environments: who writes to a file in one of them writes to all.
            say(f"{stack.id}: once more, past uv's cache ({in_brief(wrong)})")
            altered_in_cache = dict.fromkeys(one.split(":")[0] for one in wrong if one.endswith(CHANGED))
            output, wrong = _install(stack, place, interpreter, lock_text, held=held, cached=False)
            if not wrong:
                say(
                    f"{stack.id}: uv's cache holds altered files, for every environment that uv makes: "
                    f"`uv cache clean {' '.join(altered_in_cache)}` removes them"
                )
        if wrong:
            raise provisioning_failure(stack.id, output, place.log, found=in_brief(wrong))
        _record(place, looks(place.venv))
        _write(place.stamp, json.dumps(_stamp(stack, interpreter), indent=1) + "\n")
    except OSError as error:
        raise os_failure(f"The environment of {stack.id} in {place.path} failed", error) from error


def _install(
    stack: Stack, place: Folder, interpreter: Interpreter, lock_text: str, *, held: int, cached: bool = True
) -> tuple[str, tuple[str, ...]]:
    """What tox said, and how what it made differs from the lock."""
    # From nothing each time, the stamp first and last: what is there is whole or has no stamp.
    for stamp in (place.stamp, place.files, place.contents, place.inodes):
        stamp.unlink(missing_ok=True)
    for old in (place.venv, place.path / ".tox"):
        if old.exists():
            shutil.rmtree(old)
    write_configuration(place, stack, interpreter, lock_text)
    output = run_tox(place, stack, held=held, cached=cached)
    return output, differences(place.venv, version=interpreter.version, pins=pins(lock_text), read=True)


def _another(place: Folder, made: str) -> str:
    return "" if _made(place) == made else "another environment is in its place"


def _made(place: Folder) -> str:
    """By the file that is written last, and the kernel's own time of that; empty where it is not there."""
    try:
        seen = place.stamp.stat()
    except OSError:
        return ""
    return f"{seen.st_ino}-{seen.st_ctime_ns}"


def _recorded(record: Path) -> str:
    return record.read_text(encoding="utf-8").strip() if record.exists() else ""


def _record(place: Folder, seen: Looks) -> None:
    """``seen``: looks from before its files were read, so that what is written meanwhile is noticed."""
    for record, digest in (
        (place.files, seen.files),
        (place.contents, contents_digest(place.venv)),
        (place.inodes, seen.inodes),
    ):
        _write(record, digest + "\n")


def _write(path: Path, text: str) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def _stamp(stack: Stack, interpreter: Interpreter) -> dict[str, object]:
    return {
        "schema": _SCHEMA,
        "stack": stack.id,
        "lock": lock_digest(stack),
        "python": str(interpreter.path),
        "version": interpreter.version,
    }
