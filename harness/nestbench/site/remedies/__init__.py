"""Remedies beside the doctor's rules: for what a doctor that looks at one model on one stack is not asked."""

from nestbench.site.remedies import calls, files, multibackend

__all__ = ["REMEDIES"]

REMEDIES = (*files.REMEDIES, *calls.REMEDIES, *multibackend.REMEDIES)
