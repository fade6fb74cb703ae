"""What is published equals what plain scripts find, without the probe, on stacks of every era.

Three things of every container and attribute case: what Keras lists and counts; what h5py and
``tf.train.list_variables`` find in the files; which weights a plain ``fit`` moves.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from nestbench.environments import clean_environ
from nestbench.store import Store
from nestprobe.observation import Observation, Status

ROOT = Path(__file__).parent.parent.parent
PLAIN = Path(__file__).parent / "plain_model.py"
FILES = ("containers", "container_mutations", "attributes", "replaced_attributes")
STACKS = ("tf2.1", "tf2.9", "tf2.15", "tf2.16", "tf2.21")
FEWEST = 80  # variants that run on the poorest of these stacks


def published(stack: str, case: str, variant: dict[str, str]) -> Observation:
    result = Store(ROOT / "results" / "published").load(stack, case)
    assert result is not None, case
    seen = result.variant({name: str(value) for name, value in variant.items()})
    assert seen is not None, (case, variant)
    return seen


def shapes(seen: Observation, flag: str, *, listed: bool = False) -> list[list[int]]:
    """Sorted shapes of the floating variables of which ``flag`` was recorded."""
    return sorted(
        one.shape
        for one in seen.variables
        if "float" in one.dtype and getattr(one, flag) and (one.in_weights or not listed)
    )


def recorded(seen: Observation) -> dict[str, object]:
    """What the store says, in the words of the plain script; a phase that raised is "raises"."""
    model = seen.phases["called"].model
    assert model is not None
    phases = {"weights_file": "saved-weights", "checkpoint": "saved-checkpoint", "moved": "trained"}
    found: dict[str, object] = {
        "weights": model.weights,
        "count_params": model.count_params,
        "weights_file": shapes(seen, "in_weights_file"),
        "checkpoint": shapes(seen, "in_checkpoint"),
        "moved": shapes(seen, "changed_by_step", listed=True),
    }
    for name, phase in phases.items():
        if seen.phases[phase].status != Status.DONE:
            found[name] = "raises"
    return found


@pytest.mark.integration
@pytest.mark.parametrize("stack", STACKS)
def test_published_results_are_what_a_plain_script_finds(stack, python_of_stack, tmp_path):
    paths = [str(ROOT / "cases" / f"{name}.py") for name in FILES]
    done = subprocess.run(
        [str(python_of_stack(stack)), "-s", str(PLAIN), *paths],
        env=clean_environ(tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    compared: Counter[str] = Counter()
    for line in done.stdout.splitlines():
        plain = json.loads(line)
        seen = published(stack, plain["case"], plain["variant"])
        label = f"{plain['case']} {plain['variant']}"
        if isinstance(plain["said"], str):  # it raised before anything could be asked
            called = seen.phases.get("called")
            assert called is None or called.model is None or called.model.count_params is None, label
            continue
        said = {
            name: "raises" if isinstance(value, str) else value
            for name, value in plain["said"].items()
            if name != "listed"
        }
        assert said == recorded(seen), label
        compared.update(said.keys())
    assert min(compared.values()) >= FEWEST
