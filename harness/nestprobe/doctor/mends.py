"""The mend of a rule with the names of the reader's own model in it."""

from nestprobe.doctor import weights
from nestprobe.doctor.causes import copy_of, owner_of
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
    "frozen-ancestor": _of_enabled,
    "global-object": _of_captured,
    "lambda-layer": _of_captured,
    "never-called": _of_never_called,
    "no-gradient": _of_no_gradient,
    "raw-variable": _of_raw_variable,
    "variables-in-list": _of_raw_variable,
}
