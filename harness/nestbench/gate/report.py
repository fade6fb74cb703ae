"""A check in words: what a person needs first, as text, Markdown and JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nestbench.catalogue import Cell
from nestbench.errors import ExitCode
from nestbench.gate.checking import Checked
from nestbench.gate.finding import Finding, Kind
from nestbench.names import number_of

__all__ = ["Group", "groups", "headline", "place", "to_json", "to_markdown", "to_text"]

_MOST = 12  # groups of findings on the first screen
_FEW = 6  # names in a sentence
#: Told by the stack, not by the case: their number says more than their names.
_BY_STACK = (Kind.MISSING, Kind.UNACCEPTED)
_END = {
    ExitCode.CLEAN: "clean",
    ExitCode.FOUND: "failed",
    ExitCode.INCOMPLETE: "incomplete: neither clean nor a regression",
    ExitCode.GROUND: "something could not be read",
}
_TO_DO = {
    Kind.REGRESSION: "mend it; or, where it is meant, `nestbench accept STACK --case CASE`; or list it, with "
    "a reason and an end date, in {folder}/deviations.toml",
    Kind.CHANGE: "where it is meant, `nestbench accept STACK --case CASE`",
    Kind.IMPROVEMENT: "`nestbench accept STACK --case CASE`: as long as the worse is what is accepted, "
    "to fall back to it would pass unseen",
    Kind.GONE: "`nestbench accept STACK` drops what the catalogue no longer has; own cases need --cases DIR",
    Kind.ENDED: "mend what deviates, accept it, or give a later day and the reason for it",
    Kind.ROTTEN: "take it out of {folder}/deviations.toml",
    Kind.NO_BASELINE: "measure the stack where nothing is, then `nestbench accept STACK`, and commit it",
    Kind.UNACCEPTED: "`nestbench accept STACK --case CASE` accepts what was measured; commit it",
    Kind.MISSING: "`nestbench run STACK` measures it, or says why it cannot",
    Kind.UNSTABLE: "it differs from run to run: look at it before it is believed either way",
}


@dataclass(frozen=True, kw_only=True)
class Group:
    """Findings that say the same, told once."""

    kind: Kind
    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """What stands for all of them."""
        return self.findings[0]

    @property
    def cell(self) -> Cell | None:
        """The cell whose case it is about; None where it is about many, or about none."""
        return None if self.kind in _BY_STACK else self.first.cell

    @property
    def stacks(self) -> list[str]:
        """Where they were found."""
        return list(dict.fromkeys(one.stack for one in self.findings))

    @property
    def title(self) -> str:
        """What, and where."""
        stacks = _few(self.stacks)
        if self.kind in _BY_STACK:
            return f"{number_of(len(self.findings), 'cell')} of {stacks}"
        labels = {one.label for one in self.findings}
        name = self.first.label
        if len(labels) > 1 and self.cell is not None:
            name = f"{self.cell.case.id} ({number_of(len(labels), 'variant')})"
        return f"{name} on {stacks}" if name else stacks

    def lines(self) -> Iterator[str]:
        """What differs, or why nothing is known; and what a second try said."""
        yield self.first.brief
        if self.kind in _BY_STACK:
            labels = list(dict.fromkeys(one.label for one in self.findings))
            yield _few(labels)
        if self.first.again:
            yield self.first.again


def groups(checked: Checked) -> list[Group]:
    """The findings, those that say the same of several stacks or variants of a case together."""
    found: dict[tuple[object, ...], list[Finding]] = {}
    for one in checked.findings:
        what = one.cell.case.id if one.cell is not None else one.label
        key: tuple[object, ...] = (one.kind, what, one.said, one.again)
        if one.kind in _BY_STACK:
            why = one.why if one.kind is Kind.MISSING else ""
            key = (one.kind, one.stack, why)
        elif one.kind is Kind.NO_BASELINE:
            key = (one.kind, one.said)
        found.setdefault(key, []).append(one)
    return [Group(kind=members[0].kind, findings=tuple(members)) for members in found.values()]


def headline(checked: Checked, code: ExitCode) -> str:
    """One sentence: how it ended, on how much."""
    counts = [(len(checked.of(kind)), kind) for kind in Kind]
    said = ", ".join(_counted(count, kind) for count, kind in counts if count)
    clean = sum(map(len, checked.clean.values()))
    stacks = number_of(len(checked.stacks), "stack")
    return f"Gate {_END[code]}: {stacks}, {', '.join(filter(None, [said, f'{clean} as accepted']))}."


def _counted(count: int, kind: Kind) -> str:
    if kind in {Kind.REGRESSION, Kind.CHANGE, Kind.IMPROVEMENT, Kind.ENDED, Kind.ROTTEN, Kind.DEVIATION}:
        return number_of(count, str(kind))
    return f"{count} {kind}"


def to_text(checked: Checked, code: ExitCode, *, root: Path, folder: Path, everything: bool) -> Iterator[str]:
    """Lines for a screen: the gravest first, the rest counted unless ``everything`` is asked for.

    ``root``: what paths of cases are told from. ``folder``: where the baselines lie.
    """
    yield headline(checked, code)
    for stack, why in checked.unread.items():
        yield f"{stack}: {why}"
    told = groups(checked)
    shown = told if everything else told[:_MOST]
    for group in shown:
        where = f" ({place(group.cell, root)})" if group.cell else ""
        yield f"{group.kind}: {group.title}{where}"
        yield from (f"  {line}" for line in group.lines() if line)
    if len(shown) < len(told):
        left = sum(len(group.findings) for group in told[len(shown) :])
        yield f"{number_of(left, 'finding')} more: --all shows them."
    for one in checked.undecided:
        yield (
            f"undecided: deviation {one.pattern} on {one.stack} matches nothing here; "
            "it is about cells that this check did not look at, too"
        )
    yield from _to_do(told, folder)


def _to_do(told: Sequence[Group], folder: Path) -> Iterator[str]:
    kinds = [kind for kind in Kind if any(group.kind is kind for group in told) and kind in _TO_DO]
    if kinds:
        yield "What to do:"
        yield from (f"  {kind}: {_TO_DO[kind].format(folder=folder)}" for kind in kinds)


def place(cell: Cell, root: Path) -> str:
    """``cases/containers.py:12``, from ``root`` where the file lies in it."""
    file, line = file_and_line(cell, root)
    return f"{file}:{line}"


def file_and_line(cell: Cell, root: Path) -> tuple[str, int]:
    """Where the case is declared, from ``root``: a wheel's own copy stands for that of the checkout."""
    file = cell.case.file
    if file.is_relative_to(root):
        return str(file.relative_to(root)), cell.case.line
    same = root / "cases" / file.name
    if same.is_file() and same.read_bytes() == file.read_bytes():
        return str(same.relative_to(root)), cell.case.line
    return str(file), cell.case.line


def to_markdown(checked: Checked, code: ExitCode, *, root: Path, folder: Path) -> str:
    """A step summary: the headline, a table of what fails, and what is missing below it."""
    lines = [f"### {headline(checked, code)}", ""]
    for stack, why in checked.unread.items():
        lines += [f"- **{stack}**: {_escaped(why)}"]
    told = groups(checked)
    if told:
        lines += ["", "| | what | differs, accepted -> found | |", "|---|---|---|---|"]
    for group in told:
        where = place(group.cell, root) if group.cell else ""
        cells = [str(group.kind), group.title, "; ".join(filter(None, group.lines())), where]
        lines.append("| " + " | ".join(map(_escaped, cells)) + " |")
    for line in _to_do(told, folder):
        lines.append(f"- {line.strip()}" if line.startswith(" ") else f"\n{line}\n")
    return "\n".join(lines) + "\n\n"


def _escaped(text: str) -> str:
    for mark in "\\|*_<":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", " ")


def to_json(checked: Checked, code: ExitCode, *, root: Path) -> str:
    """Everything that was found, a finding a line."""
    head: dict[str, Any] = {
        "exit_code": int(code),
        "headline": headline(checked, code),
        "stacks": list(checked.stacks),
        "as_accepted": {stack: len(labels) for stack, labels in checked.clean.items()},
        "unread": dict(checked.unread),
        "undecided": [{"stack": one.stack, "case": one.pattern} for one in checked.undecided],
    }
    rows = [json.dumps(_row(one, root), ensure_ascii=False) for one in checked.findings]
    text = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    body = ",\n".join(f"  {row}" for row in rows)
    return f'{text},\n "findings": [\n{body}\n ]\n}}\n' if rows else f'{text},\n "findings": []\n}}\n'


def _row(one: Finding, root: Path) -> dict[str, Any]:
    file, line = file_and_line(one.cell, root) if one.cell else (None, None)
    return {
        "kind": str(one.kind),
        "stack": one.stack,
        "case": one.label,
        "differences": {d.fact: [d.before, d.after] for d in one.differences},
        "why": one.why,
        "again": one.again,
        "file": file,
        "line": line,
    }


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more
