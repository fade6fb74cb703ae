"""Claims: sourced sentences about nested layers, held against what was measured."""

from nestbench.claims.claim import Claim, Decider, Scope, load_claims
from nestbench.claims.judging import Outcome, Ruling, rule

__all__ = ["Claim", "Decider", "Outcome", "Ruling", "Scope", "load_claims", "rule"]
