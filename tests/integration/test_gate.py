"""The gate on real stacks: clean, a planted regression that fails twice, and one that does not."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nestbench.run.workspace import find_workspace
from nestbench.store.seal import sealed, unsealed

pytestmark = [pytest.mark.integration, pytest.mark.uses]

ENVS = find_workspace(Path(__file__)).root / ".nestbench" / "envs"
ONLY = ["--case", "article-example-2", "--case", "list-of-layers", "--case", "raw-variable-attribute"]
CASE = "raw-variable-attribute"


@pytest.fixture(scope="module", params=("tf2.1", "tf2.15", "tf2.21"))
def stack(request, python_of_stack):
    python_of_stack(request.param)
    return request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("gate")
    (made / ".nestbench").mkdir()
    return made


def nestbench(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "nestbench", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert "Traceback" not in done.stderr
    return done


def run(folder, stack, *more):
    return nestbench(folder, "run", stack, *ONLY, "--envs", ENVS, "--quiet", *more)


@pytest.fixture(scope="module")
def measured(folder, stack):
    """A run in two parts, brought together and accepted."""
    for shard in ("1/2", "2/2"):
        done = run(folder, stack, "--shard", shard, "--results", f"jobs/{stack}-{shard[0]}")
        assert done.returncode == 0, done.stdout + done.stderr
    done = nestbench(folder, "collect", "jobs")
    assert done.returncode == 0, done.stderr
    assert nestbench(folder, "accept", stack).returncode == 3  # not the whole catalogue
    done = nestbench(folder, "accept", stack, *ONLY)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def plant(folder, stack, **facts):
    path = folder / "results" / "accepted" / f"{stack}.json"
    data = json.loads(path.read_text())
    data["cells"][CASE] |= facts
    path.write_text(json.dumps(data))


def test_what_is_as_accepted_is_clean_and_what_is_planted_fails_in_a_second_try_too(measured, stack):
    done = run(measured, stack, "--check")
    assert done.returncode == 0, done.stdout
    assert "Gate clean: 1 stack, " in done.stdout
    before = (measured / "results" / "accepted" / f"{stack}.json").read_text()
    plant(measured, stack, counted=90, used=90)
    done = nestbench(measured, "check", stack, *ONLY, "--envs", ENVS, "--junit", "gate.xml")
    assert done.returncode == 1, done.stdout
    assert f"{CASE} on {stack} (" in done.stdout
    assert "used 90 -> 83" in done.stdout
    assert "again in a fresh process: the same" in done.stdout
    assert "<failure" in (measured / "gate.xml").read_text()
    (measured / "results" / "accepted" / f"{stack}.json").write_text(before)


def test_a_failure_that_does_not_come_back_is_unstable(measured, stack):
    path = measured / "results" / "local" / stack / f"{CASE}.json"
    before = path.read_text()
    changed = re.sub(r'"count_params": \d+', '"count_params": 3', unsealed(before, path))
    path.write_text(sealed(changed))
    assert path.read_text() != before
    assert nestbench(measured, "check", stack, *ONLY, "--no-retry").returncode == 1
    done = nestbench(measured, "check", stack, *ONLY, "--envs", ENVS)
    assert done.returncode == 0, done.stdout
    assert f"unstable: {CASE} on {stack}" in done.stdout
    path.write_text(before)
