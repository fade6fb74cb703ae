"""One question to the probe in a stack's environment: a process that answers in a file and ends."""

import json
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nestbench import staging
from nestbench.errors import GroundError
from nestbench.run.orchestrate import Prepared
from nestbench.run.probe_process import MARK, Limits, kill_marked
from nestbench.run.workspace import Workspace
from nestbench.store.disk import read_text

__all__ = ["inquire"]


def inquire(
    command: str,
    asked: Mapping[str, Any],
    made: Prepared,
    *,
    limits: Limits,
    seconds: float,
    workspace: Workspace,
    scratch: Path,
    log: str,
) -> dict[str, Any]:
    """What the probe's ``command`` answers to ``asked``.

    ``limits``: of one child of that process; ``seconds``: for all of it. ``scratch``: an existing folder,
    in which it gets one of its own. ``log``: by that name the workspace keeps its words. Raises GroundError
    where it does not answer; nothing of it is running afterwards.
    """
    own = Path(tempfile.mkdtemp(prefix=f"{command}-", dir=scratch))
    home, request, result = own / "home", own / "request.json", own / "result.json"
    home.mkdir()
    data = {**asked, "scratch": str(own), "result": str(result), "limits": asdict(limits)}
    request.write_text(json.dumps(data), encoding="utf-8")
    probe, mark = staging.stage(workspace.folder("probe")), uuid.uuid4().hex
    said = f"its words are in {workspace.log(log)}"
    with workspace.log(log).open("ab") as out:
        try:
            done = subprocess.run(
                [str(made.python), "-s", "-m", "nestprobe", command, str(request)],
                env={**made.environ(home, probe), MARK: mark},
                cwd=own, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, timeout=seconds,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise GroundError(f"the probe took more than {seconds:.0f} s; {said}") from error
        finally:
            kill_marked(mark)  # its cells die with it, what these have started does not
    text = read_text(result)
    if done.returncode or text is None:
        raise GroundError(f"the probe ended with status {done.returncode}; {said}")
    answer: dict[str, Any] = json.loads(text)
    return answer
