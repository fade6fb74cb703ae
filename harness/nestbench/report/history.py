"""Histories in words: what a case did in which releases, and what changed from one to the next."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from nestbench.changes import History

__all__ = ["history_brief", "history_json", "history_text"]


def history_text(histories: Sequence[History]) -> str:
    """Every span with its evidence, and the facts that changed in between."""
    return "\n".join(line for history in histories for line in _told(history))


def history_brief(histories: Sequence[History]) -> str:
    """One sentence a line of releases, for cases that changed along it."""
    lines = []
    for label, members in groupby(histories, key=lambda one: one.label):
        changed = [one for one in members if one.changed]
        if changed:
            lines.append(label)
            lines += [f"  {one.line.name}: {one.sentence}" for one in changed]
    return "\n".join([*lines, ""])


def history_json(histories: Sequence[History]) -> str:
    """The same as data."""
    data = [
        {
            "case": history.label,
            "line": history.line.id,
            "part": history.line.part,
            "sentence": history.sentence,
            "unknown": dict(history.unknown),
            "spans": [
                {
                    "stacks": list(span.stacks),
                    "versions": list(span.versions),
                    "call": list(span.behaviour.call),
                    "build": list(span.behaviour.build),
                    "facts": dict(span.behaviour.facts),
                    "evidence": list(span.behaviour.evidence),
                }
                for span in history.spans
            ],
        }
        for history in histories
    ]
    return json.dumps(data, indent=1) + "\n"


def _told(history: History) -> Iterator[str]:
    if not history.spans:
        return
    yield f"{history.label}, {history.line.name}"
    part = history.line.part
    for before, span in zip((None, *history.spans), history.spans, strict=False):
        if before is not None:
            yield f"  between {part} {before.versions[-1]} and {span.versions[0]}:"
            for difference in before.last.differences(span.behaviour) or ["the findings alone"]:
                yield f"      {difference}"
        first, last = span.versions[0], span.versions[-1]
        count = len(span.stacks)
        when = f"{first} to {last}, {count} stacks" if count > 1 else f"{first}, 1 stack"
        yield f"  {part} {when}: {span.behaviour.words}"
        yield f"      {span.behaviour.evidence[0]}" if span.behaviour.evidence else ""
    for why, group in groupby(
        sorted(history.unknown.items(), key=lambda item: item[1]), lambda item: item[1]
    ):
        yield f"  says nothing: {', '.join(stack for stack, _ in group)} ({why})"
    yield ""
