"""Mends of the doctor's rules, each put literally into a model that loses something without it."""

import subprocess

import pytest

from nestbench import staging
from nestbench.environments import clean_environ
from nestbench.site.remedies import REMEDIES

STAGE = """
import textwrap
import numpy, tensorflow as tf
from tensorflow import keras
from nestprobe import diagnose
from nestprobe.doctor.rules import rule

X = numpy.linspace(-1, 2, 10, dtype="float32").reshape(2, 5)
BASES = {"layer": keras.layers.Layer, "model": keras.Model}


class Around(keras.Model):
    def __init__(self, inner):
        super(Around, self).__init__()
        self.inner = inner

    def call(self, inputs):
        return self.inner(inputs)


def made(owner, init, call):
    source = "class Own(Base):\\n    def __init__(self):\\n        super(Own, self).__init__()\\n"
    source += textwrap.indent(init, " " * 8) + "\\n    def call(self, inputs):\\n"
    names = dict(globals(), Base=BASES[owner])
    exec(source + textwrap.indent(call, " " * 8), names)
    own = names["Own"]()
    return own if owner == "model" else Around(own)


def out(model, x=X):
    return numpy.array(model(x))


def is_whole(make, first=X, parameters=60):
    \"\"\"Whether all is counted, and comes back from a file into a model that saw ``first`` alone.\"\"\"
    one, other = make(), make()
    out(one), out(other, first)
    one.set_weights([numpy.random.RandomState(n).rand(*w.shape) for n, w in enumerate(one.get_weights())])
    assert (one.count_params(), other.count_params()) == (parameters, parameters)
    one.save_weights("mended.weights.h5")
    other.load_weights("mended.weights.h5")
    return numpy.allclose(out(one), out(other)) and numpy.allclose(out(one, -X), out(other, -X))
"""

ORDER = """
for owner in ("layer", "model"):
    for units in (3, 5):  # of another shape than the first, and of the same
        init = "self.first, self.second = keras.layers.Dense(5), keras.layers.Dense(%d)" % units
        make = lambda: made(owner, init, "return self.second(self.first(inputs))")
        model = make()
        before = out(model)
        model.save_weights("order.h5")
        first = "model.first" if owner == "model" else "model.inner.first"
        *mend, words = rule("weights-order").code(place=first).splitlines()
        assert words.startswith("#") and "freeze afterwards" in words
        exec("\\n".join(mend), globals())
        assert numpy.array_equal(before, out(model)), (owner, units)
        assert len(model.trainable_weights) == 2
        other = make()
        out(other)
        other.load_weights("order.h5")
        eval(first.replace("model", "other", 1)).trainable = False
        assert numpy.array_equal(before, out(other)), (owner, units)
"""

FILLED = """
code = rule("filled-too-late").code(attribute="blocks")
FILL = "row.append(keras.layers.Dense(5))\\nrow.append(keras.layers.Dense(5))\\n"
WAYS = {
    "[0]": "self.blocks = []\\nrow = []\\nself.blocks.append(row)\\n" + FILL + code,
    "['a']": "self.blocks = {}\\nself.blocks['a'] = row = []\\nrow = self.blocks['a']\\n"
    + FILL + code.replace("in self.blocks for", "in self.blocks.values() for"),
}
for key, init in WAYS.items():
    for owner in BASES:
        call = "first, second = self.blocks%s\\nreturn second(first(inputs))" % key
        assert is_whole(lambda: made(owner, init, call)), (owner, init)
        assert not diagnose(made(owner, init, call), X).findings
        without = diagnose(made(owner, init.partition("# last")[0], call), X).findings
        assert without or tf.__version__ < "2.16", init
        for one in without:
            assert one.rule in ("filled-too-late", "nested-container"), one
            assert "_layers = [layer for row in" in one.mend, one.mend
"""

VARIABLES = """
value = tf.ones((5, 3))
if int(tf.__version__.split(".")[1]) > 15:
    code = rule("raw-variable").code(attribute="kernel", name="kernel")
    assert "= keras.Variable(" in code and "self.add_weight(" in code
    for init in code.replace("shape=...", "shape=(5, 3)").replace("=...", "=True").split("# or, which"):
        init = init.replace(" Keras 2 knows as well:", "")
        for owner in BASES:
            make = lambda: made(owner, init, "return tf.matmul(inputs, tf.convert_to_tensor(self.kernel))")
            assert is_whole(make, parameters=15), (owner, init)
            model = make()
            model.compile("sgd", "mse")
            model.fit(X, numpy.zeros((2, 3)), verbose=0)
            assert not numpy.allclose(model.get_weights()[0], 1)
shapes = ((5, 5), (5, 3))
init = rule("variables-in-list").code(attribute="blocks")
make = lambda: made("layer", init, "return tf.matmul(tf.matmul(inputs, self.blocks[0]), self.blocks[1])")
assert is_whole(make, parameters=40)
"""

BRANCH = """
init = "self.first, self.second = keras.layers.Dense(5), keras.layers.Dense(5)"
call = "outputs = self.first(inputs)\\n" + rule("value-in-if").code() + "\\nreturn outputs"
for owner in BASES:
    for first in (X, -X):  # the first batch takes this branch or that
        assert is_whole(lambda: made(owner, init, call), first), (owner, first)
"""


@pytest.mark.integration
@pytest.mark.uses
@pytest.mark.parametrize("program", [ORDER, FILLED, VARIABLES, BRANCH], ids=["order", "filled", "own", "if"])
def test_a_mend_as_it_is_said_mends(probe, tmp_path, program):
    if program is ORDER and probe.stack == "tf2.21":
        pytest.skip("the order is Keras 2's")
    done = subprocess.run(
        [*probe.command[:2], "-c", STAGE + program],
        env=probe.environ, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


MULTI_BACKEND = """
import numpy
import tensorflow as tf
import keras
from nestprobe.doctor.rules import rule

X = numpy.linspace(-1, 2, 10, dtype="float32").reshape(2, 5)


class Pair(BASE):
    def __init__(self):
        super().__init__()
        self.first, self.second = keras.layers.Dense(5), keras.layers.Dense(5)

    def call(self, inputs):
        outputs = self.first(inputs)
        MEND
        return outputs

    def compute_output_shape(self, shape):
        return shape


def made():
    return Pair() if issubclass(Pair, keras.models.Model) else keras.models.Sequential([Pair()])


one, other = made(), made()
before, _ = one.predict(X), other.predict(-X)
assert (one.count_params(), other.count_params()) == (60, 60)
one.save_weights("mended.h5")
other.load_weights("mended.h5")
assert numpy.allclose(before, other.predict(X))
model = one
first = one.first if isinstance(one, Pair) else one.layers[0].first
exec(rule("weights-order").code(place="first"))
assert numpy.array_equal(before, model.predict(X)) and len(model.trainable_weights) == 2
"""


@pytest.mark.integration
@pytest.mark.uses
@pytest.mark.parametrize("base", ["keras.layers.Layer", "keras.models.Model"])
def test_a_choice_within_a_lambda_is_one_on_multi_backend_keras(python_of_stack, tmp_path, base):
    (mend,) = (one.code for one in REMEDIES if one.title.startswith("a choice by the values"))
    program = MULTI_BACKEND.replace("BASE", base).replace("MEND", mend.replace("\n", "\n" + " " * 8))
    environ = clean_environ(tmp_path / "home") | {"PYTHONPATH": str(staging.stage(tmp_path / "probe"))}
    done = subprocess.run(
        [str(python_of_stack("keras2.3")), "-s", "-c", program],
        env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
