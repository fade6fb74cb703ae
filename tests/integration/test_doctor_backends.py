"""The doctor where Keras computes with torch or JAX, or in a graph of its own."""

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

OLD_MODELS = """
import keras


class Subclassed(keras.models.Model):
    def __init__(self):
        super().__init__()
        self.first, self.rest = keras.layers.Dense(3), [keras.layers.Dense(2)]

    def call(self, inputs):
        return self.rest[0](self.first(inputs))


class Mended(Subclassed):
    def __init__(self):
        super().__init__()
        for place, layer in enumerate(self.rest):
            setattr(self, "rest_%d" % place, layer)


def sequential():
    return keras.models.Sequential([keras.layers.Dense(3, input_shape=(5,))])


def mended():
    return Mended()


def subclassed():
    return Subclassed()
"""


@pytest.fixture
def found(python_of_stack, tmp_path):
    (tmp_path / "mine.py").write_text(MODELS)
    (tmp_path / "old.py").write_text(OLD_MODELS)

    def found(stack, factory, module="mine"):
        environ = clean_environ(tmp_path / "home")
        environ["KERAS_BACKEND"] = stack.rpartition("-")[2] if "-" in stack else "tensorflow"
        environ["PYTHONPATH"] = str(staging.stage(tmp_path / "probe"))
        command = [str(python_of_stack(stack)), "-s", "-m", "nestprobe", "doctor"]
        done = subprocess.run(
            [*command, f"{module}:{factory}", "--input-shape", "4,5", "--format", "json"],
            env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    return found


@pytest.mark.integration
@pytest.mark.uses
def test_a_torch_module_is_seen_to_read_its_own_parameters(found):
    said = found("keras3.15-torch", "wrapped")
    assert (said["findings"], said["exit_status"]) == ([], 0)
    assert (said["counted"], said["used"]) == (26, 26)


@pytest.mark.integration
@pytest.mark.uses
def test_a_torch_module_that_is_never_called_is_found(found):
    (finding,) = found("keras3.15-torch", "unused")["findings"]
    assert (finding["rule"], finding["place"]) == ("never-called", "model.inner")


@pytest.mark.integration
@pytest.mark.uses
def test_on_jax_a_gradient_that_never_comes_is_told_from_one_that_is_zero(found):
    said = found("keras3.15-jax", "stopped")
    assert [(one["rule"], one["variables"]) for one in said["findings"]] == [
        ("no-gradient", ["model.inner.kernel (5, 3)"]),
        ("no-gradient", ["model.inner.bias (3,)"]),
    ]
    assert found("keras3.15-jax", "dead")["findings"] == []


@pytest.mark.integration
@pytest.mark.uses
def test_multi_backend_keras_is_known_by_the_model_alone(found):
    """Nothing in the environment says that it is this Keras and not the tf.keras that is there, too."""
    said = found("keras2.3", "sequential", "old")
    assert (said["findings"], said["counted"], said["used"]) == ([], 18, 18)
    (finding,) = found("keras2.3", "subclassed", "old")["findings"]
    assert (finding["kind"], finding["place"]) == ("uncounted", "model.rest[0]")
    assert finding["rule"] == "untracked-container"
    assert found("keras2.3", "mended", "old")["findings"] == []
