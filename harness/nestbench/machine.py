"""The machine that this process runs on, told from others without its name: results are published."""

import hashlib
import os
import platform
from pathlib import Path

__all__ = ["host_digest", "processor", "this_machine"]

_DIGITS = 12


def this_machine() -> dict[str, str]:
    """Free facts; ``id`` is a digest of its name, processor and size."""
    return {
        "id": host_digest(platform.node(), platform.machine(), processor(), str(os.cpu_count())),
        "machine": platform.machine(),
        "platform": platform.platform(),
        "cpus": str(os.cpu_count()),
    }


def host_digest(*facts: str) -> str:
    """Stands for a machine's name and what else tells it from others."""
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:_DIGITS]


def processor() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.processor())
