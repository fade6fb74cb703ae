"""What the probe reports equals what a plain script without the probe finds, on stacks of every era."""

from __future__ import annotations

import json
import subprocess
from math import prod
from pathlib import Path

import pytest

CASES = Path(__file__).parent.parent.parent / "cases"
PLAIN = Path(__file__).parent / "plain_raw_variable.py"

#: Some that raise and some that lose, on one stack or another, and the known model.
SOME = ("article-*", "child-*", "*-of-layers", "raw-variable-attribute")

#: The known model of 83 scalars: Keras 2 counts them all, Keras 3 only those of its Dense.
COUNTED = {"tf2.1": 83, "tf2.15": 83, "tf2.21": 33}


def run(command, probe, folder) -> str:
    done = subprocess.run(
        command, env=probe.environ, cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def observe(probe, folder: Path, *arguments: str) -> dict[str, dict]:
    """What is observed of each cell of SOME."""
    target = folder / "result.json"
    only = [word for pattern in SOME for word in ("--only", pattern)]
    run([*probe.command, "--cases", str(CASES), "-o", str(target), *only, *arguments], probe, folder)
    observations = json.loads(target.read_text())["observations"]
    return {json.dumps([one["case"], one["variant"]], sort_keys=True): one for one in observations}


@pytest.fixture(scope="session")
def observed(probe, tmp_path_factory) -> dict[str, dict]:
    return observe(probe, tmp_path_factory.mktemp("observed"), "--jobs", "1")


@pytest.mark.integration
def test_the_known_model_by_hand_and_by_the_probe(probe, observed, tmp_path):
    plain = json.loads(run([probe.command[0], str(PLAIN)], probe, tmp_path).splitlines()[-1])
    (seen,) = (one for one in observed.values() if one["case"] == "raw-variable-attribute")
    called, variables = seen["phases"]["called"]["model"], seen["variables"]
    raw = next(one for one in variables if one["shape"] == [5, 10])

    def scalars(flag: str) -> int:
        return sum(prod(one["shape"]) for one in variables if one.get(flag))

    assert sum(prod(one["shape"]) for one in variables if one["used"]) == 83
    assert called["count_params"] == called["summary_total"] == COUNTED[probe.stack]
    assert called["count_params"] == plain["count_params"]
    assert called["weights"] == plain["weights"]
    assert called["trainable_weights"] == plain["trainable_weights"]
    assert scalars("in_weights_file") == plain["scalars_in_weights_file"]
    assert scalars("in_checkpoint") == plain["scalars_in_checkpoint"]
    assert raw["changed_by_step"] == plain["raw_variable_moved"]
    assert raw["gradient"] is True  # the loss depends on it, whatever Keras does


@pytest.mark.integration
def test_two_runs_give_the_same_bytes(probe, observed, tmp_path):
    again = observe(probe, tmp_path, "--jobs", "2")

    def as_bytes(cells: dict[str, dict]) -> dict[str, str]:
        return {cell: json.dumps(one, sort_keys=True) for cell, one in cells.items()}

    assert as_bytes(again) == as_bytes(observed)
    assert len(observed) > 20
