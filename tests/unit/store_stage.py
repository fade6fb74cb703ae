"""What the tests of the store share: one observation, and a store that holds it twice."""

import os
from dataclasses import replace
from pathlib import Path

from nestbench.digests import Digests
from nestbench.store import Store, disk
from nestprobe.observation import (
    ModelRecord,
    Observation,
    Outcome,
    OutcomeKind,
    PhaseRecord,
    Raised,
    Status,
    VariableRecord,
)

DIGESTS = Digests(case="c" * 16, lock="l" * 16, probe="p" * 16)


def observation(case="a-case", variant=None, weights=2):
    model = ModelRecord(
        built=True, count_params=83, trainable_count=83, non_trainable_count=0, summary_total=83,
        summary_trainable=83, summary_non_trainable=0, weights=weights, trainable_weights=2,
        layers=["outer (Outer)", "dense (Dense)"],
    )  # fmt: skip
    return Observation(
        case=case,
        variant=variant or {},
        outcome=Outcome(OutcomeKind.OBSERVED),
        phases={
            "called": PhaseRecord(Status.DONE, model=model, python_calls=9, user_calls={"B": 1, "A": 2}),
            "constructed": PhaseRecord(
                Status.DONE,
                model=ModelRecord(
                    built=False, raised={"count_params": Raised("ValueError", "not built: “ü”")}
                ),
            ),
            "saved-weights": PhaseRecord(Status.DONE),
            "trained": PhaseRecord(Status.DONE, model=model),
            "cloned": PhaseRecord(Status.DONE, model=replace(model, layers=["outer_1 (Outer)"])),
        },
        variables=[
            VariableRecord("inner/w", [5, 10], "float32", True, "called", True, True, True, 1, 1),
            VariableRecord("steps", [], "int64", False, "called", True, True, True, 0, 0, False),
        ],
    )


def with_nestbench():
    return os.environ | {"PYTHONPATH": str(Path(disk.__file__).parents[2])}


def filled(tmp_path):
    store = Store(tmp_path / "results")
    store.add("tf2.15", DIGESTS, observation(variant={"owner": "model"}))
    store.add("tf2.15", DIGESTS, observation(variant={"owner": "layer"}))
    return store
