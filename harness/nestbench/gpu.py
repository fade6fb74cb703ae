"""Whether this machine has an NVIDIA GPU, as nvidia-smi tells: asked before an environment is made for one.

Whether Keras computes on it is the probe's to say, once the environment is there.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

_SECONDS = 60  # without its persistence daemon, the driver takes its time for each GPU
_SAID = 200
_DEVICES = Path("/dev")


def missing_gpu() -> str:
    """Why no NVIDIA GPU can be used here, as a phrase; empty where there is one.

    The answer is kept for the life of the process.
    """
    return _missing(os.environ.get("PATH", ""), os.environ.get("CUDA_VISIBLE_DEVICES"))


@cache
def _missing(path: str, visible: str | None) -> str:
    if visible is not None and visible.strip() in {"", "-1"}:
        return f"CUDA_VISIBLE_DEVICES is {visible!r}, which hides every GPU"
    program = shutil.which("nvidia-smi", path=path)
    if program is None:
        # A container may be given the device without the program.
        return "" if any(_DEVICES.glob("nvidia[0-9]*")) else "nvidia-smi is not there"
    try:
        done = subprocess.run(
            [program, "-L"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"nvidia-smi did not answer in {_SECONDS} s"
    except OSError as error:
        return f"nvidia-smi does not run: {error.strerror}"
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if done.returncode:
        return f"nvidia-smi says: {' '.join(lines)[:_SAID] or f'exit status {done.returncode}'}"
    return "" if any(line.startswith("GPU ") for line in lines) else "nvidia-smi lists none"
