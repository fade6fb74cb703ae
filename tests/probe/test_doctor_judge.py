"""From facts to a diagnosis: what could not be seen is named. With stand-ins for Keras."""

import types
import unittest

from nestprobe.doctor.facts import Facts, Failure, Unseen, VariableFacts
from nestprobe.doctor.judge import judge


def of_failed_step(text, listed):
    """The diagnosis where an optimizer step raised, of a model that lists its variable so often."""
    keras = types.SimpleNamespace(__version__="3.1.0", layers=types.SimpleNamespace(Layer=object))
    engine = types.SimpleNamespace(name="tensorflow", version="2.16.2")
    variable = VariableFacts(
        position=0,
        variable=types.SimpleNamespace(name="kernel", shape=(5, 5)),
        name="kernel",
        shape=(5, 5),
        dtype="float32",
        trainable=True,
        phase="called",
        used_in_inference=True,
        used_in_training=True,
        listed=listed,
        listed_early=bool(listed),
        in_trainable=bool(listed),
    )
    failures = {"trained": Failure("trained", "ValueError", text, "ValueError: " + text)}
    kit = types.SimpleNamespace(keras=keras, engine=engine)
    return judge(Facts(kit=kit, variables=[variable], failures=failures))


class AFailedOptimizerStep(unittest.TestCase):
    def test_is_not_seen(self):
        made = of_failed_step("no such thing", listed=1)
        said = "trained raised ValueError: no such thing"
        self.assertEqual(made.unseen, [Unseen("an optimizer step", said)])
        self.assertEqual(made.exit_status, 3)

    def test_is_not_seen_where_a_variable_is_lost_either(self):
        made = of_failed_step("no such thing", listed=0)
        self.assertEqual([one.kind for one in made.findings], ["uncounted"])
        said = "trained raised ValueError: no such thing"
        self.assertEqual(made.unseen, [Unseen("an optimizer step", said, by_design=True)])

    def test_is_not_seen_where_a_rule_says_why(self):
        made = of_failed_step("using a tensor as a Python `bool` is not allowed", listed=1)
        self.assertEqual([one.rule for one in made.findings], ["value-in-if"])
        self.assertEqual([one.what for one in made.unseen], ["an optimizer step"])


if __name__ == "__main__":
    unittest.main()
