"""What the probe answers of a model beside its observation: its weights, and the doctor's findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nestbench.audit.matching import pairs
from nestbench.audit.side import Finding, Weight
from nestbench.verdicts.variables import is_floating
from nestprobe.observation import Observation

__all__ = ["findings_of", "notes_of", "places_of", "weights_of"]


@dataclass(frozen=True)
class _Examined:
    """A variable as the doctor saw it."""

    name: str
    shape: Sequence[int]


def weights_of(
    answer: Mapping[str, Any] | None, observation: Observation | None
) -> tuple[Weight, ...] | None:
    """The entries of ``model.weights``; None where they could not be had."""
    if answer is None or answer.get("weights") is None:
        return None
    places = places_of(answer, observation)
    variables = observation.variables if observation is not None else ()
    floating = [places.get(position, "") for position, one in enumerate(variables) if is_floating(one)]
    return tuple(
        Weight(
            name=one["name"],
            path=one["path"],
            shape=tuple(one["shape"]),
            dtype=one["dtype"],
            trainable=one["trainable"],
            place=_at(floating, one.get("floating")),
        )
        for one in answer["weights"]
    )


def _at(places: Sequence[str], position: int | None) -> str:
    return places[position] if position is not None and position < len(places) else ""


def findings_of(answer: Mapping[str, Any] | None, observation: Observation | None) -> tuple[Finding, ...]:
    """The doctor's findings, each with the variables of the observation that it is about.

    The doctor made a model of its own: its variables are those of the observation by name and shape.
    """
    if answer is None or observation is None:
        return ()
    place = _matched(answer, observation)
    return tuple(
        Finding(
            rule=one["rule"],
            kind=one["kind"],
            said=one["said"],
            mend=one["mend"],
            positions=tuple(found for number in one["variables"] if (found := place.get(number)) is not None),
            place=one["place"],
            made_at=one["line"],
        )
        for one in answer.get("findings", ())
    )


def places_of(answer: Mapping[str, Any] | None, observation: Observation | None) -> dict[int, str]:
    """Where the variables of the observation are in the object graph, of those to which a way was found."""
    if answer is None or observation is None:
        return {}
    examined = answer.get("examined", ())
    return {
        position: examined[number]["place"]
        for number, position in _matched(answer, observation).items()
        if position is not None and examined[number]["place"]
    }


def _matched(answer: Mapping[str, Any], observation: Observation) -> dict[int, int | None]:
    """Places in the observation of the variables that the doctor examined."""
    examined = [_Examined(one["name"], one["shape"]) for one in answer.get("examined", ())]
    return {one: other for one, other in pairs(examined, observation.variables) if one is not None}


def notes_of(answer: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What could not be looked at, a sentence each."""
    if answer is None:
        return ("its weights could not be listed, and the doctor could not look",)
    notes = [
        f"{_LOOKING.get(phase, phase)} failed: {one['type']}: {one['message']}"
        for phase, one in answer.get("errors", {}).items()
    ]
    outcome = answer.get("outcome")
    if outcome is not None:
        where = _LOOKING.get(outcome.get("phase"), "listing its weights")
        notes.append(f"{where} did not come to its end: {outcome['kind']} ({outcome.get('detail', '')})")
    notes += [f"the doctor could not see {one['what']}: {one['why']}" for one in answer.get("unseen", ())]
    return tuple(notes)


_LOOKING = {"weights": "listing its weights", "doctor": "looking why (the doctor)"}
