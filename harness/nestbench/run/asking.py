"""A process of the probe that answers a request file in files, and of which nothing is left at its end."""

import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nestbench import staging
from nestbench.run.orchestrate import Prepared
from nestbench.run.probe_process import MARK, kill_marked
from nestbench.run.workspace import Workspace

__all__ = ["asking"]


@contextmanager
def asking(
    command: str, request: Path, made: Prepared, *, workspace: Workspace, log: Path, session: bool = True
) -> Iterator[subprocess.Popen[bytes]]:
    """The probe's ``command`` in ``made``, at work on ``request`` in the folder that this lies in.

    ``log``: where its words go. ``session``: it has one of its own, so that Ctrl-C reaches this process
    alone. When the body has ended, whichever way, so has it, and all that its cases have started.
    """
    home = Path(tempfile.mkdtemp(prefix="home-", dir=request.parent))
    probe, mark = staging.stage(workspace.folder("probe")), uuid.uuid4().hex
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(made.python), "-s", "-m", "nestprobe", command, str(request)],
            env={**made.environ(home, probe), MARK: mark},
            cwd=request.parent,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=session,
        )
    try:
        yield process
    finally:
        if process.poll() is None:  # also on Ctrl-C
            process.kill()
        process.wait()
        kill_marked(mark)  # its cells die with it, what these have started does not
