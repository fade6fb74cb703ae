"""An audit as plain data: what the JSON holds and what the templates show."""

from collections.abc import Sequence
from typing import Any

from nestbench.audit.difference import Gravity, Kind
from nestbench.audit.explaining import Explanation
from nestbench.audit.facts import facts
from nestbench.audit.listing import rows
from nestbench.audit.result import Audit, Told
from nestbench.audit.side import Side, Weight
from nestbench.timing.report import row_data
from nestbench.verdicts.variables import size

__all__ = ["view"]

_SCHEMA = 1


def view(audit: Audit) -> dict[str, Any]:
    """Everything that is shown; texts are as they were measured, nothing in them is escaped."""
    return {
        "schema": _SCHEMA,
        "model": audit.model,
        "date": audit.date,
        "from": audit.before.stack,
        "to": audit.after.stack,
        "via": [side.stack for side in audit.sides[1:-1]],
        "headline": audit.headline,
        "exit_code": int(audit.exit_code),
        "stopped": audit.stopped,
        "sides": [_side(side) for side in audit.sides],
        "unknown": list(audit.unknown),
        "facts": [{"name": name, "values": list(values)} for name, values in facts(audit.sides)],
        "differences": _differences(audit),
        "cases": _cases(audit),
        "lost_on_both": [
            _lost_on_both(audit.after, kind, places) for kind, places in audit.still_lost.items()
        ],
        "weights": _weights(audit),
        "files": [
            {
                "saved_on": saver,
                "loaded_on": side.stack,
                "kind": kind,
                "result": one.result,
                "detail": one.detail,
            }
            for side in audit.sides
            for saver, kinds in side.loads.items()
            for kind, one in kinds.items()
        ],
        "time": _time(audit),
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "stack": side.stack,
        "versions": {name: version for name, version in side.versions.items() if version},
        "measured": side.measured,
        "why": "" if side.measured else side.ending,
        "do": side.do,
        "notes": list(side.notes),
    }


def _lost_on_both(side: Side, kind: Kind, places: Sequence[int]) -> dict[str, Any]:
    """``places``: where each is in the object graph, or its name: names repeat in some releases."""
    assert side.observation is not None
    variables = [side.observation.variables[place] for place in places]
    return {
        "kind": str(kind),
        "variables": [one.name for one in variables],
        "places": [side.places.get(place) or one.name for place, one in zip(places, variables, strict=True)],
        "parameters": sum(map(size, variables)),
    }


def _differences(audit: Audit) -> list[dict[str, Any]]:
    """In order; an explanation that was given before, of the same places, is marked as ``again``."""
    found, given = [_told(one) for one in audit.told], set()
    for one in found:
        for why in one["explanations"]:
            key = (why["rule"], tuple(why["places"]))
            why["again"] = key in given
            given.add(key)
    return found


def _told(told: Told) -> dict[str, Any]:
    one = told.difference
    return {
        "gravity": one.gravity.name.lower(),
        "kinds": [str(kind) for kind in one.kinds],
        "title": one.title,
        "evidence": list(one.evidence),
        "variables": list(one.variables),
        "step": told.step,
        "explanations": [_explanation(each) for each in told.explanations],
        "unexplained": one.gravity in (Gravity.SILENT, Gravity.LOUD) and not told.explanations,
        "parts": dict(told.carrier.parts) if told.carrier is not None else None,
        "mixtures": list(told.carrier.asked) if told.carrier is not None else [],
    }


def _explanation(one: Explanation) -> dict[str, Any]:
    return {
        "rule": one.rule.id,
        "title": one.rule.title,
        "cause": one.rule.cause,
        "mend": one.mend,
        "places": list(one.places),
        "has_cases": bool(one.rule.cases),
        "cases": [
            {
                "id": shown.case.id,
                "label": shown.label,
                "symptom": shown.case.symptom,
                "sources": [one for one in shown.case.sources if one.startswith(("https://", "http://"))],
                "verdict": str(shown.verdict),
                "since": shown.since,
                "why": shown.why,
                "exchanged": shown.exchanged,
            }
            for shown in one.shown
        ],
    }


def _cases(audit: Audit) -> list[dict[str, Any]]:
    """Every case that explains something, once, so that a page can show what it links."""
    shown = (one for told in audit.told for why in told.explanations for one in why.shown)
    return [
        {"id": case.id, "file": case.file.name, "line": case.line, "source": case.source}
        for case in {one.case.id: one.case for one in shown}.values()
    ]


def _weights(audit: Audit) -> list[dict[str, Any]] | None:
    old, new = audit.before.weights, audit.after.weights
    if old is None or new is None:
        return None
    return [
        {
            "before": None if one is None else {"place": one, **_weight(old[one])},
            "after": None if other is None else {"place": other, **_weight(new[other])},
        }
        for one, other in rows(old, new)
    ]


def _weight(weight: Weight) -> dict[str, Any]:
    return {
        "name": weight.name,
        "path": weight.path,
        "shape": list(weight.shape),
        "dtype": weight.dtype,
        "trainable": weight.trainable,
    }


def _time(audit: Audit) -> dict[str, Any] | None:
    if audit.speed is None:
        return None
    return {
        "blocks": audit.speed.blocks,
        "rows": [row_data(row) for row in audit.speed.answers.rows],
        "caveats": list(audit.speed.caveats),
    }
