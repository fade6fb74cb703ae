"""`nestbench bench site` on a small staged site: what it tells, and against which aims."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PUBLISHED = Path(__file__).parents[2] / "results" / "published"

pytestmark = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="no results/published: the tests run outside of a checkout"
)
AIMS = {
    "build_seconds": 20,
    "build_megabytes": 600,
    "carried_kilobytes": 500,
    "usable": 1000,
    "slowest_filter": 100,
}


def told(*words):
    command = [sys.executable, "-m", "nestbench", "bench", "site", "--stacks", "2", "--cases", "11", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_it_builds_and_uses_a_site_and_says_which_aims_are_missed(browser, chromium):
    del browser  # skipped where none starts
    code, text = told("--format", "json", *(["--browser", chromium] if chromium else []))
    data = json.loads(text)
    assert (data["stacks"], data["cases"], data["cells"], data["why_not"]) == (2, 11, 22, "")
    assert {name: one["most"] for name, one in data["ratios"].items()} == AIMS
    assert all(one["value"] > 0 for one in data["ratios"].values())
    assert data["front_kilobytes"] < data["ratios"]["carried_kilobytes"]["value"]
    assert code == (1 if any(one["missed"] for one in data["ratios"].values()) else 0)


def test_without_a_browser_that_starts_the_reason_is_told_and_the_build_is_measured(tmp_path):
    pytest.importorskip("playwright")
    code, text = told("--browser", str(tmp_path / "none"), "--format", "table")
    assert "the site" in text.lower()
    assert "at most 20 s" in text
    assert "Not used in a browser: the browser did not do it" in " ".join(text.split())
    assert "usable after" not in text
    assert code == 3
