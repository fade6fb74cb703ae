"""The script as a whole: a header that uv understands, the model, and what shows the verdict."""

import ast
import io
import json
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nestbench.frames import Result
from nestbench.matrix import Stack
from nestbench.verdicts import Entry, Verdict
from nestbench.witness.demonstration import Demonstration
from nestbench.witness.folding import bound_names
from nestbench.witness.program import Program, read_program
from nestbench.witness.signals import Signal, raising_phase, signals
from nestbench.witness.untold import Untold
from nestbench.witness.words import import_lines, in_keras, uses
from nestprobe import casefiles
from nestprobe.vocabulary import Case

__all__ = ["LINES", "Witness", "make_witness"]

#: A script has fewer lines than this.
LINES = 40
_WIDE = 110
_SHORT = 60  # an expression that may be written twice
_MAKE = "make()"
_Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A script, and which findings it shows of all that its cell has."""

    text: str
    signals: tuple[Signal, ...]
    shown: tuple[Verdict, ...]


def make_witness(result: Result, stack: Stack, *, name: str = "repro.py") -> Witness:
    """The script of a measured cell, to be stored as ``name``.

    It shows the gravest finding that a plain script can show, and others as long as they fit. Raises
    Untold where there is none, or where it does not fit into fewer than ``LINES`` lines.
    """
    entry = result.cell.case
    case = _case(result)
    combinations: list[dict[str, Any]] = case.combinations()  # type: ignore[no-untyped-call]
    values = next(one for one in combinations if _text(one) == result.cell.variant.names)
    tree = ast.parse(entry.file.read_text(encoding="utf-8"))
    program = in_keras(read_program(tree, case.make.__name__, values), stack)
    candidates = signals(result)
    if not candidates:
        raise Untold("shows nothing that a plain script would see")
    classes = [one.name for one in program.definitions if isinstance(one, ast.ClassDef)]
    demonstration = Demonstration(
        stack=stack, result=result, signals=frozenset(), inputs=case.inputs, new=_MAKE, classes=classes
    )
    # Where a call makes everything well, that build(shape) alone does not is what there is to see.
    alone = Signal.BUILD if candidates[0][1] is Verdict.TRACKED else None
    chosen: list[Signal] = []
    kept: list[list[str]] = []
    lengths: list[int] = []
    for signal, verdict in candidates:
        body = _body(program, replace(demonstration, signals=frozenset([*chosen, signal])))
        shown = _shown(candidates, [*chosen, signal])
        blocks = [_header(result, stack, name, shown), *filter(None, body)]
        lengths.append(sum(map(len, blocks)))
        # What goes well is shown where there is room for it and for blank lines.
        more = verdict is Verdict.TRACKED and signal is not alone and bool(chosen)
        if lengths[-1] + (len(blocks) - 1) * more < LINES:
            chosen.append(signal)
            kept = blocks
    shown = _shown(candidates, chosen)
    if not shown or (alone is None and set(shown) == {Verdict.TRACKED}):
        raise Untold(f"takes {lengths[0]} lines to show that it is {candidates[0][1]}")
    return Witness(text=_spaced(kept), signals=tuple(chosen), shown=shown)


def _case(result: Result) -> Case:
    entry = result.cell.case
    cases: Iterable[Case] = casefiles.load(str(entry.file))  # type: ignore[no-untyped-call]
    return next(case for case in cases if case.id == entry.id)


def _text(combination: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in combination.items()}


def _shown(candidates: Sequence[tuple[Signal, Verdict]], chosen: Sequence[Signal]) -> tuple[Verdict, ...]:
    return tuple(dict.fromkeys(verdict for signal, verdict in candidates if signal in chosen))


def _header(result: Result, stack: Stack, name: str, shown: Sequence[Verdict]) -> list[str]:
    call, cell = result.judgement(Entry.CALL), result.cell
    assert call is not None
    said = ", ".join(map(str, call.findings))
    hidden = [verdict for verdict in call.findings if verdict not in shown]
    said += f" (not shown here: {', '.join(map(str, hidden))})" if hidden else ""
    build = result.judgement(Entry.BUILD)
    if build is not None and build.headline != call.headline:
        said += f"; build(shape) alone: {build.headline}"
    lines = [
        "# /// script",
        f'# requires-python = "=={stack.python}.*"',
        f"# dependencies = {json.dumps(_dependencies(stack))}",
        f'# tool.uv.exclude-newer = "{stack.resolved.isoformat()}T00:00:00Z"',
        *([f'# tool.uv.find-links = ["{stack.find_links}"]'] if stack.find_links else []),
        "# ///",
        f"# uv run --python {stack.python} {name}",
        f"# {cell.label}: {cell.case.symptom}",
        *([f"# {' '.join(cell.case.sources)}"] if cell.case.sources else []),
        f"# nestbench measured on {stack.id}: {said}",
    ]
    phase = raising_phase(result) if Verdict.RAISES in shown else None
    if phase is not None:
        evidence = next(one for one in call.evidence if " raised " in one)
        lines.append(f"# {_cut(evidence)}")
    return lines


def _cut(text: str) -> str:
    most = _WIDE - 2
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _dependencies(stack: Stack) -> list[str]:
    """What the stack is made of; the versions of all else follow from the date."""
    asked = [one for one in stack.requirements if one not in stack.tools]
    left_out = {one.name for one in stack.not_installed}
    if "tensorflow" in left_out:  # the same module, by the name that the other package asks for
        asked = [one.replace("tensorflow-cpu", "tensorflow") for one in asked]
    return asked


def _body(program: Program, shows: Demonstration) -> list[list[str]]:
    """Blocks of lines: imports, a block for each definition, making the model, what is printed."""
    definitions = [_lines([node]) for node in program.definitions]
    making, model = _lines(program.making), ast.unparse(program.model)
    again = shows.made_anew and (making or len(model) > _SHORT)
    if again or not _flat(program.making):
        definitions.append(["def make():", *(f"    {line}" for line in [*making, f"return {model}"])])
        making, model = [], _MAKE
    shows = replace(shows, new=model)
    made = [] if model == "model" else [f"model = {model}"]
    after = shows.after()
    if shows.watched:
        block = [*making, *made, after[0]]
        made = [
            "weights = []",
            "with tf.variable_creator_scope(lambda make, **kw: weights.append(make(**kw)) or weights[-1]):",
            *(f"    {line}" for line in block),
        ]
        making, after = [], after[1:]
    end = [*shows.before(), *making, *made, *after]
    text = "\n".join(line for block in [*definitions, end] for line in block)
    names = [ast.parse(text)]
    modules = {name for name in ("gc", "numpy") if uses(name, names)}
    imported = {name for node in program.imports for name in bound_names(node)}
    plain = sorted([f"import {name}" for name in modules - imported] + _lines(program.imports))
    return [import_lines(shows.stack, plain, tensorflow=uses("tf", names)), *definitions, end]


#: What the script's own lines call things.
_OWN = frozenset(
    {
        "x",
        "y",
        "w",
        "n",
        "b",
        "v",
        "weights",
        "before",
        "changed",
        "other",
        "built",
        "clone",
        "loaded",
        "path",
    }
)


def _flat(making: Sequence[ast.stmt]) -> bool:
    """Whether the statements may stand at the top of the script."""
    return not bound_names(*making) & _OWN and not any(isinstance(node, _Definition) for node in making)


def _lines(nodes: Iterable[ast.stmt]) -> list[str]:
    text = "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in nodes)
    return [line for line in _quoted(text).splitlines() if line.strip()]


def _quoted(text: str) -> str:
    """Strings in double quotes where that takes no escaping."""
    tokens = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        string = token.string
        if token.type == tokenize.STRING and string[0] == "'" and not set('"\\') & set(string):
            string = f'"{string[1:-1]}"'
        tokens.append((token.type, string, token.start, token.end, token.line))
    return tokenize.untokenize(tokens)


def _spaced(blocks: Sequence[Sequence[str]]) -> str:
    """The blocks with as many blank lines between them as there is room for, up to one."""
    room = LINES - 1 - sum(map(len, blocks))
    lines: list[str] = []
    for place, block in enumerate(blocks):
        # The last ones first: what is run is told from what it is run on.
        if place and len(blocks) - place <= room:
            lines.append("")
        lines += block
    return "\n".join(lines) + "\n"
