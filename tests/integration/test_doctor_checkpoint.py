"""The doctor on what a TF checkpoint loses, on stacks of both Keras."""

import json
import subprocess

import pytest

from nestbench import staging
from nestbench.environments import clean_environ

MODELS = """
from tensorflow import keras


class Blocks(keras.layers.Layer):
    def __init__(self):
        super(Blocks, self).__init__()
        self.blocks = [keras.layers.Dense(5), keras.layers.Dense(5)]

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return inputs


class Listed(keras.Model):
    def __init__(self, inner=Blocks):
        super(Listed, self).__init__()
        self.inner, self.head = inner(), keras.layers.Dense(2)

    def call(self, inputs):
        return self.head(self.inner(inputs))


def healthy():
    return Listed(lambda: keras.layers.Dense(5))


class Moved(Blocks):
    def __init__(self):
        super(Moved, self).__init__()
        self.blocks.reverse()


def moved():
    return Listed(Moved)
"""

IN_USE = """
import numpy
from mine import Listed, keras
from nestprobe import diagnose

x = numpy.ones((2, 5), "float32")
model = Listed()
model(x)
model.compile(keras.optimizers.Adam(0.1), "mse")
model.fit(x, numpy.ones((2, 2)), verbose=0)
optimizer = model.optimizer.variables
optimizer = optimizer() if callable(optimizer) else optimizer
before = [one.numpy() for one in [*model.weights, *optimizer]]
notes = [one.rule for one in diagnose(model, x).notes]
after = [one.numpy() for one in [*model.weights, *optimizer]]
assert len(before) > 6
assert all((old == new).all() for old, new in zip(before, after))
print("lost-from-checkpoint" in notes)
"""
#: Whether TensorFlow looks into a list of layers there.
STACKS = {"tf2.1": True, "tf2.15": True, "tf2.21": False, "keras3.0": False}


@pytest.fixture
def run(python_of_stack, tmp_path):
    (tmp_path / "mine.py").write_text(MODELS)

    def run(stack, *arguments):
        environ = clean_environ(tmp_path / "home")
        environ["PYTHONPATH"] = str(staging.stage(tmp_path / "probe"))
        done = subprocess.run(
            [str(python_of_stack(stack)), "-s", *arguments],
            env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def notes(run):
    def notes(stack, factory):
        said = json.loads(
            run(
                stack,
                "-m",
                "nestprobe",
                "doctor",
                f"mine:{factory}",
                "--input-shape",
                "2,5",
                "--format",
                "json",
            )
        )
        assert (said["findings"], said["unseen"], said["exit_status"]) == ([], [], 0)
        return [one for one in said["notes"] if one["rule"] == "lost-from-checkpoint"]

    return notes


@pytest.mark.integration
@pytest.mark.uses
@pytest.mark.parametrize("stack", STACKS)
def test_a_list_of_layers_that_a_checkpoint_loses_is_a_note_and_a_healthy_model_has_none(notes, stack):
    assert notes(stack, "healthy") == []
    lost = [] if STACKS[stack] else [
        f"model.inner.blocks[{block}].{name}" for block in (0, 1) for name in ("bias", "kernel")
    ]  # fmt: skip
    found = notes(stack, "Listed")
    assert sorted(place.split(" ")[0] for note in found for place in note["variables"]) == lost


@pytest.mark.integration
@pytest.mark.uses
def test_a_checkpoint_that_cannot_be_written_is_a_note(notes):
    (note,) = notes("tf2.15", "moved")
    assert "could not be written, and the weights file could: ValueError: Unable to save" in note["said"]


@pytest.mark.integration
@pytest.mark.uses
@pytest.mark.parametrize("stack", STACKS)
def test_a_trained_model_in_use_is_left_as_it_was_with_its_optimizer(run, stack):
    assert run(stack, "-c", IN_USE).strip() == str(not STACKS[stack])
