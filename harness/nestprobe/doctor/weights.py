"""A tf.Variable as add_weight() makes it, with what the reader's own line says of its value."""

import ast
import linecache
from dataclasses import dataclass
from typing import Any, Tuple

#: Functions of zeros, ones or random numbers whose first argument is a shape.
_SHAPED = ("normal", "ones", "truncated_normal", "uniform", "zeros")
_LOOPS = (ast.For, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
_NO_EXPRESSION = ("Await", "NamedExpr", "Starred", "Yield", "YieldFrom")

#: An expression of more characters is told by its place.
_LONG = 200
_WIDTH = 96


@dataclass(frozen=True)
class Making:
    """The call of tf.Variable by which a line makes what an attribute of ``self`` holds.

    ``way``: the nodes from the module to the call. ``value``: the text of what it is given first, or None
    where that cannot stand elsewhere. ``bound``: names of loops in it.
    """

    lines: Tuple[str, ...]
    way: Tuple[Any, ...]
    value: Any
    bound: Tuple[str, ...]

    @property
    def call(self):
        """The call itself."""
        return self.way[-1]

    @property
    def statement(self):
        """The statement that it stands in."""
        return [one for one in self.way if isinstance(one, ast.stmt)][-1]

    @property
    def function(self):
        """The name of the method; empty at the top of a module."""
        names = [one.name for one in self.way if isinstance(one, ast.FunctionDef)]
        return names[-1] if names else ""

    @property
    def loop(self):
        """The innermost loop or comprehension within the method; None where it is made once."""
        inner = []
        for one in self.way:
            inner = [] if isinstance(one, ast.FunctionDef) else [*inner, one]
        loops = [one for one in inner if isinstance(one, _LOOPS)]
        return loops[-1] if loops else None

    def argument(self, name):
        """The node of a keyword argument; None where it has none."""
        return next((one.value for one in self.call.keywords if one.arg == name), None)

    def text(self, node):
        """The source of a node in one line; None where it has a comment within."""
        return _text(self.lines, node)


def making(lines, attribute, key=None, moved=False):
    """The Making of what ``self.<attribute>`` holds, by item ``key``, or None where it cannot be read.

    ``lines``: where it was made, as in VariableFacts. ``moved``: whether the mend stands in another method.
    """
    if not lines or not hasattr(ast, "get_source_segment"):  # before Python 3.8 no node tells where it ends
        return None
    source = tuple(linecache.getlines(lines[0].file))
    try:
        ways = [
            way
            for way in _ways(ast.parse("".join(source)))
            if _is_variable(way[-1]) and way[-1].lineno <= lines[0].line <= way[-1].end_lineno
        ]
    except (SyntaxError, ValueError, RecursionError):  # a notebook's cell may hold more than Python
        return None
    found = [Making(source, way, None, ()) for way in ways]
    found = [one for one in found if _sets(one.statement, attribute)]
    if len(found) > 1 and key is not None:
        found = [one for one in found if one.call is _item(one.statement, key)]
    return _read(found[0], moved) if len(found) == 1 else None


def _read(one, moved):
    """With the text of the value, where it means the same as an initializer."""
    value = one.call.args[0] if one.call.args else one.argument("initial_value")
    if isinstance(value, ast.Lambda):
        value = value.body
    if value is None or any(type(node).__name__ in _NO_EXPRESSION for node in ast.walk(value)):
        return one
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    if (moved and "self" in names) or ((moved or one.function == "call") and names & _locals(one.way)):
        return one  # it is made of what the method is given
    loops = [node for node in one.way if isinstance(node, _LOOPS)]
    bound = [name for node in loops for name in _targets(node) if name in names]
    text = one.text(value)
    known = text is not None and len(text) <= _LONG
    return Making(one.lines, one.way, text if known else None, tuple(dict.fromkeys(bound)))


def add_weight(variable, name, made=None, as_loop=False):
    """The text of ``self.add_weight(...)``; an ellipsis for the value where it is not known.

    ``as_loop``: whether it stands in the loop in which it stood; else no name of that loop is used.
    """
    known = made is not None and made.value is not None and (as_loop or not made.bound)
    shape, given = repr(tuple(variable.shape)), made.argument("name") if made is not None else None
    text, initializer = "", "..."
    if known:
        text, initializer = made.value, _function(made)
        called = ast.parse(text, mode="eval").body
        kind = _shaped(called)
        if kind is not None and len(called.args[0].elts) == len(variable.shape):
            shape = _text(("%s\n" % text,), called.args[0])
            if kind in ("zeros", "ones") and len(called.args) == 1:
                initializer = '"%s"' % kind
    if not as_loop and isinstance(getattr(given, "value", None), str) and given.value.isidentifier():
        name = repr(given.value).replace("'", '"')
    parts = ["name=%s" % name, "shape=%s" % shape, "initializer=%s" % initializer]
    if variable.dtype != "float32":
        parts.append('dtype="%s"' % variable.dtype)
    if not variable.trainable:
        parts.append("trainable=False")
    constraint = made.argument("constraint") if made is not None else None
    if constraint is not None:
        parts.append("constraint=%s" % (made.text(constraint) or "..."))
    return "self.add_weight(%s)" % ", ".join(parts)


def placed(code, variable):
    """With where it belongs, and where the value is to be found if it is not known."""
    function = variable.lines[0].function if variable.lines else ""
    if function == "call":
        said, code = "", "def build(self, input_shape):\n    " + code.replace("\n", "\n    ")
    elif function.isidentifier():
        said = "# in %s(), in the place of tf.Variable(...):\n" % function
    else:
        said = "# in the place of tf.Variable(...):\n"
    return said + unknown(code, variable) + code


def unknown(code, variable):
    """A comment on code with an ellipsis for the value: where it is to be found; else empty."""
    if "initializer=..." not in code:
        return ""
    at = " at %s:%d" % (variable.lines[0].file, variable.lines[0].line) if variable.lines else ""
    return "# (for `...` a function of shape and dtype with the value that is given%s)\n" % at


def wrapped(code):
    """A statement with ``self.add_weight(...)`` at its end, in several lines where it is long."""
    before, call, rest = code.partition("self.add_weight(")
    if len(code) <= _WIDTH or not call:
        return code
    end = -2 if before.endswith("append(") else -1
    indent = " " * (len(code) - len(code.lstrip()))
    return "%s%s\n%s    %s\n%s%s" % (before, call, indent, rest[:end], indent, rest[end:])


def in_loop(variable, made, attribute):
    """The lines that make all items as the loop or comprehension did; None where it has another form."""
    loop, statement, call = made.loop, made.statement, made.call
    if sum(isinstance(one, _LOOPS) for one in made.way) != 1 or made.value is None:
        return None
    if isinstance(loop, ast.For):
        begun, head = [], _for(made, loop)
        appended = isinstance(statement, ast.Expr) and statement.value.args == [call]
        key = statement.targets[0].slice if _is_item(statement, call) else None
    else:
        generators = loop.generators
        plain = isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute)
        if not plain or statement.value is not loop or len(generators) > 1 or generators[0].ifs:
            return None
        appended = isinstance(loop, ast.ListComp) and loop.elt is call
        key = loop.key if isinstance(loop, ast.DictComp) and loop.value is call else None
        begun, head = ["self.%s = %s" % (attribute, "[]" if appended else "{}")], _for(made, generators[0])
    key = made.text(key) if key is not None else None
    if head is None or not (appended or key):
        return None
    held, word = "self.%s" % attribute, attribute.lstrip("_")
    if appended:
        made_again = add_weight(variable, '"%s_%%d" %% len(%s)' % (word, held), made, as_loop=True)
        line = "    %s.append(%s)" % (held, made_again)
    else:
        made_again = add_weight(variable, '"%s_%%s" %% (%s,)' % (word, key), made, as_loop=True)
        line = "    %s[%s] = %s" % (held, key, made_again)
    return [*begun, head, wrapped(line)]


def _is_item(statement, call):
    """Whether it is ``self.held[key] = <call>``."""
    if not isinstance(statement, ast.Assign) or statement.value is not call:
        return False
    return isinstance(statement.targets[0], ast.Subscript)


def _for(made, loop):
    target, over = made.text(loop.target), made.text(loop.iter)
    return "for %s in %s:" % (target, over) if target and over else None


def _function(made):
    """The value as a function, which binds what a loop changes before it may be called."""
    bound = "".join(", %s=%s" % (name, name) for name in made.bound)
    names = {node.id for node in ast.walk(ast.parse(made.value, mode="eval")) if isinstance(node, ast.Name)}
    if names & {"shape", "dtype"}:
        return "lambda *_%s, **__: %s" % (bound, made.value)
    return "lambda shape, dtype=None%s: %s" % (bound, made.value)


def _shaped(node):
    """The name of a function of zeros, ones or random numbers that is given a list of sizes; or None."""
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], (ast.List, ast.Tuple)):
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        return name if name in _SHAPED else None
    return None


def _ways(node, above=()):
    """The nodes from the module to each node below it."""
    way = (*above, node)
    yield way
    for child in ast.iter_child_nodes(node):
        for one in _ways(child, way):
            yield one


def _is_variable(node):
    return isinstance(node, ast.Call) and "Variable" in (
        getattr(node.func, "attr", None),
        getattr(node.func, "id", None),
    )


def _sets(statement, attribute):
    """Whether it assigns ``self.<attribute>`` or an item of it, or appends to it."""
    if isinstance(statement, ast.Expr):
        function = getattr(statement.value, "func", None)
        held = [function.value] if getattr(function, "attr", None) == "append" else []
    else:
        held = getattr(statement, "targets", [getattr(statement, "target", None)])
    return any(
        isinstance(one, ast.Attribute) and one.attr == attribute and getattr(one.value, "id", "") == "self"
        for one in [one.value if isinstance(one, ast.Subscript) else one for one in held]
    )


def _item(statement, key):
    """The node that a list or dict in the statement has for a key; None where it is not written so."""
    value = getattr(statement, "value", None)
    if isinstance(value, (ast.List, ast.Tuple)) and isinstance(key, int) and key < len(value.elts):
        return value.elts[key]
    if isinstance(value, ast.Dict):
        return next((v for k, v in zip(value.keys, value.values) if getattr(k, "value", None) == key), None)
    return None


def _targets(loop):
    targets = [loop.target] if isinstance(loop, ast.For) else [one.target for one in loop.generators]
    return [node.id for one in targets for node in ast.walk(one) if isinstance(node, ast.Name)]


def _locals(way):
    """Names that the method has of its own, ``self`` left out."""
    functions = [one for one in way if isinstance(one, ast.FunctionDef)]
    if not functions:
        return set()
    function = functions[-1]
    names = {one.arg for one in ast.walk(function) if isinstance(one, ast.arg)}
    stored = [one for one in ast.walk(function) if isinstance(one, ast.Name)]
    return (names | {one.id for one in stored if isinstance(one.ctx, ast.Store)}) - {"self"}


def _text(lines, node):
    """The source of a node in one line; None where it cannot stand in one: for a comment or a backslash."""
    first, last = node.lineno - 1, node.end_lineno - 1
    rows = [line.encode("utf-8") for line in lines[first : last + 1]]
    rows[-1] = rows[-1][: node.end_col_offset]
    rows[0] = rows[0][node.col_offset :]
    text = " ".join(row.decode("utf-8").strip() for row in rows)
    return None if len(rows) > 1 and ("#" in text or "\\" in text) else text
