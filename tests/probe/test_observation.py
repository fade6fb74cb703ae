import json
import unittest
from dataclasses import MISSING, fields, is_dataclass

from nestprobe import observation
from nestprobe.observation import (
    ModelRecord,
    Observation,
    Outcome,
    OutcomeKind,
    PhaseRecord,
    Raised,
    Status,
    VariableRecord,
    to_data,
)


def variable(**more):
    given = {
        "name": "kernel",
        "shape": [5, 10],
        "dtype": "float32",
        "trainable": True,
        "created_in": "called",
        "in_weights": 0,
        "in_trainable_weights": 0,
    }
    given.update({item.name: True for item in fields(VariableRecord) if item.name.startswith("used")})
    given.update(more)
    return VariableRecord(**given)


class ToDataTest(unittest.TestCase):
    def test_what_holds_its_default_is_left_out(self):
        self.assertEqual(to_data(PhaseRecord(Status.DONE)), {"status": "done"})
        self.assertEqual(to_data(ModelRecord()), {})

    def test_measured_false_and_zero_are_kept_apart_from_not_measured(self):
        data = to_data(PhaseRecord(Status.DONE, python_calls=0, same_output=False))
        self.assertEqual(data, {"status": "done", "python_calls": 0, "same_output": False})
        data = to_data(variable(gradient=False))
        self.assertIs(data["gradient"], False)
        self.assertEqual(data["in_weights"], 0)
        self.assertNotIn("in_model_file", data)

    def test_a_field_without_default_is_always_there(self):
        for record in (Outcome(""), Raised("", ""), Observation("", {}, Outcome(""))):
            needed = {f.name for f in fields(record) if f.default is f.default_factory is MISSING}
            self.assertLessEqual(needed, set(to_data(record)))

    def test_round_trip_through_json(self):
        whole = Observation(
            case="a-case",
            variant={"owner": "layer"},
            outcome=Outcome(OutcomeKind.CRASHED, "SIGSEGV", "called"),
            phases={
                "constructed": PhaseRecord(Status.DONE, warnings=["UserWarning: a"]),
                "called": PhaseRecord(
                    Status.RAISED,
                    raised=Raised("ValueError", "no"),
                    model=ModelRecord(
                        built=False,
                        count_params=0,
                        layers=[],
                        raised={"summary": Raised("ValueError", "not built")},
                    ),
                    user_calls={"Outer": 2},
                ),
            },
            variables=[variable(), variable(name="bias", shape=[], gradient=True)],
        )
        data = json.loads(json.dumps(to_data(whole)))
        self.assertEqual(read(data), whole)
        self.assertEqual(to_data(read(data)), data)

    def test_wire_types_cannot_be_changed(self):
        types = [one for one in vars(observation).values() if is_dataclass(one)]
        self.assertEqual(len(types), 6)
        for one in types:
            self.assertTrue(one.__dataclass_params__.frozen, one)


def read(data):
    def model(given):
        failures = {name: Raised(**one) for name, one in given.get("raised", {}).items()}
        return ModelRecord(**dict(given, raised=failures))

    def phase(given):
        given = dict(given)
        if "raised" in given:
            given["raised"] = Raised(**given["raised"])
        if "model" in given:
            given["model"] = model(given["model"])
        return PhaseRecord(**given)

    return Observation(
        case=data["case"],
        variant=data["variant"],
        outcome=Outcome(**data["outcome"]),
        phases={name: phase(one) for name, one in data["phases"].items()},
        variables=[VariableRecord(**one) for one in data["variables"]],
    )


if __name__ == "__main__":
    unittest.main()
