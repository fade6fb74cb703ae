"""The machine that times: what tells it from another, and which of its processors launches get."""

import os
import platform
from pathlib import Path

from nestbench.errors import UsageError
from nestbench.machine import processor, this_machine

__all__ = ["host_facts", "set_aside"]


def host_facts() -> dict[str, str]:
    """Free facts of this machine; ``id`` tells it from others."""
    here = this_machine()
    return {
        "id": here["id"],
        "machine": here["machine"],
        "processor": processor(),
        "cpus": here["cpus"],
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "turbo": _first_line(Path("/sys/devices/system/cpu/intel_pstate/no_turbo")) or "unknown",
        "governor": _first_line(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")) or "unknown",
    }


def set_aside(asked: str | None) -> tuple[int, ...]:
    """The processors that launches run on: those of a list such as ``1,3``, else the last one.

    One by default: a launch computes on one thread, and whoever starts it and looks on stays away.
    Raises UsageError for what is no list of processors that this process may use.
    """
    usable = sorted(os.sched_getaffinity(0))
    if asked is None:
        return (usable[-1],)
    try:
        chosen = tuple(sorted({int(word) for word in asked.split(",")}))
    except ValueError:
        chosen = ()
    if not chosen or not set(chosen) <= set(usable):
        names = ", ".join(map(str, usable))
        raise UsageError(f"--cpus {asked} names no processors of this machine.", do=f"There are: {names}.")
    return chosen


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").splitlines()[0]
    except (OSError, IndexError, UnicodeDecodeError):
        return ""
