"""A case's function as the program that it is for one variant: nothing in it but what that needs."""

import ast
import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nestbench.witness.folding import bound_names, fold, read_names, replace_names
from nestbench.witness.untold import Untold

__all__ = ["Program", "read_program"]

KIT = "k"
_Definition = ast.FunctionDef | ast.ClassDef
_Import = ast.Import | ast.ImportFrom
_REFUSES = "NotApplicable"
#: What is in one of these may run more than once, or later.
_WITHIN = (
    ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Program:
    """``definitions`` stand alone; ``making`` and then ``model``, an expression, make one model anew."""

    imports: list[ast.stmt]
    definitions: list[ast.stmt]
    making: list[ast.stmt]
    model: ast.expr


def read_program(tree: ast.Module, name: str, values: Mapping[str, Any]) -> Program:
    """What the function ``name`` of a case file does for a variant; its words are still the kit's.

    Raises Untold where a function that it calls cannot be written in its place.
    """
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    helpers = {
        one.name: one
        for one in functions.values()
        if not one.decorator_list and [arg.arg for arg in one.args.args[:1]] == [KIT]
    }
    arguments: dict[str, ast.expr] = {key: ast.Constant(value) for key, value in values.items()}
    expansion = _Expansion(helpers)
    body, model = expansion.expand(functions[name], {KIT: ast.Name(KIT, ast.Load()), **arguments})
    body, model = _without_aliases(body, model)
    body = _used(body, model)
    imports: list[ast.stmt] = [node for node in body if isinstance(node, _Import)]
    definitions, making = _hoisted([node for node in body if not isinstance(node, _Import)])
    elsewhere = _reached(tree, read_names(model, *body), leave_out=expansion.helpers)
    imports += [node for node in elsewhere if isinstance(node, _Import)]
    first = [node for node in elsewhere if not isinstance(node, _Import)]
    return Program(imports=imports, definitions=[*first, *definitions], making=making, model=model)


class _Expansion:
    """Writes the bodies of helpers, functions that are handed the kit, where they are called."""

    def __init__(self, helpers: Mapping[str, ast.FunctionDef]) -> None:
        self.helpers = helpers
        self._taken: set[str] = set()
        self._known: dict[str, ast.expr] = {}  # a helper of definitions alone need not be written twice

    def expand(
        self, function: ast.FunctionDef, arguments: Mapping[str, ast.expr]
    ) -> tuple[list[ast.stmt], ast.expr]:
        """Statements and the expression that stand for a call of ``function``."""
        before, substituted = _bound(function, arguments)
        body = fold(_possible([*before, *replace_names(function.body, substituted)]))
        body = self._renamed(body)
        if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None or _returns(body[:-1]):
            raise Untold(f"calls {function.name}(), which does not end in one return")
        statements: list[ast.stmt] = []
        for node in [*body[:-1], ast.Expr(body[-1].value)]:
            inlining = _Inlining(self)
            changed = inlining.visit(node)
            assert isinstance(changed, ast.stmt)
            statements += [*inlining.before, changed]
        last = statements.pop()
        assert isinstance(last, ast.Expr)
        return fold(statements), last.value

    def call(self, call: ast.Call) -> tuple[list[ast.stmt], ast.expr]:
        """The same for a call of a helper; statements once only where they only define something."""
        assert isinstance(call.func, ast.Name)
        key = ast.dump(call)
        if key in self._known:
            return [], copy.deepcopy(self._known[key])
        helper = self.helpers[call.func.id]
        statements, result = self.expand(helper, _arguments(helper, call))
        if all(isinstance(node, _Definition) for node in statements):
            self._known[key] = result
        return statements, result

    def _renamed(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """What has the name of something that is there already gets another."""
        names = bound_names(*body)
        other = {name: f"Base{name}" if name[0].isupper() else f"{name}_" for name in names & self._taken}
        self._taken |= {other.get(name, name) for name in names}
        for node in body if other else ():
            _Renaming(other).visit(node)
        return body


class _Inlining(ast.NodeTransformer):
    """Replaces calls of helpers in one statement; ``before`` is what has to be done before it."""

    def __init__(self, expansion: _Expansion) -> None:
        self._expansion = expansion
        self._depth = 0
        self.before: list[ast.stmt] = []

    def visit(self, node: ast.AST) -> ast.AST:
        within = isinstance(node, _WITHIN)
        self._depth += within
        self.generic_visit(node)
        self._depth -= within
        return self._inlined(node) if isinstance(node, ast.Call) else node

    def _inlined(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Name) or node.func.id not in self._expansion.helpers:
            return node
        statements, result = self._expansion.call(node)
        if self._depth and not all(isinstance(one, _Definition) for one in statements):
            raise Untold(f"calls {node.func.id}() within a function or a loop")
        self.before += statements
        return result


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Name):
            node.id = self._names.get(node.id, node.id)
        elif isinstance(node, _Definition):
            node.name = self._names.get(node.name, node.name)
        return self.generic_visit(node)


class _Possible(ast.NodeTransformer):
    """Without what refuses a stack: a script is made for one on which the case ran."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if _refuses(node.body) else self.generic_visit(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        node.orelse = [] if _refuses(node.orelse) else node.orelse
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        call = node.value
        asks = isinstance(call, ast.Call) and ast.unparse(call.func) == f"{KIT}.needs"
        return None if asks else self.generic_visit(node)


def _possible(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [kept for node in body if (kept := _Possible().visit(node)) is not None]


def _refuses(body: Sequence[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Raise) and _REFUSES in read_names(node) for node in body)


def _bound(
    callee: ast.FunctionDef, arguments: Mapping[str, ast.expr]
) -> tuple[list[ast.stmt], dict[str, ast.expr]]:
    """Assignments to parameters that must be variables, and expressions for all others."""
    assigned = bound_names(*callee.body)
    before: list[ast.stmt] = []
    substituted: dict[str, ast.expr] = {}
    for name, value in arguments.items():
        simple = isinstance(value, ast.Constant | ast.Name | ast.Attribute | ast.Lambda)
        made_of_kit = read_names(value) == {KIT} and ast.unparse(value).startswith(f"{KIT}.base(")
        if isinstance(value, ast.Lambda) and _repeats(value):
            before += ast.parse(
                f"def {name}({ast.unparse(value.args)}): return {ast.unparse(value.body)}"
            ).body
        elif name not in assigned and (simple or made_of_kit):
            substituted[name] = value
        else:
            before.append(ast.Assign([ast.Name(name, ast.Store())], value))
    return before, substituted


def _repeats(function: ast.Lambda) -> bool:
    """Whether it reads a parameter twice: then it stays a function."""
    read = [part.id for part in ast.walk(function.body) if isinstance(part, ast.Name)]
    return any(read.count(one.arg) > 1 for one in function.args.args)


def _arguments(function: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr]:
    names = [one.arg for one in function.args.args]
    defaults = function.args.defaults
    found = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    found.update(zip(names, call.args, strict=False))
    found.update({one.arg: one.value for one in call.keywords if one.arg})
    return found


def _returns(body: Iterable[ast.AST]) -> bool:
    return any(
        isinstance(node, ast.Return)
        or (not isinstance(node, _Definition | ast.Lambda) and _returns(ast.iter_child_nodes(node)))
        for node in body
    )


def _without_aliases(body: list[ast.stmt], model: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
    """Without assignments of one name to another."""
    stored = [
        part.id
        for node in body
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    ]
    aliases: dict[str, ast.expr] = {}
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
            if isinstance(value, ast.Name) and stored.count(name) == 1 and value.id not in stored:
                aliases[name] = value
    kept = [
        node
        for node in body
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id in aliases)
    ]  # fmt: skip
    *replaced, last = replace_names([*kept, ast.Expr(model)], aliases)
    assert isinstance(last, ast.Expr)
    return replaced, last.value


def _used(body: list[ast.stmt], model: ast.expr) -> list[ast.stmt]:
    """Without functions, classes and imports that nothing reads."""
    while True:
        kept = [
            node
            for node in body
            if not isinstance(node, _Definition | _Import)
            or bound_names(node) & read_names(model, *(other for other in body if other is not node))
        ]
        if len(kept) == len(body):
            return kept
        body = kept


def _hoisted(body: Sequence[ast.stmt]) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """Definitions that read nothing of what ``body`` makes, and the rest."""
    local = bound_names(*(node for node in body if not isinstance(node, _Definition)))
    definitions: list[ast.stmt] = []
    rest: list[ast.stmt] = []
    for node in body:
        if isinstance(node, _Definition) and not read_names(node) & local:
            definitions.append(node)
        else:
            rest.append(node)
            local |= bound_names(node)
    return definitions, rest


def _reached(tree: ast.Module, wanted: set[str], *, leave_out: Iterable[str]) -> list[ast.stmt]:
    """What of the file's top level is read, at any remove, in its order."""
    cases = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list}
    others = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name in cases)]
    wanted = set(wanted)
    reached: list[ast.stmt] = []
    while found := [n for n in others if n not in reached and bound_names(n) & wanted]:
        reached += found
        wanted |= read_names(*found)
    left = [name for name in leave_out if name in wanted]
    if left:
        raise Untold(f"hands {left[0]}() on and does not call it")
    return fold(copy.deepcopy([node for node in others if node in reached]))
