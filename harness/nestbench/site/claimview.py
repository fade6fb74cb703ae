"""Claims as pages show them: one word, and the lines of ``nestbench claims``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nestbench.claims import Claim, Outcome, Ruling
from nestbench.report.claims import claims_totals, ruling_lines, unspoken_lines
from nestbench.site.survey import Survey

__all__ = ["ClaimView", "claim_totals", "claim_views"]

_ARTICLE = "article-"


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """``verdict``: held, refuted, depends on the stack, or not decided. ``kind``: a letter for the colour."""

    claim: Claim
    verdict: str
    kind: str
    icon: str
    held: int
    refuted: int
    lines: tuple[str, ...]

    @property
    def from_article(self) -> bool:
        """Whether it is one of the article that this project answers."""
        return self.claim.id.startswith(_ARTICLE)

    @property
    def cases(self) -> tuple[str, ...]:
        """Ids of the cases that decide it."""
        return tuple(dict.fromkeys(one.case for one in self.claim.decided_by))


def claim_views(survey: Survey) -> list[ClaimView]:
    """All claims, in their order."""
    order = [stack.id for stack in survey.source.matrix.stacks]
    measured = [column.row for block in survey.source.blocks for column in block.columns if column.row]
    views = []
    for claim in survey.source.claims:
        rulings = survey.rulings[claim.id]
        lines = (*ruling_lines(rulings, order), *unspoken_lines(claim, measured, order))
        views.append(_view(claim, rulings, lines))
    return views


def claim_totals(survey: Survey) -> str:
    """How many are held and refuted where, as ``nestbench claims`` says it."""
    return claims_totals([(claim, survey.rulings[claim.id]) for claim in survey.source.claims])


def _view(claim: Claim, rulings: Sequence[Ruling], lines: tuple[str, ...]) -> ClaimView:
    held, refuted = (_count(rulings, outcome) for outcome in (Outcome.HELD, Outcome.REFUTED))
    verdict, kind, icon = "not decided", "u", "?"
    if held and refuted:
        verdict, kind, icon = "depends on the version", "x", "◐"
    elif held:
        verdict, kind, icon = "held", "t", "✓"
    elif refuted:
        verdict, kind, icon = "refuted", "l", "✗"
    return ClaimView(
        claim=claim, verdict=verdict, kind=kind, icon=icon, held=held, refuted=refuted, lines=lines
    )  # fmt: skip


def _count(rulings: Iterable[Ruling], outcome: Outcome) -> int:
    return sum(one.outcome is outcome for one in rulings)
