"""Scripts of `nestbench repro` show on real stacks what was measured there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.environments import clean_environ
from nestbench.frames import collect
from nestbench.interpreters import Unavailable, availability
from nestbench.matrix import load_matrix
from nestbench.matrix.uv_tool import find_links, find_uv
from nestbench.store import Store
from nestbench.verdicts import Verdict
from nestbench.witness import make_witness
from nestbench.witness.signals import Signal, changed_by_step, raising_phase
from nestprobe.protocol.messages import clean

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).parent / "plain_run_scripts.py"
STACKS = ("tf2.1", "tf2.15", "tf2.21")
#: From every group, and with every verdict that these stacks have.
CASES = (
    "add-weight-appended", "add-weight-unnamed", "article-example-1", "article-example-3-with-super",
    "instance-dict-bypass", "attribute-named-layers", "super-init-never-called", "build-skips-child",
    "default-build-on-model", "stateless-parent-stateful-subclass", "layer-set-after-build",
    "layer-made-locally-in-call", "sublayer-used-only-in-training", "multiple-inputs-nested",
    "functional-in-subclass", "tied-embedding", "list-appended-then-filled", "list-slice-deleted",
    "dict-mutated-outside", "set-of-layers", "tuple-of-layers", "plain-object-holds-layer",
    "lambda-captures-layer", "batch-norm-frozen-nested", "frozen-after-compile", "unfrozen-after-compile",
    "metric-on-model", "dropout-seed-state", "raw-variable-attribute", "raw-variable-in-list",
    "weight-overwritten", "weights-file-set", "checkpoint-list-of-layers", "clone-nested",
    "model-file-subclass-without-config", "deep-chain", "layer-shared-between-siblings",
    "summary-after-fit", "summary-of-unbuilt", "child-reenabled", "wrapper-subclass",
)  # fmt: skip
SAME = r"gives the same output: (\w+)"


def measured(stack):
    """The published results of the first variant of each case, where it says something."""
    store, catalogue = Store(ROOT / "results" / "published"), load_catalogue().select(CASES)
    first = {entry.id: entry.variants[0] for entry in catalogue}
    cells = [cell for cell in catalogue.cells([stack]) if cell.variant is first[cell.case.id]]
    return [one for one in collect(store, cells) if one.judgements[0].headline is not Verdict.NOT_APPLICABLE]


#: What finds a signal in what was printed, and where the store has it: phase and field.
EXPECTED = {
    Signal.COUNT: (r"^counted (\d+)", "called", "count_params"),
    Signal.BUILD: (r"build\(shape\) alone it counts (\d+)", "built", "count_params"),
    Signal.WEIGHTS: (rf"with the loaded weights {SAME}", "reloaded-weights", "same_output"),
    Signal.CHECKPOINT: (rf"restored from the checkpoint {SAME}", "reloaded-checkpoint", "same_output"),
    Signal.MODEL_FILE: (rf"^the loaded model {SAME}", "reloaded-model", "same_output"),
    Signal.CLONE: (r"^a clone counts (\d+)", "cloned", "count_params"),
    Signal.SUMMARY: (r"Total params:\D*(\d+)", "called", "summary_total"),
    Signal.SUMMARY_AFTER_FIT: (r"Total params:\D*(\d+)", "trained", "summary_total"),
}


def expected(result, signal):
    """What finds a signal in what was printed, and what the store has of it."""
    if signal is Signal.STEP:
        return r"one step of fit\(\) changed (\d+)", changed_by_step(result.observation)
    pattern, phase, field = EXPECTED[signal]
    record = result.observation.phases[phase]
    return pattern, record.same_output if field == "same_output" else getattr(record.model, field)


def without_numbers(text):
    """Keras numbers the layers of a process; a script makes fewer models than the probe."""
    return re.sub(r"\d+", "N", re.sub(r"_\d+\b", "", clean(text)))


@pytest.mark.integration
@pytest.mark.uses
@pytest.mark.parametrize("stack", STACKS)
def test_scripts_show_what_the_store_holds(stack, python_of_stack, tmp_path):
    row, results = load_matrix().get(stack), measured(stack)
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    witnesses = {result.cell.label: make_witness(result, row) for result in results}
    for label, witness in witnesses.items():
        (scripts / f"{label}.py").write_text(witness.text)
    done = subprocess.run(
        [python_of_stack(stack), "-s", RUNNER, scripts], cwd=tmp_path, env=clean_environ(tmp_path),
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    assert len(said) == len(results) >= 30
    wrong = []
    for result in results:
        witness, ran = witnesses[result.cell.label], said[result.cell.label]
        for signal in witness.signals:
            if signal is Signal.RAISES:
                raised = result.observation.phases[raising_phase(result)].raised
                kind, text = ran["raised"] or ("nothing", "")
                shown = (kind, without_numbers(text).removeprefix(f"{kind}: "))
                stored = (raised.type, without_numbers(raised.message))
            else:
                pattern, stored = expected(result, signal)
                found = re.search(pattern, ran["printed"], re.MULTILINE)
                shown, stored = found[1] if found else ran, str(stored)
            if shown != stored:
                wrong.append((result.cell.label, str(signal), shown, stored))
        if Signal.RAISES not in witness.signals and ran["raised"]:
            wrong.append((result.cell.label, "raised", *ran["raised"]))
    assert wrong == []


@pytest.mark.integration
@pytest.mark.uses
@pytest.mark.parametrize(
    ("stack", "case"),
    [
        ("tf2.15", "article-example-3-with-super"),
        ("tf2.1", "article-example-3-with-super"),  # Python 3.7, which uv cannot download
        ("keras3.15-torch", "build-skips-child"),  # with a weights file and back
    ],
)
def test_the_line_in_the_head_runs_the_script(stack, case, tmp_path):
    """By uv, with an environment that it makes from the head."""
    row = load_matrix().get(stack)
    found = availability(row, allow_download=True)
    if isinstance(found, Unavailable):
        pytest.skip(found.reason)
    (result,) = [one for one in measured(stack) if one.cell.case.id == case]
    witness = make_witness(result, row)
    text = witness.text
    if row.find_links:  # a folder of wheels takes the page's place, as it does for a lock
        text = text.replace(row.find_links, find_links(row.find_links)[1])
    (tmp_path / "repro.py").write_text(text)
    line = next(line for line in text.splitlines() if line.startswith("# uv run ")).split()[2:]
    environ = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TMPDIR": str(tmp_path),
    }
    # pyenv's shim of a version that is not switched on fails, and uv goes no further.
    environ["PATH"] = os.pathsep.join([str(found.interpreter.path.parent), environ["PATH"]])
    done = subprocess.run(
        [find_uv(), *line],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    used, counted = result.judgements[0].expected, result.judgements[0].counted
    assert f"counted {counted} parameters, the forward pass uses {used}\n" in done.stdout or (
        f"counted {counted} of the {used} parameters that the forward pass uses\n" in done.stdout
    )
    assert ("with the loaded weights gives the same output: True\n" in done.stdout) is (
        Signal.WEIGHTS in witness.signals
    )
