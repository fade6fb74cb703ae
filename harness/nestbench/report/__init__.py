"""What people read: the comparison table on a terminal, as Markdown, CSV and JSON."""

from nestbench.report.grid import Grid, Query, make_grid
from nestbench.report.table import print_table, to_csv, to_json, to_markdown, write_tables

__all__ = [
    "Grid",
    "Query",
    "make_grid",
    "print_table",
    "to_csv",
    "to_json",
    "to_markdown",
    "write_tables",
]
