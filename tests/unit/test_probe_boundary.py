"""The probe and the cases stay within Python 3.7, told by tools and by the interpreters themselves."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nestprobe
from nestbench.interpreters import Unavailable, find
from nestbench.staging import stage

ROOT = Path(__file__).parent.parent.parent
TESTS = ROOT / "tests" / "probe"
MINORS = range(7, 14)


def skip(missing):
    pytest.skip(f"{missing.reason}; to get it: {missing.remedy}")


def run(command, folder):
    # The probe alone, as a stack gets it: beside it in an environment lies what an old Python cannot read.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ |= {"PYTHONPATH": str(stage(folder / "probe")), "TMPDIR": str(folder)}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        list(map(str, command)), env=environ, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The probe's tests on every Python there is, several at once: they wait more than they work."""

    def one(minor):
        found = find(f"3.{minor}", allow_download=False)
        if isinstance(found, Unavailable):
            return found
        command = [found.path, "-s", "-m", "unittest", "discover", "-v", "-s", TESTS]
        return run(command, tmp_path_factory.mktemp(f"python3.{minor}"))

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(MINORS, pool.map(one, MINORS), strict=True))


@pytest.mark.parametrize("minor", MINORS)
def test_the_probes_own_tests_pass_on(minor, runs):
    done = runs[minor]
    if isinstance(done, Unavailable):
        skip(done)
    assert done.returncode == 0, done.stderr
    for file in TESTS.glob("test_*.py"):
        assert f"({file.stem}." in done.stderr, f"{file.name} was not run"


def test_an_older_python_is_refused_in_one_clear_line(tmp_path):
    found = find("3.6", allow_download=False)
    if isinstance(found, Unavailable):
        skip(found)
    done = run([found.path, "-m", "nestprobe"], tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("nestprobe needs Python 3.7 or later; this is 3.6.")


def test_no_call_of_a_newer_standard_library():
    folders = [Path(nestprobe.__file__).parent, ROOT / "cases", TESTS, ROOT / "tests" / "healthy"]
    command = [sys.executable, "-c", "import vermin; vermin.main()"]
    options = ["--quiet", "--no-tips", "--violations", "--target=3.7-"]
    done = subprocess.run([*command, *options, *folders], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
