"""The probe and the cases stay within Python 3.7, told by tools and by the interpreters themselves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nestprobe
from nestbench.interpreters import Unavailable, find

ROOT = Path(__file__).parent.parent.parent
TESTS = ROOT / "tests" / "probe"
HARNESS = Path(nestprobe.__file__).parent.parent
OLDEST, NEWEST = 7, 13


def interpreter(python):
    found = find(python, allow_download=False)
    if isinstance(found, Unavailable):
        pytest.skip(f"{found.reason}; to get it: {found.remedy}")
    return found.path


def run(command, folder):
    # The interpreter gets the probe alone: an environment that has nestprobe must not help it.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ |= {"PYTHONPATH": str(HARNESS), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(folder)}
    return subprocess.run(
        list(map(str, command)), env=environ, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("minor", range(OLDEST, NEWEST + 1))
def test_the_probes_own_tests_pass_on(minor, tmp_path):
    python = interpreter(f"3.{minor}")
    done = run([python, "-s", "-m", "unittest", "discover", "-v", "-s", TESTS], tmp_path)
    assert done.returncode == 0, done.stderr
    for file in TESTS.glob("test_*.py"):
        assert f"({file.stem}." in done.stderr, f"{file.name} was not run"


def test_an_older_python_is_refused_in_one_clear_line(tmp_path):
    done = run([interpreter("3.6"), "-m", "nestprobe"], tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("nestprobe needs Python 3.7 or later; this is 3.6.")


def test_no_call_of_a_newer_standard_library():
    folders = [HARNESS / "nestprobe", ROOT / "cases", TESTS]
    command = [sys.executable, "-c", "import vermin; vermin.main()"]
    options = ["--quiet", "--no-tips", "--violations", "--target=3.7-"]
    done = subprocess.run([*command, *options, *folders], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
