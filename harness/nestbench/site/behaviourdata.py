"""What a browser computes pairs and signals from: each behaviour once, and exact counts, as a script."""

import json
from collections.abc import Mapping
from typing import Any

from nestbench.changes import Behaviour
from nestbench.changes.pairing import COUNTS, UNTOLD
from nestbench.site.survey import Survey
from nestbench.verdicts import Verdict

__all__ = ["NAME", "SIGNALS", "behaviour_script"]

#: The variable that the script sets.
NAME = "nestbenchBehaviours"

#: Facts of a behaviour that the matrix can show instead of verdicts, in this order; then exact counts.
SIGNALS = (
    "count_params() after a call",
    "after build(shape)",
    "scalars that the forward pass reads",
    "scalars listed in weights",
    "scalars listed in trainable_weights",
    "scalars changed by a step",
    "scalars in the weights file",
    "scalars back from the weights file",
    "scalars in the model file",
    "scalars back from the model file",
    "scalars in a TF checkpoint",
    "scalars back from a TF checkpoint",
)


def behaviour_script(survey: Survey) -> str:
    """JavaScript that sets ``NAME``.

    ``verdicts``: in order of rank; ``untold``: those by which a call says nothing. ``rows``: label, place
    of its page, and that of its group in ``groups``. ``behaviours``: each once. ``cells``: for each row and
    stack the place of its behaviour, -1 where nothing is known. ``counts``: by name, for each row and stack
    the exact count, null where it says nothing. ``unstable``: places of row and stack where a second try
    said something else.
    """
    places: dict[str, int] = {}
    seen: dict[int, int] = {}  # by the behaviour's id, for most stacks share one
    behaviours: list[Mapping[str, Any]] = []
    rows: list[dict[str, str | int]] = []
    groups = list(dict.fromkeys(study.entry.group for study in survey.studies))
    cells: list[list[int]] = []
    unstable: list[list[int]] = []
    counts: dict[str, list[list[int | None]]] = {name: [] for name in COUNTS}
    stacks = survey.source.stacks
    for study in survey.studies:
        for one in study.variants:
            group = groups.index(study.entry.group)
            rows.append({"label": one.label, "case": study.entry.id, "row": one.anchor, "group": group})
            line = []
            for stack in stacks:
                known = one.behaviours.get(stack)
                if known is None:
                    line.append(-1)
                    continue
                if id(known) not in seen:
                    data = _data(known)
                    key = json.dumps(data, ensure_ascii=False)
                    if key not in places:
                        places[key] = len(behaviours)
                        behaviours.append(data)
                    seen[id(known)] = places[key]
                line.append(seen[id(known)])
            unstable += [[len(cells), stacks.index(stack)] for stack in one.unstable]
            cells.append(line)
            for name in COUNTS:
                counts[name].append([one.counts[name].get(stack) for stack in stacks])
    data = {
        "stacks": stacks,
        "verdicts": [str(name) for name in Verdict],
        "untold": [str(name) for name in UNTOLD],
        "signals": SIGNALS,
        "groups": groups,
        "rows": rows,
        "behaviours": behaviours,
        "cells": cells,
        "counts": counts,
        "unstable": unstable,
    }
    return f"var {NAME} = {json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n"


def _data(behaviour: Behaviour) -> dict[str, Any]:
    return {
        "call": behaviour.call,
        "build": behaviour.build,
        "words": behaviour.words,
        "back": dict(behaviour.back),
        "facts": dict(behaviour.facts),
        "evidence": behaviour.evidence[:1],
    }
