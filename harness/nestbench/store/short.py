"""The short forms in which an observation is stored: most phases and variables say the same.

What is usual is one word, and what differs stands out in a diff:

- a phase that is only done is ``"done"``, a skipped one ``"skipped: why"``; of others that are done the
  status is left out;
- a model record is what differs from that of an earlier phase, ``{"as": "called", "weights": 2}``, or
  ``"as called"`` where nothing does;
- an exception is ``"ValueError: text"``; fields of a model that raised the same stand together;
- a variable is what differs from ``USUAL``: used, counted, trained, saved and restored.
"""

import json
from collections.abc import Mapping
from typing import Any

from nestprobe.observation import Status

__all__ = ["USUAL", "lengthen", "shorten"]

_Data = dict[str, Any]

_AS = "as"
_MOST_DIFFERING = 3  # beyond, a record reads better whole
_SEPARATOR = ": "
_SKIPPED = f"{Status.SKIPPED}{_SEPARATOR}"

#: What a variable is that Keras does everything right with; its name and shape are always written.
USUAL: Mapping[str, Any] = {
    "dtype": "float32",
    "trainable": True,
    "created_in": "called",
    "used": True,
    "used_in_inference": True,
    "used_in_training": True,
    "in_weights": 1,
    "in_trainable_weights": 1,
    "gradient": True,
    "changed_by_step": True,
    "in_weights_file": True,
    "in_model_file": True,
    "in_checkpoint": True,
    "restored_from_weights_file": True,
    "restored_from_model_file": True,
    "restored_from_checkpoint": True,
}


def shorten(observation: _Data) -> None:
    """Write the long form ``observation`` short, in place."""
    seen: dict[str, _Data] = {}
    phases = observation.get("phases", {})
    for name, phase in phases.items():
        if "raised" in phase:
            phase["raised"] = _one_line(phase["raised"])
        if phase.get("model"):
            phase["model"] = _shorter_model(name, phase["model"], seen)
        phases[name] = _shorter_phase(phase)
    if "variables" in observation:
        observation["variables"] = [_shorter_variable(one) for one in observation["variables"]]


def lengthen(observation: _Data) -> None:
    """Undo ``shorten``, in place; a long form stays as it is.

    Raises LookupError, TypeError, AttributeError or ValueError for data that is neither.
    """
    phases = observation.get("phases", {})
    for name in phases:
        phase = phases[name] = _longer_phase(phases[name])
        if "raised" in phase:
            phase["raised"] = _two_fields(phase["raised"])
        if phase.get("model"):
            phase["model"] = _longer_model(phase["model"], phases)
    if "variables" in observation:
        observation["variables"] = [_longer_variable(one) for one in observation["variables"]]


def _shorter_phase(phase: _Data) -> Any:
    if phase == {"status": Status.DONE}:
        return Status.DONE
    if phase.keys() == {"status", "reason"} and phase["status"] == Status.SKIPPED:
        return _SKIPPED + phase["reason"]
    if phase["status"] == Status.DONE:
        return {name: value for name, value in phase.items() if name != "status"}
    return phase


def _longer_phase(phase: Any) -> _Data:
    if isinstance(phase, str):
        status, separator, reason = phase.partition(_SEPARATOR)
        return {"status": status, "reason": reason} if separator else {"status": status}
    return {"status": Status.DONE, **phase}


def _one_line(raised: _Data) -> Any:
    return raised if _SEPARATOR in raised["type"] else f"{raised['type']}{_SEPARATOR}{raised['message']}"


def _two_fields(raised: Any) -> Any:
    if not isinstance(raised, str):
        return raised
    kind, _, message = raised.partition(_SEPARATOR)
    return {"type": kind, "message": message}


def _shorter_model(phase: str, model: _Data, seen: dict[str, _Data]) -> Any:
    if "raised" in model:
        model = {**model, "raised": _grouped(model["raised"])}
    written: Any = model
    for earlier, other in seen.items():
        keys = [key for key in {**other, **model} if other.get(key) != model.get(key)]
        if len(keys) > _MOST_DIFFERING:
            continue
        differing = {key: model.get(key) for key in keys}
        short = {_AS: earlier, **differing} if differing else f"{_AS} {earlier}"
        if len(json.dumps(short)) < len(json.dumps(written)):
            written = short
    seen[phase] = model
    return written


def _longer_model(written: Any, phases: _Data) -> _Data:
    if isinstance(written, str):
        return dict(phases[written.removeprefix(f"{_AS} ")]["model"])
    model = dict(written)
    if "raised" in model and model["raised"] is not None:
        model["raised"] = _ungrouped(model["raised"])
    if _AS in model:
        merged = {**phases[model.pop(_AS)]["model"], **model}
        model = {key: value for key, value in merged.items() if value is not None}
    return model


def _grouped(raised: _Data) -> _Data:
    """Exception -> names of the fields that raised it, in one text."""
    groups: _Data = {}
    for name, one in raised.items():
        line = _one_line(one)
        if not isinstance(line, str) or " " in name:
            return raised
        groups[line] = f"{groups[line]} {name}" if line in groups else name
    return groups


def _ungrouped(raised: _Data) -> _Data:
    if not all(isinstance(names, str) for names in raised.values()):
        return raised
    return {name: _two_fields(line) for line, names in raised.items() for name in names.split(" ")}


def _shorter_variable(variable: _Data) -> _Data:
    own = {name: value for name, value in variable.items() if name not in USUAL}
    differing = {name: variable.get(name) for name, value in USUAL.items() if variable.get(name) != value}
    return {**own, **differing, _AS: "usual"} if len(differing) < len(USUAL) // 2 else variable


def _longer_variable(variable: _Data) -> _Data:
    if _AS not in variable:
        return variable
    whole = {**USUAL, **variable}
    return {name: value for name, value in whole.items() if name != _AS and value is not None}
