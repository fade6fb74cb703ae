"""Makes one environment with tox: a configuration of its own, its output kept in a log."""

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nestbench.environments import leash
from nestbench.interpreters import Interpreter
from nestbench.matrix.stack import Stack
from nestbench.matrix.uv_tool import find_links, find_uv, uv_environ

_SECONDS = 3600  # a slow line fetches 1 GB in that time
# tox reads Python versions and factors out of environment names; ids must mean nothing to it.
_ENV_NAME = "stack"

_TOX_INI = """\
# Made by nestbench for {stack_id}; written anew whenever the environment is made.
[tox]
env_list = {name}
no_package = true
skip_missing_interpreters = false

[testenv:{name}]
runner = uv-venv-runner
base_python = {python}
env_dir = {{tox_root}}{sep}venv
pass_env = *
deps = -r lock.txt
install_command = {uv} pip install --no-config --require-hashes --no-deps{links} {{opts}} {{packages}}
"""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The files of one environment."""

    path: Path

    @property
    def venv(self) -> Path:
        """The virtual environment itself."""
        return self.path / "venv"

    @property
    def stamp(self) -> Path:
        """Written last: what the environment was made from."""
        return self.path / "stamp.json"

    @property
    def files(self) -> Path:
        """The digest of the files that it was made with: their paths, sizes and times."""
        return self.path / "files.sha256"

    @property
    def contents(self) -> Path:
        """The digest of what these files hold."""
        return self.path / "contents.sha256"

    @property
    def inodes(self) -> Path:
        """The digest of when the kernel saw them change last, before they were found to hold that."""
        return self.path / "inodes.sha256"

    @property
    def log(self) -> Path:
        """What tox and uv said when the environment was made."""
        return self.path / "provision.log"

    @property
    def tox_ini(self) -> Path:
        """The tox configuration that makes it."""
        return self.path / "tox.ini"

    @property
    def lock(self) -> Path:
        """The lock as it was installed."""
        return self.path / "lock.txt"


def write_configuration(folder: Folder, stack: Stack, interpreter: Interpreter, lock_text: str) -> None:
    """Writes tox.ini and the lock beside it.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.lock.write_text(lock_text, encoding="utf-8")
    text = _TOX_INI.format(
        stack_id=stack.id,
        name=_ENV_NAME,
        python=interpreter.path,
        sep=os.sep,
        uv=shlex.quote(find_uv()),
        links="".join(f" {shlex.quote(word)}" for word in find_links(stack.find_links)),
    )
    folder.tox_ini.write_text(text, encoding="utf-8")


def run_tox(folder: Folder, stack: Stack, *, held: int, cached: bool = True) -> str:
    """Runs tox and returns all that it said; whether it succeeded is for inspection to say.

    ``cached``: whether packages may come from uv's cache. ``held`` is the file descriptor of the
    environment's lock. The leash inherits it, so that the lock outlives a killed controller until the last
    process that writes here has ended.

    Raises:
        OSError: the log cannot be written, or tox not be started.
    """
    tox = [sys.executable, "-m", "tox", "run", "-c", str(folder.tox_ini), "-e", _ENV_NAME]
    work = folder.path / ".tox"
    command = [*tox, "--workdir", str(work), "--notest", "-v"]
    temporary = work / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    with folder.log.open("wb") as log:
        log.write(f"$ {shlex.join(command)}\n".encode())
        log.flush()
        process = subprocess.Popen(
            [sys.executable, "-I", leash.__file__, *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environ(stack, temporary, cached=cached),
            cwd=folder.path,
            pass_fds=(held,),
            start_new_session=True,
        )
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            log.write(f"\nnestbench: operation timed out after {_SECONDS} s\n".encode())
        finally:
            assert process.stdin is not None
            process.stdin.close()  # the leash ends what still runs
            process.wait()
            shutil.rmtree(temporary, ignore_errors=True)
    return folder.log.read_text(encoding="utf-8", errors="replace")


def _environ(stack: Stack, temporary: Path, *, cached: bool) -> dict[str, str]:
    # The date holds for what builds a package from source, too: lock and builds see one index.
    return {
        **uv_environ(temporary),
        "UV_REQUIRE_HASHES": "1",
        "UV_EXCLUDE_NEWER": f"{stack.resolved.isoformat()}T00:00:00Z",
        "UV_PYTHON_DOWNLOADS": "never",
        "PYTHONUTF8": "1",
        **({} if cached else {"UV_NO_CACHE": "1"}),
    }
