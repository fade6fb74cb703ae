"""Claims in words: where each is held and where refuted, with the case and the value that shows it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from nestbench.claims import Claim, Outcome, Ruling
from nestbench.matrix import Stack
from nestbench.names import number_of

__all__ = [
    "Rulings",
    "claims_json",
    "claims_markdown",
    "claims_text",
    "claims_totals",
    "ruling_lines",
    "span",
    "unspoken_lines",
]

#: Claims in their order, each with its ruling on every stack that it speaks of.
Rulings = Sequence[tuple[Claim, Sequence[Ruling]]]

_MARKS = {
    Outcome.HELD: "held", Outcome.REFUTED: "REFUTED", Outcome.UNDECIDED: "undecided",
    Outcome.NOT_MEASURED: "not measured", Outcome.NOT_APPLICABLE: "not applicable",
}  # fmt: skip


def claims_text(rulings: Rulings, order: Sequence[str], measured: Sequence[Stack] = ()) -> str:
    """Each claim as a paragraph; stacks in the order of ``order``, neighbours as a range.

    ``measured``: those of which it is told where a claim does not speak of them.
    """
    blocks = []
    for claim, said in rulings:
        block = [f"{claim.id}: {claim.sentence}", *(f"  {source}" for source in claim.sources)]
        block += [f"  {line}" for line in ruling_lines(said, order)]
        block += [f"  {line}" for line in unspoken_lines(claim, measured, order)]
        blocks.append("\n".join(block))
    return "\n\n".join([*blocks, claims_totals(rulings)]) + "\n"


def claims_markdown(rulings: Rulings, order: Sequence[str], measured: Sequence[Stack] = ()) -> str:
    """The same as Markdown."""
    blocks = ["# What is claimed, and where it holds", "", claims_totals(rulings), ""]
    for claim, said in rulings:
        links = " · ".join(f"[source]({source})" for source in claim.sources)
        blocks += [f"## {claim.id}", "", f"{claim.sentence} {links}", ""]
        lines = (*ruling_lines(said, order), *unspoken_lines(claim, measured, order))
        blocks += [*(f"- {line}" for line in lines), ""]
    return "\n".join(blocks)


def claims_json(rulings: Rulings, measured: Sequence[Stack] = ()) -> str:
    """Each claim with its ruling on every stack that it speaks of; of others, why it does not."""
    data = [
        {
            "id": claim.id,
            "sentence": claim.sentence,
            "sources": list(claim.sources),
            "rulings": [asdict(one) for one in said],
            "unspoken": {one.id: why for one in measured if (why := claim.stacks.leaves_out(one))},
        }
        for claim, said in rulings
    ]
    return json.dumps(data, indent=1) + "\n"


def ruling_lines(said: Sequence[Ruling], order: Sequence[str]) -> Iterator[str]:
    """``held on tf2.0 to tf2.15 (16 stacks): the case and the values``, for each outcome."""
    for outcome, mark in _MARKS.items():
        chosen = [one for one in said if one.outcome == outcome]
        if not chosen:
            continue
        groups: dict[str, list[str]] = {}
        for one in chosen:
            groups.setdefault(one.evidence, []).append(one.stack)
        if len(groups) > 3:  # noqa: PLR2004 - beyond, the stacks are easier to read than their values
            stacks = [one.stack for one in chosen]
            yield f"{mark} on {span(stacks, order)}, e.g. {chosen[0].stack}: {chosen[0].evidence}"
            continue
        for evidence, stacks in groups.items():
            yield f"{mark} on {span(stacks, order)}: {evidence}"


def unspoken_lines(claim: Claim, measured: Iterable[Stack], order: Sequence[str]) -> Iterator[str]:
    """``does not speak of keras2.3 (1 stack): why``, for each reason."""
    groups: dict[str, list[str]] = {}
    for one in measured:
        why = claim.stacks.leaves_out(one)
        if why:
            groups.setdefault(why, []).append(one.id)
    for why, stacks in groups.items():
        yield f"does not speak of {span(stacks, order)}: {why}"


def claims_totals(rulings: Rulings) -> str:
    """How many claims are held and refuted where, in a sentence."""
    everywhere = partly = nowhere = undecided = 0
    for _, said in rulings:
        outcomes = {one.outcome for one in said} & {Outcome.HELD, Outcome.REFUTED}
        everywhere += outcomes == {Outcome.HELD}
        nowhere += outcomes == {Outcome.REFUTED}
        partly += len(outcomes) > 1
        undecided += not outcomes
    return (
        f"{number_of(len(rulings), 'claim')}: {everywhere} held wherever they were decided, "
        f"{partly} held on some stacks and refuted on others, {nowhere} refuted wherever they were decided, "
        f"{undecided} decided nowhere."
    )


def span(stacks: Sequence[str], order: Sequence[str]) -> str:
    """Names of stacks in the order of ``order``, three or more neighbours as ``first to last``."""
    places = sorted(order.index(stack) for stack in dict.fromkeys(stacks))
    parts = []
    for _, run in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0]):
        names = [order[place] for _, place in run]
        parts += [f"{names[0]} to {names[-1]}"] if len(names) > 2 else names  # noqa: PLR2004 - a range
    return f"{', '.join(parts)} ({len(places)} stack{'s' if len(places) != 1 else ''})"
