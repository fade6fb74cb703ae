"""Cases that misbehave get a named outcome each, and cost no other case its result."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from nestprobe.confinement import keeps_apart

PLANTED = Path(__file__).parent.parent / "planted"
SECONDS = 15  # far above what a planted case takes on a busy machine, far below the tests' patience

#: way -> (outcomes that may be named, exception type in the phase "called")
EXPECTED: dict[str, tuple[set[str], str | None]] = {
    "segfault": ({"crashed"}, None),
    "os-exit": ({"exited"}, None),
    "sys-exit": ({"observed"}, "SystemExit"),
    "hang-in-python": ({"timed-out"}, None),
    "hang-in-c": ({"timed-out"}, None),
    "recursion": ({"observed"}, "RecursionError"),
    # Python 3.12 guards its C stack; before, the stack overflows.
    "recursion-without-limit": ({"crashed", "observed"}, "RecursionError"),
    "eat-memory": ({"out-of-memory"}, None),
    "garbage-on-stdout": ({"observed"}, None),
    "close-descriptors": ({"observed"}, None),
    "leave-children": ({"observed"}, None),
    "write-environment": ({"observed"}, "PermissionError" if keeps_apart() else None),
    "raise": ({"observed"}, "ZeroDivisionError"),
}


def observe(probe, folder: Path, *arguments: str) -> list[dict]:
    target, temporary = folder / "result.json", folder / "temporary"
    temporary.mkdir(exist_ok=True)
    done = subprocess.run(
        [*probe.command, "--cases", str(PLANTED), "-o", str(target), *arguments],
        env={**probe.environ, "TMPDIR": str(temporary)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []
    return json.loads(target.read_text())["observations"]


def left_running() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if command[:2] == [b"sleep", b"987654"]:
            found.append(entry.name)
    return found


@pytest.fixture(scope="session")
def alone(probe, tmp_path_factory) -> list[dict]:
    """What well-behaved cases give where there are no others."""
    return observe(
        probe, tmp_path_factory.mktemp("alone"), "--only", "planted-wellbehaved", "--launch", "fork"
    )


@pytest.mark.integration
def test_every_way_of_misbehaving_has_its_own_outcome_and_harms_nobody(probe, alone, tmp_path):
    together = observe(probe, tmp_path, "--timeout", str(SECONDS), "--memory", "1500", "--jobs", "2")

    bad = {o["variant"]["way"]: o for o in together if o["case"] == "planted-misbehaviour"}
    assert set(bad) == set(EXPECTED)
    for way, (kinds, exception) in EXPECTED.items():
        outcome = bad[way]["outcome"]
        assert outcome["kind"] in kinds, (way, outcome)
        if outcome["kind"] != "observed":
            assert outcome["phase"] == "called", (way, outcome)
            assert bad[way]["phases"]["built"]["status"] == "done"
        elif exception is not None:
            assert bad[way]["phases"]["called"]["raised"]["type"] == exception, way

    good = [o for o in together if o["case"] == "planted-wellbehaved"]
    by_variant = {o["variant"]["which"]: o for o in good}
    assert by_variant == {o["variant"]["which"]: o for o in alone}
    assert set(by_variant) == {"first", "second"}
    assert left_running() == []


@pytest.mark.integration
def test_a_fresh_process_observes_what_a_fork_does(probe, alone, tmp_path):
    fresh = observe(probe, tmp_path, "--only", "planted-wellbehaved", "--launch", "fresh")

    def counts(observations):
        return [(o["case"], o["variant"], o["outcome"], o["variables"]) for o in observations]

    assert counts(alone) == counts(fresh)
    assert alone == fresh
