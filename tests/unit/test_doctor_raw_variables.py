"""What the mend of a raw variable keeps of the line that made it."""

import pathlib
import tempfile
import unittest

from doctor_stage import Model, Variable, variable

from nestprobe.doctor import mends, rules
from nestprobe.doctor.graph import Node
from nestprobe.doctor.origins import Line

SOURCE = """
class Own(Layer):
    def __init__(self, units):
        self.table = tf.Variable(sinusoid(6, units), trainable=False, name="sines")
        self.one = tf.Variable(tf.ones([units, 3]), dtype="float64"); self.two = tf.Variable(
            initial_value=2.0 * shape,
        )
        self.ws = [tf.Variable(1.0 + i) for i in range(2)]
        self.p = {"a": tf.Variable(1.0), "b": tf.Variable(2.0)}
        for k, n in sizes:
            self.q[k] = tf.Variable(n * tf.ones([2]))
        self.odd = [tf.Variable(i) for i in range(3) if i]
        self.split = tf.Variable(1.0 + \\
            units)
        self.w = self.made_by_another()
    def made_by_another(self):
        return tf.Variable(1.0)
    def call(self, inputs):
        self.late = tf.Variable(tf.reduce_mean(inputs))
"""


class RawVariables(unittest.TestCase):
    """The mend keeps the value, the type and the flag, as the line of source tells."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "own.py"
        self.file.write_text(SOURCE, encoding="utf-8")

    def mend(self, text, attribute, keys=None, **seen):
        rows = SOURCE.splitlines()
        number = next(n for n, row in enumerate(rows, 1) if text in row)
        function = "call" if "late" in text else "__init__"
        lines = (Line(str(self.file), number, function, rows[number - 1]),)
        root = Node(Model(), None, text="model")
        held = {} if attribute in "pq" else []
        nodes = [Node(Variable(), root, "attribute", attribute, "." + attribute)]
        if keys is not None:
            held = Node(held, root, "attribute", attribute, "." + attribute)
            nodes = [Node(Variable(), held, "item", key, f"[{key!r}]") for key in keys]
        members = [(variable(node, 0, lines=lines, **seen), node) for node in nodes]
        said = mends.mend(rules.rule("raw-variable"), members)
        assert "glorot" not in said
        compile(said, "mend", "exec")
        return said

    def test_keep_an_initial_value_and_that_it_is_not_trained(self):
        said = self.mend("self.table", "table", trainable=False)
        assert 'name="sines", shape=(2, 3)' in said
        assert "initializer=lambda shape, dtype=None: sinusoid(6, units), trainable=False" in said
        assert "# in __init__(), in the place of tf.Variable(...)" in said

    def test_keep_ones_and_their_shape_and_type(self):
        said = self.mend("self.one", "one", dtype="float64")
        assert 'shape=[units, 3], initializer="ones", dtype="float64"' in said
        assert "initializer=lambda *_, **__: 2.0 * shape" in self.mend("self.two", "two")

    def test_keep_what_a_loop_makes(self):
        said = self.mend("self.ws", "ws", (0, 1), shape=())
        assert "for i in range(2):\n    self.ws.append(self.add_weight(" in said
        assert "initializer=lambda shape, dtype=None, i=i: 1.0 + i" in said
        assert "self.q[k] = self.add_weight(" in self.mend("self.q[k]", "q", "xy")

    def test_keep_each_of_a_literal(self):
        said = self.mend("self.p", "p", "ab")
        assert "self.p['b'] = self.add_weight(" in said
        assert "dtype=None: 1.0)" in said
        assert "dtype=None: 2.0)" in said

    def test_say_where_the_value_stands_if_it_cannot_be_written(self):
        asked = {"return tf": "w", "self.split": "split", "self.late": "late"}
        for text, attribute in asked.items():
            said = self.mend(text, attribute)
            assert "initializer=...)" in said
            assert f"{self.file}:" in said
        assert "def build(self, input_shape):" in said
        assert "initializer=...)" in self.mend("self.odd", "odd", (0, 1))
