"""What tests of the audit share: stacks that answer as a test says, and observations that nobody made."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from nestbench.audit.side import Side, Weight
from nestbench.portability import Loaded
from nestbench.run.orchestrate import Prepared
from nestprobe.observation import (
    ModelRecord,
    Observation,
    Outcome,
    PhaseRecord,
    Raised,
    VariableRecord,
    to_data,
)

FAKE = Path(__file__).parent / "fake_audited"
LOST = {
    "in_weights": 0,
    "in_trainable_weights": 0,
    "changed_by_step": False,
    "in_weights_file": False,
    "restored_from_weights_file": False,
    "in_model_file": False,
    "restored_from_model_file": False,
}
#: A raw variable in a nested layer, and a Dense: 83 parameters.
W, KERNEL, BIAS = ("w:0", (5, 10)), ("dense/kernel:0", (10, 3)), ("dense/bias:0", (3,))
PHASES = (
    "built", "constructed", "called", "called-in-training", "saved-weights", "saved-model",
    "saved-checkpoint", "reloaded-weights", "reloaded-model", "reloaded-checkpoint", "cloned", "trained",
)  # fmt: skip


def variable(name, shape, **more):
    """A variable that is used, counted, trained, saved and restored, but for ``more``."""
    known = dict.fromkeys(
        (
            "gradient", "changed_by_step", "in_weights_file", "in_model_file", "in_checkpoint",
            "restored_from_weights_file", "restored_from_model_file", "restored_from_checkpoint",
        ),
        True,
    )  # fmt: skip
    known |= dict.fromkeys(("used", "used_in_inference", "used_in_training"), True)
    record = VariableRecord(
        name=name, shape=list(shape), dtype="float32", trainable=True, created_in="called", in_weights=1,
        in_trainable_weights=1, **known,
    )  # fmt: skip
    return replace(record, **more)


def observation(*variables, counted=None, outcome=None, raised=None, warnings=(), calls=None):
    """An Observation in which each phase is done; ``raised``: exceptions by phase."""
    total = sum(1 for _ in variables) and sum(_size(one) for one in variables if one.in_weights)
    model = ModelRecord(count_params=total if counted is None else counted, weights=len(variables))
    phases = {}
    for name in PHASES:
        if raised and name in raised:
            phases[name] = PhaseRecord("raised", raised=raised[name])
        elif name in {"built", "called"}:
            phases[name] = PhaseRecord(
                "done", model=model, python_calls=100, user_calls=calls or {"Outer": 1}
            )
        elif name.startswith("reloaded"):
            phases[name] = PhaseRecord("done", same_output=True)
        else:
            phases[name] = PhaseRecord("done")
    phases["trained"] = replace(phases["trained"], warnings=list(warnings))
    return Observation("model", {}, outcome or Outcome("observed"), phases, list(variables))


def whole():
    """All 83 are counted, trained and saved."""
    return observation(*(variable(*one) for one in (W, KERNEL, BIAS)), counted=83)


def raw_lost():
    """The 50 of the raw variable are read and in a checkpoint, and nowhere else."""
    return observation(variable(*W, **LOST), variable(*KERNEL), variable(*BIAS), counted=33)


def built(observed, count, calls):
    """``observed`` with another count and other calls after build(shape) alone."""
    model = replace(observed.phases["built"].model, count_params=count)
    observed.phases["built"] = replace(observed.phases["built"], model=model, user_calls=calls)
    return observed


def side(stack, seen, *, weights=None, loads=None, **more):
    """A Side; ``weights``: names and shapes, ``loads``: by saving stack and kind, words or Loaded."""
    made = [
        Weight(name=name, path="", shape=shape, dtype="float32", trainable=True, place="".join(place))
        for name, shape, *place in weights or ()
    ]
    return Side(
        stack=stack,
        observation=seen,
        weights=None if weights is None else tuple(made),
        loads={
            saver: {
                kind: Loaded(result=result) if isinstance(result, str) else result
                for kind, result in kinds.items()
            }
            for saver, kinds in (loads or {}).items()
        },
        **more,
    )  # fmt: skip


def not_made(kind, message):
    """What comes of a factory that raises."""
    raised = Raised(kind, message)
    phases = {name: PhaseRecord("raised", raised=raised) for name in ("built", "constructed")}
    phases["called"] = PhaseRecord("skipped", reason="constructed did not succeed")
    return Observation("model", {}, Outcome("observed"), phases)


def _size(one):
    count = 1
    for side in one.shape:
        count *= side
    return count


def listed(*names_and_shapes, findings=()):
    """The answer to ``list-weights``."""
    weights = [
        {"name": name, "path": "", "shape": list(shape), "dtype": "float32", "trainable": True}
        for name, shape in names_and_shapes
    ]
    examined = [{"name": name, "shape": list(shape), "place": ""} for name, shape in (W, KERNEL, BIAS)]
    return {"weights": weights, "examined": examined, "findings": list(findings)}


class Stacks:
    """Answers by stack, in a folder that the fake probe reads."""

    def __init__(self, root: Path, monkeypatch) -> None:
        self.root = root / "answers"
        self.root.mkdir()
        monkeypatch.setattr("nestbench.staging.stage", lambda _folder: FAKE)
        monkeypatch.setattr("nestbench.audit.auditing.tox_prepare", self._tox_prepare)
        self.errors: dict[str, Exception] = {}
        self.made: list[str] = []

    def answer(self, stack: str, seen: Observation, **more) -> None:
        """What ``stack`` says: ``listed`` and ``loads`` beside the observation; ``fails``: commands."""
        (self.root / f"{stack}.json").write_text(json.dumps({"observation": to_data(seen), **more}))

    def asked(self) -> list[dict]:
        """Every request, in order."""
        return [json.loads(line) for line in (self.root / "asked.jsonl").read_text().splitlines()]

    def _tox_prepare(self, stacks, _workspace, *, envs, allow_download):
        (stack,) = stacks

        def prepare(name, _say):
            if name in self.errors:
                raise self.errors[name]
            self.made.append(name)
            extra = {"FAKE_ANSWERS": str(self.root), "FAKE_STACK": name}
            return Prepared(python=Path(sys.executable), extra=extra)

        assert stack is not None
        return prepare
