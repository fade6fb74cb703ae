"""nestbench's own dependencies: pinned with hashes, and none taken in its first week."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from nestbench.matrix.uv_tool import find_uv

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lock():
    return tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))


def check(folder, cache):
    # With nothing in its cache and no network, uv can only compare.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    command = [find_uv(), "lock", "--check", "--offline", "--cache-dir", str(cache)]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_the_lock_is_that_of_the_project(tmp_path):
    done = check(ROOT, tmp_path / "cache")
    assert done.returncode == 0, f"run `uv lock`: {done.stderr}"


def test_a_new_dependency_makes_the_lock_stale(tmp_path):
    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    project = tmp_path / "pyproject.toml"
    project.write_text(project.read_text().replace('"filelock>=3.13",', '"filelock>=3.13", "six",'))
    assert check(tmp_path, tmp_path / "cache").returncode != 0


def test_whatever_can_be_installed_has_a_hash(lock):
    packages = [one for one in lock["package"] if "registry" in one["source"]]
    assert len(packages) > 50
    for one in packages:
        files = [*one.get("wheels", ()), *([one["sdist"]] if "sdist" in one else ())]
        assert files
        assert all(file["hash"].startswith("sha256:") for file in files), one["name"]


def test_a_release_is_left_alone_for_a_week(lock):
    assert lock["options"]["exclude-newer-span"] == "P7D"
