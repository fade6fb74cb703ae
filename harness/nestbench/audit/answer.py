"""What the probe answers of a model beside its observation: its weights, and the doctor's findings."""

from collections.abc import Mapping
from typing import Any

from nestbench.audit.side import Finding, Weight
from nestprobe.observation import Observation

__all__ = ["findings_of", "weights_of"]


def weights_of(answer: Mapping[str, Any] | None) -> tuple[Weight, ...] | None:
    """The entries of ``model.weights``; None where they could not be had."""
    if answer is None or answer.get("weights") is None:
        return None
    return tuple(
        Weight(
            name=one["name"],
            path=one["path"],
            shape=tuple(one["shape"]),
            dtype=one["dtype"],
            trainable=one["trainable"],
        )
        for one in answer["weights"]
    )


def findings_of(answer: Mapping[str, Any] | None, observation: Observation | None) -> tuple[Finding, ...]:
    """The doctor's findings, each with the variable of the observation that it is about."""
    if answer is None or observation is None:
        return ()
    return tuple(
        Finding(
            rule=one["rule"],
            position=one.get("position"),
            place=one.get("place", ""),
            made_at=one.get("made_at", ""),
        )
        for one in answer.get("findings", ())
    )
