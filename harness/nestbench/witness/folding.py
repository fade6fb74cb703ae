"""Folds what is known of a function's parameters into its body: branches, comparisons, lookups."""

import ast
import copy
import operator
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["bound_names", "fold", "read_names", "replace_names"]

_COMPARISONS: Mapping[type[ast.cmpop], Any] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.Gt: operator.gt,
    ast.LtE: operator.le, ast.GtE: operator.ge,
    ast.In: lambda one, other: one in other, ast.NotIn: lambda one, other: one not in other,
}  # fmt: skip
_ARITHMETIC: Mapping[type[ast.operator], Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}  # fmt: skip
_BLOCKS = ("body", "orelse", "finalbody")
_CONVERSIONS: Mapping[str, Any] = {"int": int, "str": str, "bool": bool, "len": len}


def read_names(*nodes: ast.AST) -> set[str]:
    """Every name that ``nodes`` read and do not get from a parameter or a variable of a function in them."""
    names: set[str] = set()
    for node in nodes:
        inner = read_names(*ast.iter_child_nodes(node))
        if isinstance(node, ast.Name):
            names |= {node.id} if isinstance(node.ctx, ast.Load) else set()
        elif isinstance(node, ast.FunctionDef | ast.Lambda):
            names |= inner - _own_names(node)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            names |= inner - bound_names(*(one.target for one in node.generators))
        elif isinstance(node, ast.ClassDef):
            names |= inner - (bound_names(*node.body) - _read_in_methods(node))
        else:
            names |= inner
    return names


def _read_in_methods(node: ast.ClassDef) -> set[str]:
    """What methods read: they do not see the names of their class."""
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    return set().union(*(read_names(*one.body) - _own_names(one) for one in methods))


def _own_names(function: ast.FunctionDef | ast.Lambda) -> set[str]:
    parameters = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
    return parameters | (bound_names(*function.body) if isinstance(function, ast.FunctionDef) else set())


def bound_names(*nodes: ast.AST) -> set[str]:
    """Every name that ``nodes`` bind in their own scope: not what functions and classes in them bind."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(one.asname or one.name).split(".")[0] for one in node.names}
        elif isinstance(node, ast.Name):
            names |= {node.id} if isinstance(node.ctx, ast.Store) else set()
        elif not isinstance(node, ast.Lambda):
            names |= bound_names(*ast.iter_child_nodes(node))
    return names


def replace_names(nodes: Sequence[ast.stmt], values: Mapping[str, ast.expr]) -> list[ast.stmt]:
    """Copies of ``nodes`` in which each read of a name of ``values`` is its expression."""
    return [_Replacing(values).visit(copy.deepcopy(node)) for node in nodes]


def fold(nodes: Sequence[ast.stmt]) -> list[ast.stmt]:
    """``nodes``, changed in place, with what their constants decide decided."""
    return _statements(_Folding(), nodes)


class _Replacing(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return copy.deepcopy(self._values[node.id])
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._scoped(node, node.args)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._scoped(node, node.args)

    def _scoped(self, node: ast.AST, arguments: ast.arguments) -> ast.AST:
        """A parameter of the same name is another thing."""
        hidden = {one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg)}
        inner = _Replacing({name: value for name, value in self._values.items() if name not in hidden})
        return ast.NodeTransformer.generic_visit(inner, node)


class _Folding(ast.NodeTransformer):
    def generic_visit(self, node: ast.AST) -> ast.AST:
        blocks: dict[str, list[ast.stmt]] = {
            name: block for name in _BLOCKS if isinstance(block := getattr(node, name, None), list)
        }
        for name in blocks:
            setattr(node, name, [])
        super().generic_visit(node)  # the expressions
        for name, block in blocks.items():
            kept = _statements(self, block)
            setattr(node, name, kept or ([ast.Pass()] if name == "body" else []))
        return node

    def visit_If(self, node: ast.If) -> Any:
        node.test = self.visit(node.test)
        if isinstance(node.test, ast.Constant):
            return _statements(self, node.body if node.test.value else node.orelse)
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            return self.visit(node.body if test.value else node.orelse)  # type: ignore[no-any-return]
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        compare = _COMPARISONS.get(type(node.ops[0]))
        if len(sides) == 2 and compare is not None and all(isinstance(s, ast.Constant) for s in sides):  # noqa: PLR2004
            return ast.Constant(bool(compare(*(s.value for s in sides))))  # type: ignore[attr-defined]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Constant):
            return ast.Constant(not node.operand.value)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        apply = _ARITHMETIC.get(type(node.op))
        left, right = node.left, node.right
        if apply is None or not isinstance(left, ast.Constant) or not isinstance(right, ast.Constant):
            return node
        whole = isinstance(left.value, int) and isinstance(right.value, int)
        return ast.Constant(apply(left.value, right.value)) if whole else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """``{"own": Linear, "dense": Dense}["own"]``."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Dict) and isinstance(node.slice, ast.Constant):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == node.slice.value:
                    return value
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Lambda):
            return self._applied(node, node.func)
        if not isinstance(node.func, ast.Name) or node.keywords:
            return node
        name, constants = node.func.id, [one for one in node.args if isinstance(one, ast.Constant)]
        if name in _CONVERSIONS and len(constants) == len(node.args) == 1:
            return ast.Constant(_CONVERSIONS[name](constants[0].value))
        if name == "getattr" and len(node.args) == 2 and _is_identifier(node.args[1]):  # noqa: PLR2004
            return ast.Attribute(node.args[0], node.args[1].value, ast.Load())  # type: ignore[attr-defined]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """``setattr(self, "name", value)`` is an assignment."""
        self.generic_visit(node)
        call = node.value
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "setattr"):
            return node
        if not _is_identifier(call.args[1]):
            return node
        target = ast.Attribute(call.args[0], call.args[1].value, ast.Store())  # type: ignore[attr-defined]
        return ast.Assign([target], call.args[2])

    def _applied(self, node: ast.Call, function: ast.Lambda) -> ast.AST:
        """A lambda that is called where it stands; an argument that is read twice is made once only."""
        names = [one.arg for one in function.args.args]
        reads = [part.id for part in ast.walk(function.body) if isinstance(part, ast.Name)]
        if node.keywords or len(names) != len(node.args) or any(reads.count(name) > 1 for name in names):
            return node
        inner = _Replacing(dict(zip(names, node.args, strict=True)))
        return inner.visit(copy.deepcopy(function.body))  # type: ignore[no-any-return]


def _statements(folding: _Folding, nodes: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements that are left, up to the first ``return``."""
    kept: list[ast.stmt] = []
    for node in nodes:
        if _is_text(node):  # a docstring
            continue
        found = folding.visit(node)
        kept += found if isinstance(found, list) else [found]
        if kept and isinstance(kept[-1], ast.Return):
            break
    return kept


def _is_text(node: ast.stmt) -> bool:
    text = node.value if isinstance(node, ast.Expr) else None
    return isinstance(text, ast.Constant) and isinstance(text.value, str)


def _is_identifier(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()
