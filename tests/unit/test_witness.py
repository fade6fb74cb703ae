"""Scripts for bug reports: whole, short, of plain Keras, and only of what was measured."""

import ast
import builtins
from dataclasses import replace
from pathlib import Path

import pytest
from store_stage import DIGESTS
from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.digests import probe_digest
from nestbench.frames import Result, State, collect
from nestbench.matrix import load_matrix
from nestbench.matrix.locks import lock_digest
from nestbench.store import Measured, Prototype, Store
from nestbench.verdicts import Verdict, judge
from nestbench.witness import LINES, Untold, make_witness
from nestbench.witness.folding import bound_names, read_names
from nestbench.witness.signals import Signal
from nestprobe.observation import ModelRecord, Observation, Outcome, PhaseRecord, Raised, VariableRecord

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
CATALOGUE = load_catalogue()
MATRIX = load_matrix()
CASE = "article-example-2"
#: One of every flavour and backend.
STACKS = ("tf2.1", "tf2.15", "tf2.21", "tf2.18-tfkeras", "keras3.15-jax")


def measured(stack, case):
    """The published result of the case's first variant; None where it does not apply."""
    (result, *_) = collect(Store(PUBLISHED), CATALOGUE.select([case]).cells([stack]))
    return result if result.judgements[0].headline is not Verdict.NOT_APPLICABLE else None


def text_of(stack, case):
    return make_witness(measured(stack, case), MATRIX.get(stack)).text


@pytest.mark.parametrize("stack", STACKS)
def test_every_case_is_told_in_plain_keras(stack):
    told, applicable = 0, 0
    row = MATRIX.get(stack)
    for entry in CATALOGUE:
        result = measured(stack, entry.id)
        if result is None:
            continue
        applicable += 1
        try:
            witness = make_witness(result, row)
        except Untold:
            continue
        told += 1
        assert len(witness.text.splitlines()) < LINES, entry.id
        headline = result.judgements[0].headline
        assert set(witness.shown) & set(result.judgements[0].findings) or headline is Verdict.TRACKED, (
            entry.id
        )
        tree = ast.parse(witness.text, feature_version=tuple(map(int, row.python.split("."))))
        assert read_names(tree) - bound_names(tree) - set(dir(builtins)) == set(), entry.id
        assert "nestprobe" not in witness.text, entry.id
        assert f"# uv run --python {row.python} repro.py\n" in witness.text, entry.id
        assert f"\n# {result.cell.label}: {entry.symptom}\n" in witness.text, entry.id
    assert told >= applicable - 2 > 130


def test_head_and_body_of_a_loss():
    head, imports, inner, _, _, shown = text_of("tf2.21", "raw-variable-attribute").split("\n\n")
    symptom = CATALOGUE.get("raw-variable-attribute").symptom
    assert head.splitlines()[:7] == [
        "# /// script",
        '# requires-python = "==3.13.*"',
        '# dependencies = ["tensorflow-cpu==2.21.0"]',
        f'# tool.uv.exclude-newer = "{MATRIX.get("tf2.21").resolved}T00:00:00Z"',
        "# ///",
        "# uv run --python 3.13 repro.py",
        f"# raw-variable-attribute: {symptom}",
    ]
    said = "uncounted, untrained, unsaved (not shown here: untrained, unsaved)"
    assert f"\n# nestbench measured on tf2.21: {said}" in head
    assert imports == "import numpy\nimport tensorflow as tf\nfrom tensorflow import keras"
    assert inner == (
        "class Inner(keras.layers.Layer):\n"
        "    def build(self, input_shape):\n"
        "        self.w = tf.Variable(tf.ones((input_shape[-1], 10)))\n"
        "    def call(self, inputs):\n"
        "        return tf.matmul(inputs, self.w)"
    )
    assert shown == (
        'x = (numpy.arange(10) % 7 + 1).reshape(2, 5).astype("float32") / 8\n'
        "model = Top()\n"
        "model(x)\n"
        'print("counted", model.count_params(), "of the 83 parameters that the forward pass uses")\n'
    )


def test_an_exception_is_where_the_script_ends():
    text = text_of("tf2.15", "summary-of-unbuilt")
    assert "# constructed raised ValueError: This model has not yet been built." in text
    assert text.endswith('model = Top()\nprint("no exception")\n')
    # The case's class and that of the function it is made by have one name.
    assert "class BaseTop(keras.Model):" in text
    assert "class Top(BaseTop):" in text


def test_a_step_is_measured_on_variables_that_keras_does_not_list():
    text = text_of("tf2.15", "instance-dict-bypass")
    assert "with tf.variable_creator_scope(" in text
    assert '"parameters and should change 60")' in text
    assert "gc.get_objects()" in text_of("keras3.15-jax", "instance-dict-bypass")
    assert "list(model.weights)" in text_of("tf2.15", "frozen-after-compile")


@pytest.mark.parametrize("stack", ["keras3.15-torch", "keras3.15-jax", "tf2.21"])
def test_what_a_file_loses_is_told_where_the_model_and_the_head_are_long(stack):
    text = text_of(stack, "weights-file-set")
    assert len(text.splitlines()) < LINES
    assert "model.set_weights([w + n / 100 for n, w in enumerate(model.get_weights(), 1)])\n" in text
    assert "    w.assign(w + n / 100)\n" in text_of("tf2.15", "weights-file-duplicate-names")


def test_functions_of_the_kit_are_written_where_they_are_called():
    assert "model = keras.Sequential([Block()])" in text_of("tf2.15", "rnn-cell-nested")
    assert "self.inner = keras.layers.RNN(keras.layers.SimpleRNNCell(4))" in text_of(
        "tf2.15", "rnn-cell-nested"
    )
    chain = text_of("tf2.15", "deep-chain")
    assert "    leaf = keras.layers.Dense(5)\n    for _ in range(4):\n        leaf = Link(leaf)\n" in chain
    assert "def keep(layers):\n    return [layers[:1], layers[1:]]\n" in text_of(
        "tf2.15", "weights-file-nested-list"
    )


@pytest.mark.parametrize(
    ("stack", "lines"),
    [
        ("tf2.18-tfkeras", ['"tensorflow==2.18.1", "tf-keras==2.18.0"', "import tf_keras as keras"]),
        ("tf2.18-legacy", ['os.environ["TF_USE_LEGACY_KERAS"] = "1"\n', "from tensorflow import keras"]),
        ("keras3.15-jax", ['os.environ["KERAS_BACKEND"] = "jax"\n', "\nimport keras", "keras.ops.matmul("]),
        (
            "keras3.15-torch",
            ["# tool.uv.find-links = [", 'os.environ["KERAS_BACKEND"] = "torch"\n', ".detach()"],
        ),
        ("keras3.15", ["import tensorflow as tf\nimport keras", "tf.matmul("]),
    ],
)
def test_each_flavour_is_imported_as_its_stack_does(stack, lines):
    text = text_of(stack, "add-weight-appended")
    assert [line for line in lines if line not in text] == []


TOO_LONG = """from nestprobe import case

@case(parameters=50)
def too_long(k):
    "Symptom."
    class Long(k.Model):
        def __init__(self):
            super().__init__()
{layers}
        def call(self, inputs):
            return self.layer_0(inputs)
    return Long()

@case(parameters=50)
def by_two_ways(k):
    "Symptom."
    def helper(units):
        return k.layers.Dense(units)
    return k.Sequential([helper(units=10), wrapped(k, 3)])

def wrapped(k, units):
    if k.tf is None:
        return k.layers.Dense(units)
    return k.layers.Dense(units)
"""


def test_what_cannot_be_told_is_said_by_name(tmp_path):
    layers = "\n".join(f"            self.layer_{n} = k.layers.Dense(10)" for n in range(30))
    (tmp_path / "mine.py").write_text(TOO_LONG.format(layers=layers))
    cells = load_catalogue([tmp_path], shipped=False).cells(["tf2.15"])
    reasons = {}
    for cell in cells:
        seen = observation(50)
        measured, judgements = Measured(Prototype(seen)), judge(seen, 50, 50)
        result = Result(cell=cell, state=State.CURRENT, measured=measured, judgements=judgements)
        with pytest.raises(Untold) as caught:
            make_witness(result, MATRIX.get("tf2.15"))
        reasons[cell.case.id] = str(caught.value)
    assert reasons["too-long"].startswith("takes ")
    assert reasons["too-long"].endswith(" lines to show that it is tracked")
    assert reasons["by-two-ways"] == "calls wrapped(), which does not end in one return"


def observation(counted, *, raised=None):
    weight = VariableRecord(
        name="w", shape=[5, 10], dtype="float32", trainable=True, created_in="called", used=True,
        used_in_inference=True, used_in_training=True, in_weights=1, in_trainable_weights=1,
        changed_by_step=True, in_weights_file=True, restored_from_weights_file=True,
    )  # fmt: skip
    done = PhaseRecord("done", model=ModelRecord(count_params=counted))
    called = PhaseRecord("raised", raised=Raised("ValueError", "no")) if raised else done
    return Observation(CASE, {}, Outcome("observed"), {"built": done, "called": called}, [weight])


@pytest.fixture
def repro(tmp_path):
    """``nestbench repro`` with a store that has ``seen`` of CASE on tf2.15."""

    def run(*arguments, seen=None, probe=None):
        store = Store(tmp_path / "results")
        digests = replace(
            DIGESTS,
            case=CATALOGUE.get(CASE).digest,
            probe=probe or probe_digest(),
            lock=lock_digest(MATRIX.get("tf2.15")),
        )
        store.add("tf2.15", digests, seen or observation(50))
        return CliRunner().invoke(app, ["repro", *arguments, "--results", str(tmp_path / "results")])

    return run


def test_the_script_alone_is_on_stdout(repro):
    said = repro(CASE, "--stack", "tf2.15", seen=observation(0))
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("# /// script\n")
    compile(said.stdout, "repro.py", "exec")
    assert "# nestbench measured on tf2.15: uncounted\n" in said.stdout
    assert "article-example-2 on tf2.15: uncounted. Read from " in said.stderr


def test_a_file_is_written_and_named_in_its_line(repro, tmp_path):
    target = tmp_path / "mine.py"
    said = repro(CASE, "--stack", "tf2.15", "-o", str(target))
    assert said.exit_code == 0, said.output
    assert said.stdout == ""
    assert "# uv run --python 3.11 mine.py\n" in target.read_text()
    assert f"`uv run --python 3.11 {target}`" in said.stderr


def test_names_that_nothing_is_called_are_wrong_usage(repro, tmp_path):
    said = repro("article-exampel-2", "--stack", "tf2.151")
    assert said.exit_code == 2
    assert "'article-example-2'" in said.stderr
    assert "'tf2.15'" in said.stderr
    assert repro(CASE, "--stack", "tf2.15", "--variant", "owner=layer").exit_code == 2
    target = tmp_path / "no such folder" / "repro.py"
    assert repro(CASE, "--stack", "tf2.15", "-o", str(target)).exit_code == 2


@pytest.mark.parametrize(
    ("stack", "options", "words"),
    [
        ("tf2.14", {}, "does not hold it."),
        ("tf2.15", {"probe": "an older probe"}, "does not hold it as it is today."),
        (
            "tf2.15",
            {"seen": Observation(CASE, {}, Outcome("not-applicable", "no such thing"))},
            "not-applicable: the case needs what is not there: no such thing",
        ),
    ],
)
def test_what_was_not_measured_is_not_shown(repro, stack, options, words):
    said = repro(CASE, "--stack", stack, **options)
    assert said.exit_code == 3
    assert said.stdout == ""
    assert words in said.stderr


def test_signals_are_shown_by_rank():
    result = measured("tf2.21", "instance-dict-bypass")
    shown = make_witness(result, MATRIX.get("tf2.21"))
    assert shown.signals[:2] == (Signal.COUNT, Signal.STEP)
    assert shown.shown == (Verdict.UNCOUNTED, Verdict.UNTRAINED)
