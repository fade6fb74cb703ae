"""The doctor seen from the controller: what is measured of its rules, and whether it is right."""

from nestbench.doctoring.versions import VERSIONS, of_table, ranges, update

__all__ = ["VERSIONS", "of_table", "ranges", "update"]
