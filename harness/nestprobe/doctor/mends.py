"""The mend of a rule with the names of the reader's own model in it."""

import re

from nestprobe.doctor import weights
from nestprobe.doctor.causes import copy_of, is_tf_module, owner_of
from nestprobe.doctor.containers import container
from nestprobe.doctor.graph import ATTRIBUTE, CELL, CLASS, GLOBAL, ITEM
from nestprobe.doctor.ground import is_layer
from nestprobe.doctor.origins import is_own_module

#: Lines of one mend; the rest are told by their number.
MOST = 8


def mend(rule, members=()):
    """The code. ``members``: (VariableFacts or None, Node or None) of what one cause loses."""
    if not members or members[0][1] is None:
        return rule.code()
    particular = _PARTICULAR.get(rule.id)
    return (particular(rule, members) if particular else None) or rule.code(**_words(members[0][1]))


def _words(node):
    *above, target = node.chain()
    attributes = [one for one in [*above, target] if one.by in (ATTRIBUTE, CLASS) and not one.of_keras]
    holders = [one for one in above if _is_own_layer(one)]
    words = {"cls": type(holders[-1].item).__name__} if holders else {}
    if attributes:
        words["attribute"] = str(attributes[-1].key)
        if not is_layer(target.item):
            words["name"] = str(attributes[-1].key)
    if _can_be_written(node.place):
        words["place"] = node.place
    return words


def _is_own_layer(node):
    return is_layer(node.item) and is_own_module(type(node.item).__module__)


def _of_self(node):
    """The way as the class that holds it writes it: ``self.blocks[1]``; None where it cannot be written."""
    holders = [one for one in node.chain()[:-1] if _is_own_layer(one)]
    written = node.place if not holders else "self" + node.place[len(holders[-1].place) :]
    return written if _can_be_written(written) else None


def _can_be_written(place):
    return not any(sign in place for sign in ("<", "{"))


def _of_captured(rule, members):
    """Of what a function uses: by the name that it has there, not by the attribute that is the function."""
    node = members[0][1]
    names = [one.key for one in node.chain() if one.by in (CELL, GLOBAL) and isinstance(one.key, str)]
    names = [name for name in names if name.isidentifier() and not name.startswith("__")]
    return rule.code(**dict(_words(node), attribute=names[-1] if names else "part"))


def _of_enabled(_, members):
    """Enabling what is frozen around it, and freezing again what is beside it."""
    node = members[0][1]
    above = [one for one in node.chain()[:-1] if is_layer(one.item)]
    frozen = [one for one in above if not one.item.trainable]
    if not frozen or not _can_be_written(node.place):
        return None
    enabled = "%s.trainable = True  # and all within; then freeze what is to stay as it is" % frozen[0].place
    if frozen[0] is not above[-1] or not hasattr(frozen[0].item, "layers"):
        return "%s, each by itself, and nothing around %s" % (enabled, node.place)
    rest = "for layer in %s.layers:\n    layer.trainable = False" % frozen[0].place
    return "%s:\n%s\n%s.trainable = True" % (enabled, rest, node.place)


def _of_copied(rule, members):
    chain = members[0][1].chain()
    for holder in [one.item for one in reversed(chain[:-1]) if is_layer(one.item)]:
        copied = copy_of(holder, chain)
        if copied is not None:
            code = rule.code(attribute=copied[0])
            as_dict = isinstance(copied[1], dict)
            return code.replace("= []", "= {}").replace(".append(...)", "[...] = ...") if as_dict else code
    return None


def _of_never_called(_, members):
    """Of items of a list: the list itself may well be used."""
    nodes = {id(node): node for _, node in members}.values()
    if not any(node.by == ITEM for node in nodes):
        return None
    return _listed(
        ["# %s: leave it out, or use it in call()" % (_of_self(node) or node.place) for node in nodes]
    )


def _of_raw_variable(_, members):
    """With what was seen of each and what its line says; items of a dict or list stay what they are."""
    holder = members[0][1].parent
    if any(variable is None or node.parent is not holder for variable, node in members):
        return None
    variable, node = members[0]
    if node.by == ATTRIBUTE:
        written = node.text.lstrip(".")
        made = weights.making(variable.lines, written)
        code = "self.%s = %s" % (written, weights.add_weight(variable, '"%s"' % written.lstrip("_"), made))
        return weights.placed(weights.wrapped(code), variable)
    place = _of_self(holder)
    if place is None or holder.by != ATTRIBUTE:
        return None
    return weights.placed(_of_items(place, holder, members), variable)


def _of_items(place, holder, members):
    attribute, as_dict = holder.text.lstrip("."), isinstance(holder.item, dict)
    makings = [weights.making(variable.lines, attribute, node.key) for variable, node in members]
    if makings[0] is not None and makings[0].loop is not None and place == "self." + attribute:
        alike = {(tuple(one.shape), one.dtype, one.trainable, one.lines[:1]) for one, _ in members}
        code = weights.in_loop(members[0][0], makings[0], attribute) if len(alike) == 1 else None
        if code is not None:
            return "\n".join(code)
    lines = ["%s = %s" % (place, "{}" if as_dict else "[]")]
    for (variable, node), made in zip(members, makings):
        is_name = isinstance(node.key, str) and node.key.isidentifier()
        told = node.key if is_name else "%s_%s" % (attribute.lstrip("_"), node.key)
        code = weights.add_weight(variable, '"%s"' % told, made)
        line = "%s[%r] = %s" % (place, node.key, code) if as_dict else "%s.append(%s)" % (place, code)
        lines.append(weights.wrapped(line))
    return _listed(lines)


def _of_nested(_, members):
    """A flat list beside the containers, so that the code that uses them stays."""
    inner = [_within_two(node) for _, node in members]
    if any(one is None for one in inner):
        return None
    bases = {id(_container(one)[0]) for one in inner}
    base, _ = _container(inner[0])
    place = _of_self(base)
    if len(bases) > 1 or base.by != ATTRIBUTE or place is None:
        return None
    ways = {tuple(isinstance(one, dict) for one in _container(node)[1]) for node in inner}
    flat = _flat(place, ways.pop()) if len(ways) == 1 else None
    if flat is None:
        flat = "[%s]" % ", ".join(dict.fromkeys(_of_self(one) or one.place for one in inner))
    return "%s_layers = %s  # one flat list, beside it" % (place, flat)


def _within_two(node):
    """The last node on the way that is in a container within a container; None where there is none."""
    found = [one for one in node.chain() if one.by == ITEM and one.parent.by == ITEM]
    return found[-1] if found else None


def _container(node):
    """(node that is no item, containers from there to ``node``, the outermost first)."""
    held = []
    while node.by == ITEM:
        node = node.parent
        held.append(node.item)
    return node, held[::-1]


def _flat(place, are_dicts):
    """All in the containers as a list; None where they are too deep for that."""
    names = ("rows", "row", "layer")[-len(are_dicts) :]
    if len(names) < len(are_dicts):
        return None
    loops, over = [], place
    for name, as_dict in zip(names, are_dicts):
        loops.append("for %s in %s" % (name, over + ".values()" if as_dict else over))
        over = name
    return "[layer %s]" % " ".join(loops)


def _of_plain_object(_, members):
    """What the object holds as an attribute of the layer, too: the object and its uses stay."""
    lines = []
    for variable, node in members:
        base, held = _container(node)
        place = _of_self(base)
        if place is None or base.by != ATTRIBUTE or (held and not is_layer(node.item)):
            return None
        beside = "self.%s" % re.sub(r"\W+", "_", place.partition(".")[2]).strip("_")
        if not is_layer(node.item):
            made = weights.making(variable.lines, base.text.lstrip("."), moved=True)
            name = '"%s"' % beside.partition(".")[2]
            code = "%s = %s = %s" % (place, beside, weights.add_weight(variable, name, made))
            lines.append(weights.unknown(code, variable) + weights.wrapped(code))
            continue
        if len(held) > 1:
            place = _flat(place, [isinstance(one, dict) for one in held]) or place
        elif held and container(held[0]) not in ("plain", "wrapped"):
            place = "list(%s)" % (place + ".values()" if isinstance(held[0], dict) else place)
        lines.append("%s = %s" % (beside, place))
    return "# as an attribute of the layer itself, once all is there; the holder may stay:\n" + _listed(lines)


def _of_tf_module(rule, members):
    """The class of the module as a layer, with what it holds."""
    ways = [((one.node if one is not None else None) or node).chain() for one, node in members]
    inside = next((one for one in ways[0] if is_tf_module(one.item)), None)
    if inside is None:
        return None
    cls = type(inside.item)
    if not is_own_module(cls.__module__):
        return rule.code(cls=cls.__name__)
    lines = []
    for (variable, _), way in zip(members, ways):
        step = next((one for one in way if one.parent is inside), None)
        if step is None or step.by != ATTRIBUTE:
            continue
        written = step.text.lstrip(".")
        code = "self.%s = ...  # as before" % written
        if step is way[-1] and variable is not None and not is_layer(step.item):
            made = weights.making(variable.lines, written)
            code = "self.%s = %s" % (written, weights.add_weight(variable, '"%s"' % written, made))
        code = weights.unknown(code, variable) + weights.wrapped(code)
        lines.append("        " + code.replace("\n", "\n        "))
    called = any("__call__" in vars(one) for one in cls.__mro__ if is_own_module(one.__module__))
    return "\n".join(
        [
            "class %s(keras.layers.Layer):  # in the place of tf.Module" % cls.__name__,
            "    def __init__(self, **kwargs):  # beside its own arguments",
            "        super().__init__(**kwargs)",
            _listed(lines or ["        ..."]),
            "\n    def call(self, inputs):  # in the place of __call__()\n        ..."
            if called
            else "        self.built = True  # it is never called",
        ]
    )


def _of_no_gradient(_, members):
    """A variable cannot be frozen in every release: its layer can, or it is made so."""
    node = members[0][1]
    owner = owner_of(node)
    place = None if _is_own_layer(owner) else _of_self(owner)
    if place is not None:
        return _KEEP + "%s.trainable = False" % place
    return _KEEP + "self.%s = self.add_weight(..., trainable=False)" % _words(node).get("name", "kernel")


def _listed(lines):
    lines = list(dict.fromkeys(lines))
    more = ["# and %d more" % (len(lines) - MOST)] if len(lines) > MOST else []
    return "\n".join(lines[:MOST] + more)


_KEEP = (
    "# keep to differentiable operations between the variable and the output,\n"
    "# or say that it is not to be trained:\n"
)

_PARTICULAR = {
    "closure": _of_captured,
    "container-copied": _of_copied,
    "filled-too-late": _of_nested,
    "frozen-ancestor": _of_enabled,
    "global-object": _of_captured,
    "lambda-layer": _of_captured,
    "never-called": _of_never_called,
    "nested-container": _of_nested,
    "no-gradient": _of_no_gradient,
    "plain-object": _of_plain_object,
    "raw-variable": _of_raw_variable,
    "tf-module": _of_tf_module,
    "variables-in-list": _of_raw_variable,
}
