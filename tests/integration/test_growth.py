"""What growth counts at a size is what an observation of that variant counts, on stacks of every era."""

import json
import subprocess
from pathlib import Path

import pytest

CASES = Path(__file__).parent.parent.parent / "cases"
NAMES = ("deep-chain", "wide-list", "many-calls-shared")
SIZES = (4, 16)


def run(command, probe, folder):
    done = subprocess.run(
        command, env=probe.environ, cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr


def observed(probe, folder):
    """(case, size) to the (Python calls, user calls) of its phases built and called."""
    target = folder / "result.json"
    only = [word for name in NAMES for word in ("--only", name)]
    run([*probe.command, "--cases", str(CASES), "-o", str(target), *only], probe, folder)
    found = {}
    for one in json.loads(target.read_text())["observations"]:
        phases = [one["phases"][name] for name in ("built", "called")]
        counts = [(phase["python_calls"], phase.get("user_calls", {})) for phase in phases]
        found[one["case"], int(one["variant"]["n"])] = counts
    return found


def grown(probe, folder):
    """The same of the parts build and first-call."""
    answers, scratch = folder / "answers", folder / "scratch"
    answers.mkdir()
    scratch.mkdir()
    one = {
        "file": str(CASES / "scale.py"),
        "variant": {},
        "growing": "n",
        "sizes": SIZES,
        "count": True,
        "repeats": 1,
    }
    request = {
        "series": [{"case": name, "file": str(CASES / "scale.py"), **one} for name in NAMES],
        "limits": {"seconds": 60},
        "scratch": str(scratch),
        "answers": str(answers),
    }
    path = folder / "request.json"
    path.write_text(json.dumps(request))
    run([*probe.command, "grow", str(path)], probe, folder)
    found = {}
    for number, name in enumerate(NAMES):
        for point in json.loads((answers / f"series-{number}.json").read_text())["points"]:
            assert {part["kind"] for part in point["timed"].values()} == {"measured"}
            parts = [point["counted"][part] for part in ("build", "first-call")]
            found[name, point["size"]] = [(part["python_calls"], part["user_calls"]) for part in parts]
    return found


@pytest.mark.integration
def test_counts_are_those_of_an_observation(probe, tmp_path):
    assert grown(probe, tmp_path) == observed(probe, tmp_path)
