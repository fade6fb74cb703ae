"""Fingerprints of what a result depends on: the case, the probe, the installed versions.

Computed in the controller from source text and ``ast``, never from tokens or byte code, so every
controller Python gives the same sixteen digits. A change of comments, docstrings or blank lines
leaves them as they are; so does a change of what is judged in the controller (a case's parameter
count, its sources).
"""

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import nestprobe
from nestprobe.vocabulary import Case, Tensor

__all__ = [
    "Digests",
    "case_digest",
    "case_source",
    "file_fingerprint",
    "probe_digest",
    "probe_digests",
    "tree_fingerprint",
    "versions_digest",
]

_DIGITS = 16
_STATEMENTS = 1024  # kept at a time: a few case files'
#: Files of the probe that only stacks of one engine run, by the name that ``Stack.engine`` has for it.
_OF_ONE = {"symbolic": ("protocol/engines/symbolic.py", "graphkit.py")}
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, kw_only=True)
class Digests:
    """What one result was measured with; it is current while all three are the same."""

    case: str
    lock: str
    probe: str


def case_digest(case: Case) -> str:
    """Fingerprint of what the observation of ``case`` depends on.

    Covers the function (not its decorator or docstring), the module-level code that it reaches by
    name or that runs on import, the inputs, the names and values of the variants, and ``needs``. It does
    not see decorators of the file's own functions and classes (those within a function are seen), nor what
    is in a module that the file imports.
    """
    source = Path(case.file).read_text(encoding="utf-8")
    tree = _parsed(source)
    function = _function_at(tree, case.line)
    parts = [*_reached(tree, function), function]
    lines = [line for part in parts for line in _lines(source, part)]
    return _short(
        "\n".join(lines),
        json.dumps(_inputs_data(case.inputs)),
        json.dumps([[name, [str(v) for v in values]] for name, values in case.variants.items()]),
        json.dumps(list(case.needs)),
    )


def case_source(case: Case) -> str:
    """The source of the case as it stands in its file, decorator included."""
    source = Path(case.file).read_text(encoding="utf-8")
    function = _function_at(_parsed(source), case.line)
    first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
    return "\n".join(source.splitlines()[first - 1 : function.end_lineno])


# The cases of a file come one after the other, and depend on much the same statements.
@lru_cache(maxsize=4)
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@lru_cache(maxsize=_STATEMENTS)
def _lines(source: str, part: ast.stmt) -> tuple[str, ...]:
    return tuple(_significant(source, part))


@cache
def probe_digest(root: Path | None = None, *, engine: str | None = None) -> str:
    """Fingerprint of the part of the probe that decides what an observation says.

    ``root``: folder of the nestprobe package; the imported one where left out. ``engine``: a key of
    ``_OF_ONE``, on stacks whose observations depend on its files as well; other stacks' do not.
    """
    folder = root or Path(nestprobe.__file__).parent
    apart = {folder / name for names in _OF_ONE.values() for name in names}
    chosen = [
        *sorted(path for path in folder.glob("protocol/**/*.py") if path not in apart),
        *(folder / name for name in _OF_ONE.get(engine or "", ())),
        *sorted(folder.glob("inputs*.py")),
        folder / "kit.py",
        folder / "observation.py",
    ]
    texts = [path.relative_to(folder).as_posix() + "\n" + _significant_file(path) for path in chosen]
    vocabulary = (folder / "vocabulary.py").read_text(encoding="utf-8")
    tensor = next(
        node
        for node in ast.parse(vocabulary).body
        if isinstance(node, ast.ClassDef) and node.name == "Tensor"
    )
    return _short(*texts, "\n".join(_significant(vocabulary, tensor)))


@cache
def probe_digests() -> frozenset[str]:
    """The fingerprints that a current result may have, whatever engine its stack needs."""
    return frozenset({probe_digest(), *(probe_digest(engine=engine) for engine in _OF_ONE)})


def file_fingerprint(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes: what a sender on any Python can say of a case file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tree_fingerprint(root: Path | None = None) -> str:
    """SHA-256 (hex) over the names and bytes of the probe's ``.py`` files, in order of name."""
    folder = root or Path(nestprobe.__file__).parent
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
        whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def versions_digest(versions: Mapping[str, str | None]) -> str:
    """Takes the place of the lock's digest where an interpreter was found as it is (``--here``)."""
    return _short(json.dumps(dict(sorted(versions.items()))))


def _short(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_DIGITS]


def _inputs_data(inputs: Any) -> Any:
    if isinstance(inputs, Tensor):
        return [list(inputs.shape), inputs.dtype, inputs.below]
    if isinstance(inputs, Mapping):
        return {str(name): _inputs_data(value) for name, value in inputs.items()}
    return {"list": [_inputs_data(item) for item in inputs]}


def _function_at(tree: ast.Module, line: int) -> _Definition:
    # co_firstlineno is the decorator's line where there is one (the def's on Python 3.7 only).
    for node in tree.body:
        if isinstance(node, _Definition):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first <= line <= node.lineno:
                return node
    raise LookupError(f"no function at line {line}")


def _reached(tree: ast.Module, function: _Definition) -> list[ast.stmt]:
    """Module-level statements that ``function`` depends on, in file order."""
    others = [node for node in tree.body if node is not function and not _is_text(node)]
    unnamed = [node for node in others if not _bound(node)]
    wanted = set(_read(function.args)) if not isinstance(function, ast.ClassDef) else set()
    for node in (*function.body, *unnamed):
        wanted |= _read(node)
    reached: list[ast.stmt] = []
    grown = True
    while grown:
        grown = False
        for node in others:
            if node not in reached and _bound(node) & wanted:
                reached.append(node)
                wanted |= _read(node)
                grown = True
    return [node for node in others if node in reached or node in unnamed]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@lru_cache(maxsize=_STATEMENTS)
def _bound(node: ast.stmt) -> frozenset[str]:
    """Names that a module-level statement defines, in its branches too."""
    if isinstance(node, _Definition):
        return frozenset({node.name})
    names: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names.add(part.id)
        elif isinstance(part, _Definition):
            names.add(part.name)
        elif isinstance(part, ast.alias):
            names.add((part.asname or part.name).split(".")[0])
    return frozenset(names)


@lru_cache(maxsize=_STATEMENTS)
def _read(node: ast.AST) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))


@cache  # the probe's are asked for once an engine
def _significant_file(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    return "\n".join(_significant(source, ast.parse(source)))


def _significant(source: str, node: ast.AST) -> Iterator[str]:
    """The lines of ``node`` without decorators, docstrings, comment-only and blank lines."""
    lines = source.splitlines()
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", len(lines))
    dropped: set[int] = set()
    text: set[int] = set()
    for part in ast.walk(node):
        if isinstance(part, (ast.Constant, ast.JoinedStr)):
            text.update(_span(part))
        elif isinstance(part, ast.Module | _Definition) and part.body and _is_text(part.body[0]):
            dropped.update(_span(part.body[0]) - _shared(lines, part.body[0]))
    for number in range(first, last + 1):
        line = lines[number - 1]
        bare = not line.strip() or line.lstrip().startswith("#")
        if number in dropped or (bare and number not in text):
            continue
        yield line if number in text else line.rstrip()


def _span(node: ast.expr | ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _shared(lines: Sequence[str], node: ast.stmt) -> set[int]:
    """Lines of ``node`` that hold other code, too: ``def f(): "Text."; return 1``."""
    first, last = node.lineno, node.end_lineno or node.lineno
    after = lines[last - 1].encode()[node.end_col_offset :].strip()
    before = lines[first - 1].encode()[: node.col_offset].strip()
    return ({first} if before else set()) | ({last} if after and not after.startswith(b"#") else set())
