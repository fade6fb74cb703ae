"""Runs on a real stack: complete, deterministic, resumable after every way of being ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nestbench.interpreters import Available, availabilities
from nestbench.matrix import load_matrix
from nestbench.run.workspace import find_workspace

pytestmark = pytest.mark.integration

SELECTION = ["--group", "article", "--group", "attributes"]


@pytest.fixture(scope="module")
def stack():
    """The last stack with Keras 2 where this machine has its Python, else any that it can make."""
    stacks = load_matrix().stacks
    found = availabilities(stacks, allow_download=False)
    can = [one.id for one in stacks if isinstance(found[one.id], Available)]
    if not can:
        pytest.skip("this machine has no interpreter of any stack, see `nestbench matrix`")
    return "tf2.15" if "tf2.15" in can else can[-1]


def command(stack, results, *more):
    envs = find_workspace(Path(__file__)).root / ".nestbench" / "envs"
    more = ("--envs", str(envs), *more)
    return [
        sys.executable, "-m", "nestbench", "run", stack, *SELECTION, "--results", str(results), *more,
    ]  # fmt: skip


ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def run(stack, results, *more):
    return subprocess.run(
        command(stack, results, *more),
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRON,
        cwd=results,  # so that working files, whose paths name our processes, lie there too
    )


def observations(results):
    """What was seen; not where, nor what the run has yet to look at."""
    beside = ("_host.json", "_unconfirmed.json")
    return {path.name: path.read_bytes() for path in results.glob("*/*.json") if path.name not in beside}


def left_running(results):
    """Command lines of living processes that work in this run's folders."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(results) in line:
            found.append(line)
    return found


def end_midway(stack, results, number):
    """Start a run, send it a signal once a few results are there; its exit status."""
    process = subprocess.Popen(
        command(stack, results),
        env=ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=results,
        # Started in the background, as by `.ci/run &`, pytest ignores SIGINT and its children would.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )
    deadline = time.monotonic() + 600
    while len(observations(results)) < 4 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output.decode()


@pytest.fixture(scope="module")
def whole(stack, tmp_path_factory):
    results = tmp_path_factory.mktemp("whole")
    done = run(stack, results)
    assert done.returncode == 0, done.stderr
    return results


def test_a_run_is_complete_and_writes_its_tables(whole, stack):
    for name in ("table.md", "table.csv", "table.json"):
        assert stack in (whole / name).read_text()


def test_what_is_current_is_not_run_again(whole, stack):
    before = observations(whole)
    done = run(stack, whole)
    assert done.returncode == 0
    assert ", 0 to run." in done.stderr
    assert observations(whole) == before


def test_two_runs_give_the_same_bytes_also_with_several_jobs(whole, stack, tmp_path):
    assert run(stack, tmp_path, "--workers", "3").returncode == 0
    assert observations(tmp_path) == observations(whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_loses_nothing_and_goes_on(whole, stack, tmp_path, number):
    code, output = end_midway(stack, tmp_path, number)
    if number == signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == 3, output
        assert "same command goes on" in output
    deadline = time.monotonic() + 10
    while left_running(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_running(tmp_path) == []
    kept = observations(tmp_path)
    assert 4 <= len(kept) < len(observations(whole))
    done = run(stack, tmp_path)
    assert done.returncode == 0
    assert "0 cells current" not in done.stderr
    assert observations(tmp_path).keys() == observations(whole).keys()
    assert kept.items() <= observations(tmp_path).items()
