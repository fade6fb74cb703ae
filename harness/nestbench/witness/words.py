"""What the kit's words are in plain Keras, by the stack's backend and by where its Keras comes from."""

import ast
import copy
from collections.abc import Sequence
from itertools import chain

from nestbench.matrix import Backend, Module, Stack
from nestbench.witness.program import KIT, Program
from nestbench.witness.untold import Untold

__all__ = ["import_lines", "in_keras", "uses"]

_BASES = {"layer": "keras.layers.Layer", "model": "keras.Model"}
_PLAIN = {
    "Layer": "keras.layers.Layer", "Model": "keras.Model", "Sequential": "keras.Sequential",
    "layers": "keras.layers", "keras": "keras", "tf": "tf",
}  # fmt: skip
_OPERATIONS = {
    "ones": ("tf.ones", "keras.ops.ones"),
    "matmul": ("tf.matmul", "keras.ops.matmul"),
    "transpose": ("tf.transpose", "keras.ops.transpose"),
    "concat": ("tf.concat", "keras.ops.concatenate"),
    "sum": ("tf.reduce_sum", "keras.ops.sum"),
}


def in_keras(program: Program, stack: Stack) -> Program:
    """``program`` without the kit. Raises Untold for what has no plain word on that stack."""
    everything = [*program.definitions, *program.making, ast.Expr(program.model)]
    kinds = _Kinds(copy.deepcopy(everything))  # told by the kit's words
    words = _Words(stack, kinds)
    return Program(
        imports=program.imports,
        definitions=[words.visit(node) for node in program.definitions],
        making=[words.visit(node) for node in program.making],
        model=words.visit(program.model),
    )


def uses(name: str, nodes: Sequence[ast.AST]) -> bool:
    """Whether a module of that name is read in ``nodes``."""
    parts = chain.from_iterable(map(ast.walk, nodes))
    return any(isinstance(part, ast.Name) and part.id == name for part in parts)


class _Words(ast.NodeTransformer):
    def __init__(self, stack: Stack, kinds: "_Kinds") -> None:
        self._stack = stack
        self._kinds = kinds
        self._by_tensorflow = stack.backend is Backend.TENSORFLOW

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if not (isinstance(node.value, ast.Name) and node.value.id == KIT):
            return self.generic_visit(node)
        if node.attr in _PLAIN:
            return _expression(_PLAIN[node.attr])
        if node.attr in _OPERATIONS:
            if node.attr == "ones" and self._stack.is_multi_backend_2:
                raise Untold("calls a layer by hand, which multi-backend Keras does in a graph of its own")
            return _expression(_OPERATIONS[node.attr][not self._by_tensorflow])
        raise Untold(f"uses k.{node.attr}, which is no word of plain Keras")

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        if not (isinstance(function, ast.Attribute) and ast.unparse(function.value) == KIT):
            return self.generic_visit(node)
        word = function.attr
        if word == "base" and isinstance(node.args[0], ast.Constant):
            return _expression(_BASES[str(node.args[0].value)])
        if word == "needs" and isinstance(node.args[1], ast.Constant):
            return ast.Attribute(self.visit(node.args[0]), str(node.args[1].value), ast.Load())
        if word == "as_model":
            return self._as_model(node.args[0])
        if word == "variable":
            return self._variable(node)
        return self.generic_visit(node)

    def _as_model(self, outer: ast.expr) -> ast.expr:
        kind = self._kinds.of(outer)
        made: ast.expr = self.visit(outer)
        if kind == "model":
            return made
        if kind == "layer":
            return ast.Call(_expression("keras.Sequential"), [ast.List([made], ast.Load())], [])
        raise Untold("does not say whether its outermost object is a layer or a model")

    def _variable(self, node: ast.Call) -> ast.expr:
        keywords = {one.arg: self.visit(one.value) for one in node.keywords}
        dtype = keywords.pop("dtype", None)
        shape = self.visit(node.args[0])
        ones = "numpy.ones" if self._stack.is_multi_backend_2 else "tf.ones"
        if dtype is None and self._stack.is_multi_backend_2:
            dtype = ast.Constant("float32")
        initial = ast.Call(_expression(ones), [shape], [ast.keyword("dtype", dtype)] if dtype else [])
        others = [ast.keyword(name, value) for name, value in keywords.items()]
        return ast.Call(_expression("tf.Variable"), [initial], others)


class _Kinds:
    """Tells a layer from a model, by what is read alone."""

    def __init__(self, nodes: Sequence[ast.stmt]) -> None:
        parts = list(chain.from_iterable(map(ast.walk, nodes)))
        self._classes = {one.name: one for one in parts if isinstance(one, ast.ClassDef)}
        self._functions = {one.name: one for one in parts if isinstance(one, ast.FunctionDef)}
        self._assigned: dict[str, list[ast.expr]] = {}
        for one in nodes:
            for part in ast.walk(one) if not isinstance(one, ast.ClassDef | ast.FunctionDef) else ():
                if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
                    self._assigned.setdefault(part.targets[0].id, []).append(part.value)

    def of(self, node: ast.expr) -> str | None:
        """``layer`` or ``model``; None where it cannot be told."""
        if isinstance(node, ast.Name):
            return _one({self.of(value) for value in self._assigned.get(node.id, ())})
        if not isinstance(node, ast.Call):
            return None
        if isinstance(node.func, ast.Name) and node.func.id in self._functions:
            function = self._functions[node.func.id]
            returned = [one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value]
            return _one({self.of(value) for value in returned})
        return self._class(node.func)

    def _class(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name) and node.id in self._classes:
            return self._class(self._classes[node.id].bases[0])
        text = ast.unparse(node)
        if text in {f"{KIT}.Model", f"{KIT}.Sequential", f"{KIT}.base('model')"}:
            return "model"
        if text in {f"{KIT}.Layer", f"{KIT}.base('layer')"} or text.startswith(f"{KIT}.layers."):
            return "layer"
        return None


def _one(kinds: set[str | None]) -> str | None:
    return kinds.pop() if len(kinds) == 1 else None


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def import_lines(stack: Stack, others: Sequence[str], *, tensorflow: bool) -> list[str]:
    """The lines that make ``keras``, and ``tf``, what cases are handed on that stack.

    ``others``: lines that import other modules.
    """
    variables = dict(stack.environ)
    if stack.backend is not Backend.TENSORFLOW:
        variables["KERAS_BACKEND"] = str(stack.backend)
    keras = {
        Module.TF_KERAS_ATTRIBUTE: "from tensorflow import keras",
        Module.KERAS: "import keras",
        Module.TF_KERAS_PACKAGE: "import tf_keras as keras",
    }[stack.module]
    return [
        *(["import os"] if variables else []),
        *(f'os.environ["{name}"] = "{value}"' for name, value in variables.items()),
        *others,
        *(["import tensorflow as tf"] if tensorflow else []),
        keras,
    ]
