"""The object graph below a model: where each layer and variable lives, and through what it is reached.

The walk goes where Keras looks, and where it does not: plain objects, any container, what functions close
over or name as globals. Of several ways the one is taken that a reader would write: his own attributes
before Keras's lists.
"""

import functools
import heapq
import itertools
import types
from dataclasses import dataclass
from typing import Any, Optional

from nestprobe.doctor.containers import container
from nestprobe.doctor.internals import is_keras_name
from nestprobe.doctor.origins import is_own_module
from nestprobe.doctor.source import functions

#: Objects looked at before the walk is given up; a model of thousands of layers is far below.
MOST = 200000

ATTRIBUTE, ITEM, CELL, GLOBAL, LISTED = "attribute", "item", "cell", "global", "listed"
CLASS = "class"  # an attribute that the class has, and the instance has not

_COSTS = {ATTRIBUTE: 10, ITEM: 11, CLASS: 30, LISTED: 40, CELL: 60, GLOBAL: 80}
_PRIVATE = 5  # more for an attribute whose name begins with an underscore
_KERAS = 400  # more for an attribute that Keras gave its own layer
_ATOMS = (str, bytes, int, float, complex, bool, type(None), types.ModuleType, type, types.CodeType)


@dataclass
class Node:
    """An object and the way to it. ``by``: kind of the last step; ``key``: its attribute, key or name."""

    item: Any
    parent: Optional["Node"]
    by: str = ""
    key: Any = None
    text: str = ""
    cost: int = 0
    of_keras: bool = False  # reached by what Keras keeps for itself, and by nothing of the reader's

    @property
    def place(self):
        """The way as an expression, e.g. ``model.encoder.blocks[2].proj``."""
        return self.text if self.parent is None else self.parent.place + self.text

    @property
    def is_left(self):
        """Whether only lists that Keras keeps lead to it: nothing that the reader wrote."""
        return self.of_keras or any(
            one.by == LISTED and is_own_module(type(one.parent.item).__module__) for one in self.chain()
        )

    def chain(self):
        """The nodes from the root to this one."""
        nodes, node = [], self
        while node is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]


class Graph(object):
    """All that is reached from ``root``. ``is_layer(item)`` tells a layer, of whichever Keras.

    Attributes:
        complete: whether the walk came to its end. layers: the nodes of layers, nearest first.
    """

    def __init__(self, root, is_layer, engine):
        self._is_layer, self._raw = is_layer, engine.raw
        self._nodes = {}
        self._variables = {}
        self._classes = set()
        self.layers = []
        self.complete = True
        self._walk(Node(root, None, text="model"))

    def node(self, item):
        """The nearest Node of an object; None where no way leads to it."""
        return self._nodes.get(id(item))

    def variable(self, variable):
        """The nearest Node of a variable, Keras's own or the raw one behind it."""
        node = self._variables.get(id(self._raw(variable)))
        if node is None or node.of_keras:  # a torch module holds the parameter, and only Keras the variable
            behind = self._nodes.get(id(getattr(variable, "_value", None)))
            return behind if behind is not None and not behind.of_keras else node
        return node

    def nodes(self):
        """Every Node, of whatever object."""
        return list(self._nodes.values())

    def variables(self):
        """The nodes of all variables."""
        return list(self._variables.values())

    def _walk(self, root):
        open_, order = [(0, 0, root)], itertools.count(1)
        while open_:
            _, _, node = heapq.heappop(open_)
            if id(node.item) in self._nodes:
                continue
            if len(self._nodes) >= MOST:
                self.complete = False
                return
            self._nodes[id(node.item)] = node  # keeps the object alive, so that its id stays its own
            if _is_variable(node.item):
                self._variables.setdefault(id(self._raw(node.item)), node)
                continue
            if self._is_layer(node.item):
                self.layers.append(node)
            for step in self._steps(node):
                if id(step.item) not in self._nodes and not isinstance(step.item, _ATOMS):
                    heapq.heappush(open_, (step.cost, next(order), step))

    def _steps(self, node):
        try:
            return list(self._ways(node))
        except Exception:  # a property or a proxy that fails says nothing of the rest
            return []

    def _ways(self, node):
        item = node.item
        if isinstance(item, dict):
            return self._of_dict(node)
        if isinstance(item, (list, tuple, set, frozenset)) or _is_deque(item):
            return self._of_sequence(node)
        if isinstance(item, types.MethodType):
            return [self._step(node, item.__self__, CELL, "__self__", ".__self__")]
        if isinstance(item, functools.partial):
            held = [item.func] + list(item.args) + list(item.keywords.values())
            return [self._step(node, one, CELL, number, "<partial>") for number, one in enumerate(held)]
        if isinstance(item, types.FunctionType):
            return self._of_function(node, item) if is_own_module(item.__module__) else []
        known = self._is_layer(item) or _is_module(item) or self._is_plain(item)
        return self._of_object(node) if known else []

    def _step(self, node, item, by, key, text, more=0, of_keras=False):
        cost = node.cost + _COSTS[by] + more + (_KERAS if of_keras else 0)
        return Node(item, node, by, key, text, cost, node.of_keras or of_keras)

    def _of_dict(self, node):
        for key, one in list(node.item.items()):
            yield self._step(node, one, ITEM, key, "[%s]" % _key(key))

    def _of_sequence(self, node):
        for number, one in enumerate(list(node.item)):
            unordered = isinstance(node.item, (set, frozenset))
            yield self._step(node, one, ITEM, number, "{...}" if unordered else "[%d]" % number)

    def _of_function(self, node, function):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            try:
                held = cell.cell_contents
            except ValueError:  # an empty cell
                continue
            yield self._step(node, held, CELL, name, "<%s>.%s" % (function.__name__, name))
        for number, one in enumerate(function.__defaults__ or ()):
            yield self._step(node, one, CELL, number, "<default %d of %s>" % (number, function.__name__))
        for name in _names(function.__code__):
            if name in function.__globals__:
                held = function.__globals__[name]
                yield self._step(node, held, GLOBAL, name, "<%s.%s>" % (function.__module__, name))

    def _of_object(self, node):
        item, layer = node.item, self._is_layer(node.item)
        for name, one in sorted(_attributes(item).items()):
            if layer and name in _OTHERS:
                continue
            own = layer and is_keras_name(item, name)
            private = _PRIVATE if name.startswith("_") else 0
            yield self._step(node, one, ATTRIBUTE, name, "." + _shown(item, name), private, own)
        if layer and hasattr(type(item), "layers"):
            for number, one in enumerate(item.layers):
                yield self._step(node, one, LISTED, number, ".layers[%d]" % number)
        for cls in type(item).__mro__:
            if is_own_module(cls.__module__) and cls not in self._classes:
                self._classes.add(cls)
                for step in self._of_class(node, cls):
                    yield step

    def _of_class(self, node, cls):
        for name, one in sorted(vars(cls).items()):
            held = self._is_layer(one) or _is_variable(one) or container(one) is not None
            if held and not name.startswith("__") and name not in _attributes(node.item):
                yield self._step(node, one, CLASS, name, "." + _shown(node.item, name))
        for function in functions(cls):
            for step in self._of_function(node, function):
                yield step

    def _is_plain(self, item):
        return is_own_module(type(item).__module__) and not isinstance(item, _ATOMS)


def _is_variable(item):
    """Whether an object is a variable of a backend or of Keras."""
    cls = type(item)
    return cls.__module__.startswith(_BACKENDS) and any(
        base.__name__ in ("Variable", "KerasVariable", "BaseResourceVariable") for base in cls.__mro__
    )


def _attributes(item):
    found = dict(getattr(item, "__dict__", None) or {})
    for cls in type(item).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if is_own_module(cls.__module__) and hasattr(item, name):
                found.setdefault(name, getattr(item, name))
    for kept in ("_modules", "_parameters"):  # where torch keeps what is a layer or a parameter
        if isinstance(found.get(kept), dict):
            for name, one in found[kept].items():
                found.setdefault(name, one)
    return found


#: What holds variables of others: it is no way to a variable of the model.
_OTHERS = ("optimizer", "_optimizer", "_loss_tracker", "_compile_metrics", "compiled_metrics")

_BACKENDS = ("tensorflow", "keras", "tf_keras")


def _names(code):
    found = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found.extend(_names(constant))
    return found


def _shown(item, name):
    """The name as the reader writes it: ``__dense`` for ``_Holder__dense``, ``kernel`` for ``_kernel``."""
    if name.startswith("_") and isinstance(getattr(type(item), name[1:], None), property):
        return name[1:]
    for cls in type(item).__mro__:
        mangled = "_%s__" % cls.__name__.lstrip("_")
        if name.startswith(mangled):
            return "__" + name[len(mangled) :]
    return name


def _key(key):
    return repr(key) if isinstance(key, (str, int, float, tuple)) else "<%s>" % type(key).__name__


def _is_deque(item):
    return type(item).__name__ == "deque" and type(item).__module__ in ("collections", "_collections")


def _is_module(item):
    """A tf.Module, or a trackable object of TensorFlow's, without importing it."""
    return any(
        cls.__name__ in ("Module", "AutoTrackable") and cls.__module__.startswith(("tensorflow", "torch"))
        for cls in type(item).__mro__
    )
