"""From facts to a diagnosis: what could not be seen is named. With stand-ins for Keras; it takes NumPy."""

from types import SimpleNamespace

import pytest

from nestprobe.doctor.facts import Facts, Failure, Unseen, VariableFacts
from nestprobe.doctor.judge import judge


@pytest.fixture
def of_failed_step():
    """A function: the diagnosis where an optimizer step raised, of a model with one variable."""

    def diagnosis(text, *, listed):
        keras = SimpleNamespace(__version__="3.1.0", layers=SimpleNamespace(Layer=object))
        engine = SimpleNamespace(name="tensorflow", version="2.16.2")
        variable = VariableFacts(
            position=0,
            variable=SimpleNamespace(name="kernel", shape=(5, 5)),
            name="kernel",
            shape=(5, 5),
            dtype="float32",
            trainable=True,
            phase="called",
            used_in_inference=True,
            used_in_training=True,
            listed=int(listed),
            listed_early=listed,
            in_trainable=listed,
        )
        failures = {"trained": Failure("trained", "ValueError", text, f"ValueError: {text}")}
        kit = SimpleNamespace(keras=keras, engine=engine)
        return judge(Facts(kit=kit, variables=[variable], failures=failures))

    return diagnosis


def test_an_optimizer_step_that_failed_was_not_seen(of_failed_step):
    made = of_failed_step("no such thing", listed=True)
    assert made.unseen == [Unseen("an optimizer step", "trained raised ValueError: no such thing")]
    assert made.exit_status == 3


def test_nor_was_it_where_a_variable_is_lost(of_failed_step):
    made = of_failed_step("no such thing", listed=False)
    assert [one.kind for one in made.findings] == ["uncounted"]
    said = "trained raised ValueError: no such thing"
    assert made.unseen == [Unseen("an optimizer step", said, by_design=True)]


def test_nor_was_it_where_a_rule_says_why(of_failed_step):
    made = of_failed_step("using a tensor as a Python `bool` is not allowed", listed=True)
    assert [one.rule for one in made.findings] == ["value-in-if"]
    assert [one.what for one in made.unseen] == ["an optimizer step"]
