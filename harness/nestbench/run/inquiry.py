"""One question to the probe in a stack's environment: a process that answers in a file and ends."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nestbench.errors import GroundError
from nestbench.run.asking import asking
from nestbench.run.orchestrate import Prepared
from nestbench.run.probe_process import Limits
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
    request, result = own / "request.json", own / "result.json"
    data = {**asked, "scratch": str(own), "result": str(result), "limits": asdict(limits)}
    request.write_text(json.dumps(data), encoding="utf-8")
    words = workspace.log(log)
    said = f"its words are in {words}"
    # Of several that threads wait for, Ctrl-C ends each: no session of its own.
    with asking(command, request, made, workspace=workspace, log=words, session=False) as process:
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise GroundError(f"the probe took more than {seconds:.0f} s; {said}") from error
    text = read_text(result)
    if status or text is None:
        raise GroundError(f"the probe ended with status {status}; {said}")
    answer: dict[str, Any] = json.loads(text)
    return answer
