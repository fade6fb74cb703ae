"""A check as JUnit XML: a test suite a stack, a test a case variant."""

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from nestbench.gate.checking import Checked
from nestbench.gate.finding import Finding, Kind
from nestbench.gate.report import file_and_line

__all__ = ["to_junit"]

#: How a finding stands in the file. What is missing is an error, as a test that could not be run.
_ELEMENT = {
    Kind.NO_BASELINE: "error",
    Kind.UNACCEPTED: "error",
    Kind.MISSING: "error",
    Kind.DEVIATION: "skipped",
    Kind.UNSTABLE: "system-out",
}
_LIST = "deviations"
#: Characters that no XML may hold, whatever is written before them.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(checked: Checked, *, root: Path, improvements: bool = False) -> bytes:
    """The file, as UTF-8. ``root``: what paths are told from. ``improvements``: they pass."""
    elements = _ELEMENT | ({Kind.IMPROVEMENT: "system-out"} if improvements else {})
    top = ET.Element("testsuites", name="nestbench check")
    for stack in checked.stacks:
        suite = ET.SubElement(top, "testsuite", name=stack)
        for label in checked.clean.get(stack, ()):
            ET.SubElement(suite, "testcase", classname=stack, name=label)
        for one in checked.findings:
            if one.stack == stack and not _of_list(one):
                _add(suite, one, root, elements)
        if stack in checked.unread:
            case = ET.SubElement(suite, "testcase", classname=stack, name="(files)")
            ET.SubElement(case, "error", type="unread", message=_clean(checked.unread[stack]))
    of_list = [one for one in checked.findings if _of_list(one)]
    if of_list:
        suite = ET.SubElement(top, "testsuite", name=_LIST)
        for one in of_list:
            _add(suite, one, root, elements)
    for suite in top:
        _count(suite)
    ET.indent(top)
    text: str = ET.tostring(top, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _of_list(one: Finding) -> bool:
    return one.kind in {Kind.ROTTEN, Kind.ENDED}


def _add(suite: ET.Element, one: Finding, root: Path, elements: Mapping[Kind, str]) -> None:
    name = one.label or "(baseline)"
    case = ET.SubElement(suite, "testcase", classname=_clean(one.stack), name=_clean(name))
    if one.cell is not None:
        file, line = file_and_line(one.cell, root)
        case.set("file", file)
        case.set("line", str(line))
    kind = elements.get(one.kind, "failure")
    text = _clean("\n".join(filter(None, [f"{one.kind}: {one.said}", one.again])))
    if kind == "system-out":  # it passed in the end
        ET.SubElement(case, kind).text = text
        return
    detail = ET.SubElement(case, kind, message=_clean(f"{one.kind}: {one.said}"))
    if kind != "skipped":
        detail.set("type", str(one.kind))
        detail.text = text


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite)))
    for name, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{element}"))))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
