"""Workflow commands of GitHub Actions: each finding at the line of its case."""

from collections.abc import Iterator
from pathlib import Path

from nestbench.errors import ExitCode
from nestbench.gate.checking import Checked
from nestbench.gate.deviation import FILE
from nestbench.gate.finding import Kind
from nestbench.gate.report import file_and_line, groups

__all__ = ["annotations"]

_OF_LIST = (Kind.ROTTEN, Kind.ENDED)


def annotations(checked: Checked, *, root: Path, folder: Path, improvements: bool = False) -> Iterator[str]:
    """``::error file=...,line=...,title=...::...``, one for what several stacks share.

    What has no case of the catalogue is told of ``folder``, where the baselines lie. ``improvements``: they
    pass, and are warnings.
    """
    for group in groups(checked):
        if group.kind is Kind.DEVIATION:
            continue
        passes = group.kind.exit_code is ExitCode.CLEAN or (improvements and group.kind is Kind.IMPROVEMENT)
        level = "warning" if passes else "error"
        where = {}
        if group.cell is not None:
            file, line = file_and_line(group.cell, root)
            where = {"file": file, "line": str(line)}
        elif group.kind in _OF_LIST and folder.is_relative_to(root):
            where = {"file": str(folder.relative_to(root) / FILE)}
        title = f"{group.kind}: {group.title}"
        options = ",".join(f"{name}={_property(text)}" for name, text in {**where, "title": title}.items())
        yield f"::{level} {options}::{_message(chr(10).join(filter(None, group.lines())))}"
    for stack, why in checked.unread.items():
        yield f"::error title={_property(f'{stack} could not be looked at')}::{_message(why)}"


def _message(text: str) -> str:
    for mark, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(mark, code)
    return text


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
