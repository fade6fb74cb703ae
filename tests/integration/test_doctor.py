"""The doctor on stacks of every era: by its command, on a model that is there, and in a library's tests."""

import json
import subprocess

import pytest

MODEL = """
import collections
import numpy, tensorflow
from tensorflow import keras


class Stack(keras.Model):
    def __init__(self, kind):
        super(Stack, self).__init__()
        self.blocks = kind([keras.layers.Dense(5), keras.layers.Dense(5)])

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return inputs


def lost():
    print("a factory may print")
    return Stack(collections.deque)


def sound(kind="list"):
    return Stack({"list": list}[kind])


class Normed(keras.Model):
    def __init__(self):
        super(Normed, self).__init__()
        self.dense, self.norm = keras.layers.Dense(5), keras.layers.BatchNormalization()

    def call(self, inputs, training=False):
        return self.norm(self.dense(inputs), training=training)


class Particular(keras.Model):
    def __init__(self):
        super(Particular, self).__init__()
        self.dense = keras.layers.Dense(5, kernel_initializer="ones")

    def call(self, inputs):
        outputs = self.dense(inputs)
        kernel = tensorflow.convert_to_tensor(self.dense.kernel)
        tensorflow.debugging.assert_equal(kernel, tensorflow.ones((5, 5)))
        return outputs


def failing():
    raise RuntimeError("no data here")


def too_large():
    return keras.layers.Embedding(2, 2, weights=[numpy.ones((2**40, 2**19))])


def no_model():
    return keras.layers.Dense(5)
"""

LEFT_ALONE = """
import numpy
from mine import lost
from nestprobe import diagnose

model, x = lost(), numpy.ones((2, 5), "float32")
model.compile("sgd", "mse")
before = numpy.array(model(x))
diagnosis = diagnose(model, x)
assert [one.rule for one in diagnosis.findings] == ["untracked-deque"], str(diagnosis)
assert diagnosis.findings[0].line.startswith("mine.py:10 in __init__"), diagnosis.findings[0].line
assert (numpy.array(model(x)) == before).all()
assert len(model.weights) == 0 and "optimizer step" in str(diagnosis)
"""

NORMED = """
import numpy
from mine import Normed
from nestprobe import diagnose

model, x = Normed(), numpy.ones((2, 5), "float32")
model(x)
before = model.get_weights()
diagnose(model, x)
kept = [(was == now).all() for was, now in zip(before, model.get_weights())]
assert kept == [True] * 6, kept

unbuilt = Normed()
diagnose(unbuilt, x)
assert (unbuilt.norm.get_weights()[2] == 0).all(), unbuilt.norm.get_weights()
assert (unbuilt.norm.get_weights()[3] == 1).all(), unbuilt.norm.get_weights()
"""

FLAGS = """
import numpy
from tensorflow import keras
from nestprobe import diagnose
from nestprobe.doctor.rules import rule

KERAS_3 = hasattr(keras, "ops")
x, y = numpy.ones((2, 5), "float32"), numpy.zeros((2, 3), "float32")


class Holder(keras.layers.Layer):
    def __init__(self, early=False, **kwargs):
        super(Holder, self).__init__(**kwargs)
        if early:
            self.trainable = False
        self.dense, self.other = keras.layers.Dense(5), keras.layers.Dense(5)

    def call(self, inputs):
        return self.other(self.dense(inputs))


class Top(keras.Model):
    def __init__(self, holder):
        super(Top, self).__init__()
        self.holder, self.head = holder, keras.layers.Dense(3)

    def call(self, inputs):
        return self.head(self.holder(inputs))


def made(early=False, frozen=()):
    model = Top(Holder(early))
    for place in frozen:
        of(model, place).trainable = False
    model(x)
    return model


def of(model, place):
    for name in place.split(".")[1:]:
        model = getattr(model, name)
    return model


def trained(model, compiled=True):
    "The layers whose kernel one step changes, by the compile() before it, or by one made now."
    parts = {"dense": model.holder.dense, "other": model.holder.other, "head": model.head}
    if compiled:
        model.compile(keras.optimizers.SGD(0.5), "mse")
    before = {name: numpy.array(part.get_weights()[0]) for name, part in parts.items()}
    model.fit(x, y, verbose=0)
    return {name for name, part in parts.items() if (part.get_weights()[0] != before[name]).any()}


def mended(model, rule_id, place="model.part"):
    exec(rule(rule_id).code(place=place), {"model": model, "inputs": x})


def rules_of(factory):
    return sorted({one.rule for one in diagnose(factory, x).findings if one.kind.endswith("trained")})


def enabled_in_frozen_model():
    model = made()
    model.trainable = False
    model.holder.dense.trainable = True
    return model


assert rules_of(enabled_in_frozen_model) == ["frozen-ancestor"]
model = enabled_in_frozen_model()
mended(model, "frozen-ancestor", "model.holder.dense")
assert trained(model) == {"dense"}, trained(model)


def enabled_in_frozen_holder():
    model = made()
    model.holder.trainable = False
    model.holder.dense.trainable = True
    return model


# Keras 3 asks the model and the layer alone.
assert rules_of(enabled_in_frozen_holder) == ([] if KERAS_3 else ["frozen-ancestor"])
assert trained(enabled_in_frozen_holder()) == ({"dense", "head"} if KERAS_3 else {"head"})


def frozen_before_it_had_layers():
    return made(early=True)


assert rules_of(frozen_before_it_had_layers) == (["frozen-too-early"] if KERAS_3 else [])
for name in ("frozen-too-early", "frozen-before-build"):
    model = made(early=True)
    mended(model, name, "model.holder")
    assert trained(model) == {"head"}, name


def built_while_frozen():
    model = made(frozen=["model.holder"])
    model.holder.trainable = True
    return model


assert rules_of(built_while_frozen) == (["built-while-frozen"] if KERAS_3 else [])
model = built_while_frozen()
assert trained(model) == ({"head"} if KERAS_3 else {"dense", "other", "head"})
new = Top(Holder())
lines = rule("built-while-frozen").code(place="model.holder").replace("model.compile(...)", "")
exec(lines, {"model": new, "inputs": x})
assert trained(new) == {"head"}
new.holder.trainable = True
new.set_weights(model.get_weights())
assert trained(new) == {"dense", "other", "head"}

# What a step was made with holds until the next compile().
model = made()
model.compile(keras.optimizers.SGD(0.5), "mse")
trained(model, compiled=False)
model.holder.trainable = False
assert trained(model, compiled=False) == {"dense", "other", "head"}
assert trained(model) == {"head"}
"""

LIBRARY = """
import numpy
import pytest
from mine import lost, sound
from nestprobe import assert_tracked

X = numpy.ones((2, 5), "float32")


def test_sound():
    assert_tracked(sound, X)


def test_lost():
    with pytest.raises(AssertionError, match="untracked-deque"):
        assert_tracked(lost, X)
"""


@pytest.fixture
def run(probe, tmp_path):
    (tmp_path / "mine.py").write_text(MODEL)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environ = {**probe.environ, "TMPDIR": str(temporary)}

    def run(*arguments, module="nestprobe"):
        command = [*probe.command[:2], *(["-m", module] if module else []), *map(str, arguments)]
        done = subprocess.run(
            command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )
        # TensorFlow itself leaves the byte code of what it translated in a process that is not the probe's.
        left = {path.name for path in temporary.iterdir()}
        assert left == set() if module == "nestprobe" else left <= {"__pycache__"}
        return done

    return run


@pytest.mark.integration
@pytest.mark.uses
def test_the_command_says_place_line_cause_and_mend(run):
    done = run("doctor", "mine:lost", "--input-shape", "2,5", "--format", "json")
    assert done.returncode == 1, done.stderr
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["rule"] == "untracked-deque"
    assert finding["place"] == "model.blocks"
    assert finding["line"] == (
        "mine.py:10 in __init__: self.blocks = kind([keras.layers.Dense(5), keras.layers.Dense(5)])"
    )
    assert finding["lost"] == ["counted", "trained", "saved"]
    assert sorted(one.split(" ")[0] for one in finding["variables"]) == [
        f"model.blocks[{block}].{name}" for block in (0, 1) for name in ("bias", "kernel")
    ]
    sound = run("doctor", "mine.py:sound", "--input-shape", "?,5", "--argument", "kind='list'")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert sound.stdout.startswith("No finding in Stack. Keras counts 60; the forward pass reads 60.")


@pytest.mark.integration
@pytest.mark.uses
def test_a_layer_that_refuses_other_weights_is_looked_at_as_far_as_it_goes(run):
    done = run("doctor", "mine:Particular", "--input-shape", "2,5", "--format", "json")
    assert done.returncode == 3, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert (said["findings"], said["counted"], said["used"]) == ([], 30, 30)
    unseen = {one["what"]: one["do"] for one in said["unseen"]}
    assert set(unseen) == {
        "which variables a gradient reaches",
        "the weights file, and loading it",
        "an optimizer step",
    }
    assert "assert_equal" in unseen["the weights file, and loading it"]


@pytest.mark.integration
@pytest.mark.uses
@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("mine:failing",), 3, "no data here"),
        (("mine:too_large",), 3, "Unable to allocate"),
        (("mine:no_model",), 2, "not a Keras model"),
        (("mine:lots",), 2, "Did you mean lost?"),
        (("mine:sound", "--argument", "depth=3"), 2, "cannot be called with depth=3"),
    ],
)
def test_what_cannot_be_followed_is_one_clear_message(run, arguments, status, words):
    done = run("doctor", *arguments, "--input-shape", "2,5")
    assert done.returncode == status, done.stdout + done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.integration
@pytest.mark.uses
def test_a_model_that_is_there_is_diagnosed_and_left_as_it_was(run):
    done = run("-c", LEFT_ALONE, module=None)
    assert done.returncode == 0, done.stderr


@pytest.mark.integration
@pytest.mark.uses
def test_a_model_with_moving_statistics_is_left_as_it_was(run):
    done = run("-c", NORMED, module=None)
    assert done.returncode == 0, done.stderr


@pytest.mark.integration
@pytest.mark.uses
def test_what_is_said_of_flags_is_so_and_its_mends_do_what_they_say(run, tmp_path):
    (tmp_path / "flags.py").write_text(FLAGS)  # the doctor knows the reader's own code by its file
    done = run("flags.py", module=None)
    assert done.returncode == 0, done.stderr


@pytest.mark.integration
@pytest.mark.uses
def test_a_library_asserts_it_in_its_own_tests(run, tmp_path):
    (tmp_path / "test_mine.py").write_text(LIBRARY)
    done = run("-q", "-p", "no:cacheprovider", "test_mine.py", module="pytest")
    assert done.returncode == 0, done.stdout + done.stderr
