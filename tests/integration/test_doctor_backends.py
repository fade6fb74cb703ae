"""The doctor where Keras computes with torch or JAX."""

import json
import subprocess

import pytest

from nestbench import staging
from nestbench.environments import clean_environ

MODELS = """
import keras


class Wrapped(keras.Model):
    def __init__(self, used=True):
        import torch

        super().__init__()
        self.inner, self.head = torch.nn.Linear(5, 3), keras.layers.Dense(2)
        self.used = used

    def call(self, inputs):
        return self.head(self.inner(inputs) if self.used else inputs)


class Stopped(keras.Model):
    def __init__(self, stop=keras.ops.stop_gradient):
        super().__init__()
        self.inner, self.head, self.stop = keras.layers.Dense(3), keras.layers.Dense(2), stop

    def call(self, inputs):
        return self.head(self.stop(self.inner(inputs)))


def stopped():
    return Stopped()


def dead():
    return Stopped(lambda outputs: keras.ops.relu(outputs - 1e6))


def wrapped():
    return Wrapped()


def unused():
    return Wrapped(used=False)
"""


@pytest.fixture
def found(python_of_stack, tmp_path):
    (tmp_path / "mine.py").write_text(MODELS)

    def found(backend, factory):
        environ = clean_environ(tmp_path / "home")
        environ["KERAS_BACKEND"] = backend
        environ["PYTHONPATH"] = str(staging.stage(tmp_path / "probe"))
        command = [str(python_of_stack(f"keras3.15-{backend}")), "-s", "-m", "nestprobe", "doctor"]
        done = subprocess.run(
            [*command, f"mine:{factory}", "--input-shape", "4,5", "--format", "json"],
            env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    return found


@pytest.mark.integration
@pytest.mark.uses
def test_a_torch_module_is_seen_to_read_its_own_parameters(found):
    said = found("torch", "wrapped")
    assert (said["findings"], said["exit_status"]) == ([], 0)
    assert (said["counted"], said["used"]) == (26, 26)


@pytest.mark.integration
@pytest.mark.uses
def test_a_torch_module_that_is_never_called_is_found(found):
    (finding,) = found("torch", "unused")["findings"]
    assert (finding["rule"], finding["place"]) == ("never-called", "model.inner")


@pytest.mark.integration
@pytest.mark.uses
def test_on_jax_a_gradient_that_never_comes_is_told_from_one_that_is_zero(found):
    said = found("jax", "stopped")
    assert [(one["rule"], one["variables"]) for one in said["findings"]] == [
        ("no-gradient", ["model.inner.kernel (5, 3)"]),
        ("no-gradient", ["model.inner.bias (3,)"]),
    ]
    assert found("jax", "dead")["findings"] == []
