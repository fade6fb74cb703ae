"""The audit on TensorFlow 2.15 and 2.21: what is known to change, and what cannot be measured."""

import json
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nestbench.cli import app
from nestbench.statistics.comparison import LEAST_PAIRS

pytestmark = [pytest.mark.integration, pytest.mark.uses]

PROJECT = Path(__file__).parent / "audited"
ROOT = Path(__file__).parent.parent.parent
RESULTS = ROOT / "results" / "published"


@pytest.fixture
def audit(tmp_path, monkeypatch, python_of_stack):
    """A function: the command's exit code and its JSON, of a factory of the project."""
    (tmp_path / ".nestbench").mkdir()
    monkeypatch.chdir(tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def run(factory, *options, fro="tf2.15", to="tf2.21"):
        folders = {python_of_stack(stack).parents[3] for stack in (fro, to)}
        assert len(folders) == 1
        command = ["audit", f"{PROJECT}/models.py:{factory}", "--from", fro, "--to", to, "-q"]
        command += ["--envs", str(*folders), "--results", str(RESULTS), "--format", "json"]
        done = CliRunner().invoke(app, [*command, "--timeout", "300", *options])
        assert done.stdout, done.output
        assert list(Path(".nestbench", "scratch").iterdir()) == []
        assert list(temporary.iterdir()) == []
        return done.exit_code, json.loads(done.stdout)

    return run


def test_a_raw_variable_in_a_nested_layer(audit):
    code, found = audit("raw", "--input-shape", "2,5")
    assert code == 1
    first = found["differences"][0]
    assert first["title"].startswith("50 parameters in 1 variable: no longer counted, no longer trained")
    assert first["gravity"] == "silent"
    rows = {row["name"]: row["values"] for row in found["facts"]}
    assert rows["count_params() after a call"] == ["83", "33"]
    assert rows["parameters that the forward pass reads"] == ["83", "83"]
    assert rows["parameters changed by one optimizer step"] == ["83", "33"]
    (why,) = first["explanations"]
    assert why["rule"] == "raw-variable"
    assert any(place.startswith("model.middle.inner.w") for place in why["places"])
    assert "self.w = self.add_weight(" in why["mend"]
    shown = {case["id"]: case["since"] for case in why["cases"]}
    if shown:  # where the published results were measured with this probe
        assert shown["raw-variable-attribute"].startswith("between TensorFlow 2.15")
    assert [row["before"]["shape"] for row in found["weights"] if row["after"] is None] == [[5, 10]]


def test_an_old_file_that_is_refused_for_what_is_lost_is_explained_by_it(audit):
    code, found = audit("half_raw", "--input-shape", "2,5", "--files", "weights")
    assert code == 1
    (refused,) = (one for one in found["differences"] if one["title"].endswith("does not load"))
    assert refused["title"] == "a weights file that tf2.15 saved does not load"
    assert [why["rule"] for why in refused["explanations"]] == ["raw-variable"]


def test_nested_lists_of_a_factory_with_an_argument_and_a_dict_of_inputs(audit):
    inputs = ("--input-shape", "left=2,5", "--input-shape", "right=2,5")
    code, found = audit("nested", "--argument", "width=4", *inputs)
    assert code in {0, 1}
    assert all(side["measured"] for side in found["sides"])
    rows = {row["name"]: row["values"] for row in found["facts"]}
    assert rows["parameters that the forward pass reads"] == ["54", "54"]
    assert rows["count_params() after a call"] == ["54", "54"]


def test_a_checkpoint_of_keras_2_is_not_read_by_keras_3(audit):
    code, found = audit("good", "--input-shape", "2,5")
    assert code == 1
    (one,) = (one for one in found["differences"] if one["gravity"] == "silent")
    assert one["title"].startswith(
        "a TF checkpoint that tf2.15 saved loads without 29 parameters in 4 variables"
    )
    assert [why["rule"] for why in one["explanations"]] == ["checkpoint-across-keras"]


@pytest.mark.parametrize(
    ("factory", "inputs"),
    [("towers", ["user=4,5", "item=4,5"]), ("heads", ["4,5"])],
)
def test_layers_that_change_places_are_seen_whatever_the_output_says(audit, factory, inputs):
    options = [word for one in inputs for word in ("--input-shape", one)]
    code, found = audit(factory, *options, "--files", "weights")
    assert code == 1
    first = found["differences"][0]
    assert first["kinds"] == ["old-file", "misplaced"]
    assert first["title"].endswith("loads with the values of 4 variables in other variables")
    (why,) = first["explanations"]
    assert why["rule"] == "order-of-a-dict"
    assert "order = [2, 3, 0, 1]" in why["mend"]


def test_what_more_is_lost_of_a_file_that_the_old_stack_does_not_get_back_whole(audit):
    code, found = audit("closed", "--input-shape", "2,5")
    assert code == 1
    (one,) = (one for one in found["differences"] if one["gravity"] == "silent")
    # Keras 3 keeps a kernel under another attribute, and a bias under the same.
    assert one["title"].startswith("a TF checkpoint that tf2.15 saved loads without 28 parameters in 2 var")
    assert all(name.endswith("kernel") for name in one["variables"])
    assert [why["rule"] for why in one["explanations"]] == ["checkpoint-across-keras"]
    (built,) = (one for one in found["differences"] if "count" in one["kinds"])
    assert (built["gravity"], found["unknown"]) == ("other", [])


def test_a_factory_that_prints_is_measured_and_an_old_weights_file_still_loads(audit):
    code, found = audit("chatters", "--input-shape", "2,5", "--files", "weights,model")
    assert code == 0, found["differences"]
    loaded = {(one["saved_on"], one["loaded_on"], one["kind"]): one["result"] for one in found["files"]}
    assert loaded["tf2.15", "tf2.21", "weights"] == "equal"
    # What is not asked about is told all the same, and makes no difference.
    assert loaded["tf2.15", "tf2.21", "checkpoint"] == "differs"


def test_blocks_time_the_model_on_both_and_few_of_them_prove_nothing(audit):
    options = ("--files", "weights,model", "--blocks", str(LEAST_PAIRS), "--input-shape", "2,5")
    code, found = audit("good", *options)
    assert code == 0, found["differences"]
    assert found["time"]["blocks"] == LEAST_PAIRS
    assert {row["measure"] for row in found["time"]["rows"]} == {
        "construct",
        "build",
        "first-call",
        "first-step",
    }
    assert {row["answer"] for row in found["time"]["rows"]} <= {"same", "no evidence"}


def test_the_part_of_the_stacks_that_carries_a_loss(audit):
    """Keras 2 and Keras 3 on one TensorFlow: the mixtures are the two stacks themselves."""
    code, found = audit(
        "raw", "--input-shape", "2,5", "--files", "weights", "--attribute", fro="tf2.21-legacy"
    )
    assert code == 1
    lost = next(one for one in found["differences"] if "uncounted" in one["kinds"])
    assert lost["parts"] == {"Keras": "carries the difference"}
    assert len(lost["mixtures"]) == 2


def test_a_model_without_nesting_loses_nothing(audit):
    code, found = audit("good", "--signature", f"{PROJECT}/models.py:signature", "--files", "weights,model")
    assert code == 0, found["differences"]
    assert not [one for one in found["differences"] if one["gravity"] == "silent"]
    rows = {row["name"]: row["values"] for row in found["facts"]}
    assert rows["count_params() after a call"] == ["29", "29"]


def test_what_the_model_imports_is_put_beside_each_stack(audit, tmp_path):
    """And what the stack decides itself is left out, not upgraded."""
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("tensorflow>=2.16\neinops>=0.6\n")
    code, found = audit("needing", "--input-shape", "2,5", "--files", "weights,model", "-r", str(wanted))
    assert code == 0, found
    rows = {row["name"]: row["values"] for row in found["facts"]}
    assert rows["count_params() after a call"] == ["29", "29"]
    assert [side["versions"]["tensorflow"] for side in found["sides"]] == ["2.15.1", "2.21.0"]


@pytest.mark.parametrize(
    ("factory", "options", "words"),
    [
        ("fails", (), "making the model raised RuntimeError: no weights at hand"),
        ("prints", (), "returned a str, not a"),
        ("nested", (), "cannot be called with no arguments"),
        ("lacking", (), "a_package_that_is_nowhere"),
        ("needing", (), "einops"),
        ("nowhere", (), "There is no nowhere in"),
        ("hangs", ("--timeout", "20"), "it did not come to its end within the time limit"),
        ("large", ("--memory", "1500"), "it reached the memory limit"),
    ],
)
def test_what_cannot_be_measured_is_named_for_both_sides(audit, factory, options, words):
    code, found = audit(factory, "--input-shape", "2,5", *options)
    assert code == 3
    for side in found["sides"]:
        assert words in side["why"]
        assert side["do"]
