"""Histories: from measured stacks only, and an interval is said as one."""

import json
from dataclasses import replace

import pytest
from store_stage import DIGESTS
from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.digests import probe_digest
from nestbench.matrix import load_matrix
from nestbench.matrix.lines import lines
from nestbench.matrix.locks import lock_digest
from nestbench.store import Store
from nestprobe.observation import ModelRecord, Observation, Outcome, PhaseRecord, Raised, VariableRecord

CASE = "article-example-2"
MATRIX = load_matrix()


def seen(counted):
    listed = int(counted == 50)
    weight = VariableRecord(
        name="w", shape=[5, 10], dtype="float32", trainable=True, created_in="called", used=True,
        used_in_inference=True, used_in_training=True, in_weights=listed, in_trainable_weights=listed,
        changed_by_step=True, in_weights_file=True, restored_from_weights_file=True,
        restored_from_model_file=bool(listed), restored_from_checkpoint=bool(listed),
    )  # fmt: skip
    done = PhaseRecord("done", model=ModelRecord(count_params=counted))
    return Observation(CASE, {}, Outcome("observed"), {"built": done, "called": done}, [weight])


@pytest.fixture
def told(tmp_path):
    """What ``nestbench history`` prints, given what each stack counted; None is not applicable."""
    case = load_catalogue().get(CASE)

    def run(counts, *arguments, probe=None):
        store = Store(tmp_path)
        for stack, counted in counts.items():
            current = replace(
                DIGESTS, case=case.digest, probe=probe or probe_digest(), lock=lock_digest(MATRIX.get(stack))
            )
            apart = Observation(CASE, {}, Outcome("not-applicable", "no such thing here"))
            said = seen(counted) if isinstance(counted, int) else counted
            store.add(stack, current, said or apart)
        return CliRunner().invoke(app, ["history", *arguments, "--results", str(tmp_path)])

    return run


def test_a_change_lies_between_two_measured_releases(told):
    said = told({"tf2.13": 50, "tf2.15": 50, "tf2.18": 0, "tf2.19": 0}, CASE)
    assert said.exit_code == 0, said.output
    assert "TensorFlow 2.13.1 to 2.15.1, 2 stacks: tracked" in said.stdout
    assert "between TensorFlow 2.15.1 and 2.18.1:\n      count_params() after a call: 50 -> 0" in said.stdout
    assert "TensorFlow 2.18.1 to 2.19.1, 2 stacks: uncounted" in said.stdout
    assert "tf2.14, tf2.16, tf2.17" in said.stdout
    assert "(not measured)" in said.stdout


def test_what_comes_back_is_a_third_span(told):
    data = json.loads(told({"tf2.5": 50, "tf2.6": 0, "tf2.7": 50}, CASE, "--format", "json").stdout)
    (line,) = [one for one in data if one["spans"]]
    assert line["sentence"] == (
        "tracked up to 2.5.3; uncounted (nothing back from the model file, a TF checkpoint) in 2.6.5; "
        "tracked from 2.7.4 on"
    )
    assert [span["stacks"] for span in line["spans"]] == [["tf2.5"], ["tf2.6"], ["tf2.7"]]


def test_what_a_checkpoint_loses_is_a_change_though_the_findings_stay(told):
    whole = seen(50)
    lost, unknown = (
        replace(whole, variables=[replace(whole.variables[0], restored_from_checkpoint=back)])
        for back in (False, None)
    )
    said = told({"tf2.12": unknown, "tf2.13": whole, "tf2.14": unknown, "tf2.15": lost, "tf2.16": lost}, CASE)
    assert "TensorFlow 2.12.1 to 2.14.1, 3 stacks: tracked\n" in said.stdout
    assert "TensorFlow 2.15.1 to 2.16.2, 2 stacks: tracked (nothing back from a TF checkpoint)" in said.stdout
    # Held against the neighbour, which does not know it: no value is made of that.
    assert "scalars back from a TF checkpoint: not known -> 0" in said.stdout


def test_a_file_that_raises_is_a_change_and_every_release_of_a_span_is_in_its_words(told):
    def refused(phase, kind):
        phases = {**whole.phases, phase: PhaseRecord("raised", raised=Raised(kind, "no"))}
        unknown = replace(whole.variables[0], restored_from_model_file=None)
        return replace(whole, phases=phases, variables=[unknown])

    whole = seen(50)
    unwritten, unread = refused("saved-model", "NotImplementedError"), refused("reloaded-model", "TypeError")
    other = refused("reloaded-model", "ValueError")
    stacks = {"tf2.10": unwritten, "tf2.11": unread, "tf2.12": other, "tf2.13": whole, "tf2.16": unread}
    assert (
        "TensorFlow and its tf.keras: tracked (the model file cannot be written: NotImplementedError, "
        "or loaded: TypeError or ValueError) up to 2.12.1; tracked in 2.13.1; "
        "tracked (the model file cannot be loaded: TypeError) from 2.16.2 on"
    ) in told(stacks).stdout


def test_lines_are_told_apart(told):
    counts = {"tf2.20": 50, "tf2.21": 50, "keras3.14": 0, "keras3.15": 50, "keras3.15-jax": 0}
    brief = told(counts).stdout
    files = "nothing back from the model file, a TF checkpoint"
    assert f"Keras 3 on TensorFlow: uncounted ({files}) up to 3.14.1; tracked from 3.15.1 on" in brief
    assert "TensorFlow and its tf.keras" not in brief  # nothing changed along it
    assert "JAX" not in brief


def test_that_nothing_changed_is_said(told):
    done = told({"tf2.20": 50, "tf2.21": 50})
    assert done.exit_code == 0
    assert not done.stdout.strip()
    assert "Nothing changed from one measured release to the next." in done.stderr


def test_a_stack_that_says_nothing_neither_ends_nor_prolongs(told):
    said = told({"tf2.3": 50, "tf2.4": None, "tf2.5": 50}, CASE).stdout
    assert "TensorFlow 2.3.4 to 2.5.3, 2 stacks: tracked" in said
    assert "tf2.4 (the case needs what is not there: no such thing here)" in said


def test_what_could_not_be_measured_is_a_gap_and_no_behaviour(told):
    broken = Observation(CASE, {}, Outcome("not-loaded", "no such module"))
    said = told({"tf2.3": 50, "tf2.4": broken, "tf2.5": 50}, CASE).stdout
    assert "TensorFlow 2.3.4 to 2.5.3, 2 stacks: tracked" in said
    assert "tf2.4 (the case file does not import on this stack: no such module)" in said


def test_what_comes_back_from_a_model_file_and_a_checkpoint_is_told(told):
    said = told({"tf2.3": 50, "tf2.4": 0}, CASE).stdout
    assert "      scalars back from the model file: 50 -> 0\n" in said
    assert "      scalars back from a TF checkpoint: 50 -> 0\n" in said


def test_stale_results_are_no_history(told):
    said = told({"tf2.3": 50}, CASE, probe="another probe")
    assert said.exit_code == 3
    assert "measured and current" in said.output


def test_wrong_usage(told):
    assert told({"tf2.3": 50}, "no-such-case").exit_code == 2
    none = told({"tf2.3": 50}, CASE, "--variant", "owner=nobody")
    assert none.exit_code == 2
    assert "Leave out --variant" in none.stderr


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (("owner=nobody",), "There is owner=layer, owner=model."),
        (("ownr=layer",), "Did you mean 'owner'?"),
        (("owner",), "'owner' has no equals sign"),
        (("owner=layer", "owner=model"), "No variant has owner=layer and owner=model."),
    ],
)
def test_variants_that_there_are_not_are_wrong_usage_with_those_that_there_are(wanted, said):
    options = [word for one in wanted for word in ("--variant", one)]
    for command in (["history"], ["bisect", "--between", "tf2.1", "tf2.2"]):
        done = CliRunner().invoke(app, [*command, "add-weight-unnamed", *options])
        assert done.exit_code == 2
        assert said in done.stderr


def test_every_stack_is_on_one_line_in_order_of_its_versions():
    found = lines(MATRIX.stacks)
    names = [stack.id for line in found for stack in line.stacks]
    assert sorted(names) == sorted(stack.id for stack in MATRIX.stacks)
    by_id = {line.id: [stack.id for stack in line.stacks] for line in found}
    assert by_id["tensorflow"][:3] + by_id["tensorflow"][-1:] == ["tf2.0", "tf2.1", "tf2.2", "tf2.21"]
    assert by_id["keras"][9:11] == ["keras3.9", "keras3.10"]
    assert by_id["keras2"] == ["keras2.3"]
    assert by_id["keras-jax"] == ["keras3.0-jax", "keras3.8-jax", "keras3.15-jax"]
