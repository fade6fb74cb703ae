"""Why a variable is lost: the way from the model to it, and the first step that Keras does not take."""

from nestprobe.doctor import ground
from nestprobe.doctor.containers import container
from nestprobe.doctor.facts import AGAIN, TRAINING
from nestprobe.doctor.graph import CELL, CLASS, GLOBAL
from nestprobe.doctor.origins import is_own_module
from nestprobe.doctor.source import functions, stores
from nestprobe.kit import keras_version
from nestprobe.protocol import weightfiles


class Causes(object):
    """The causes in one model. Each method gives the id of a rule and the Node that it is about, or None."""

    def __init__(self, facts):
        self._facts = facts
        self._layer = facts.kit.keras.layers.Layer
        self.keras3 = keras_version(facts.kit.keras).startswith("3.")
        self.by_paths = weightfiles.model_file_name(facts.kit.keras) == "model.keras"
        self._held = {}  # id of a layer -> ids of the raw variables of its weights

    # -- not counted -----------------------------------------------------------------------------

    def of_uncounted(self, variable):
        """Of a variable that is used and that no list of the model names."""
        node = variable.node
        if node is None:
            made_anew = variable.phase in (AGAIN, TRAINING)
            return ("made-in-call" if made_anew else "unknown"), None
        if variable.listed and variable.phase == TRAINING:
            return "used-only-in-training", owner_of(node)
        chain = node.chain()
        layers = [place for place, one in enumerate(chain) if ground.is_layer(one.item)]
        known = next((place for place in layers if self._holds(chain[place].item, variable)), len(chain) - 1)
        start = max([place for place in layers if place < known] or [0])
        return self._of_segment(chain[start], chain[start + 1 : known + 1])

    def _holds(self, layer, variable):
        if id(layer) not in self._held:
            raw = self._facts.kit.engine.raw
            try:
                self._held[id(layer)] = {id(raw(one)) for one in layer.weights}
            except Exception:  # a foreign or half-made layer
                self._held[id(layer)] = set()
        return id(variable.variable) in self._held[id(layer)]

    def _of_segment(self, holder, segment):
        target, between = segment[-1], segment[:-1]
        if ground.is_layer(target.item) and not isinstance(target.item, self._layer):
            return "mixed-keras", target
        hidden = self._hidden(holder, segment)
        if hidden is not None:
            return hidden, target
        if self.keras3 and not ground.is_layer(target.item) and _is_raw(target.item):
            return "raw-variable", target
        first = segment[0]
        kind = container(first.item) if between else None
        if kind in ("set", "deque", "defaultdict", "list-subclass"):
            return "untracked-" + kind, target
        if kind == "wrapped":
            return self._of_wrapped(between, target), target
        found = self._of_attribute(holder.item, first)
        if found == "unknown" and kind == "plain" and ground.is_layer(target.item):
            found = "untracked-container"  # tf.keras would have wrapped it
        return found, target

    def _hidden(self, holder, segment):
        """What stands between the two that Keras cannot see through; None where there is nothing."""
        if any(one.by == GLOBAL for one in segment):
            return "global-object"
        if any(one.by == CELL for one in segment):
            if any(cls.__name__ == "Lambda" for cls in type(holder.item).__mro__):
                return "lambda-layer"
            return "container-copied" if copy_of(holder.item, segment) else "closure"
        for one in segment[:-1]:
            if is_tf_module(one.item):
                return "tf-module"
            if container(one.item) is None:
                return "plain-object"
        return "made-in-class-body" if any(one.by == CLASS for one in segment) else None

    def _of_wrapped(self, between, target):
        if not ground.is_layer(target.item):
            return "variables-in-list"
        if not self.keras3:
            return "unknown"
        return "filled-too-late" if len(between) > 1 else "untracked-method"

    def _of_attribute(self, holder, node):
        name = node.key
        own = [cls for cls in type(holder).__mro__ if is_own_module(cls.__module__)]
        if not self.keras3 and any(name in vars(cls) for cls in own):
            return "class-attribute"
        if not _is_set(own, name):
            return "dict-bypass"
        return "removed-but-held" if self.keras3 else "unknown"

    # -- not saved -------------------------------------------------------------------------------

    def of_unsaved(self, variable):  # noqa: PLR0911 - a ladder
        """Of a variable that is counted, and that the weights file does not hold or give back."""
        node = variable.node
        if node is None:
            return "unknown", None
        chain = node.chain()
        owner = owner_of(node)
        layers = [one for one in chain if ground.is_layer(one.item)]
        if variable.phase == TRAINING:
            return "used-only-in-training", owner
        if any(not isinstance(one.item, self._layer) for one in layers):
            return "mixed-keras", owner
        if any(is_tf_module(one.item) for one in chain if not ground.is_layer(one.item)):
            return "tf-module", owner
        if not self.keras3 and owner is chain[0]:
            in_container = len(chain) > len(layers) + 1
            return ("variables-in-list" if self.by_paths and in_container else "model-own-weights"), node
        sets = [one for one in chain if isinstance(one.item, (set, frozenset))]
        if sets:
            return ("set-order" if variable.in_file else "untracked-set"), owner
        if any(one.key == "_layers" for one in chain):
            return "private-name", owner
        if _depth(chain) > 1:
            return "nested-container", owner
        return "unknown", owner

    # -- counted and not used --------------------------------------------------------------------

    def of_overcounted(self, variable):  # noqa: PLR0911 - a ladder
        """Of a variable that is counted, and that the forward pass does not read."""
        node = variable.node
        if node is None:
            return "unknown", None
        owner = owner_of(node)
        names = {cls.__name__ for cls in type(owner.item).__mro__}
        if "Metric" in names:
            return "metric-state", owner
        if node.is_left:
            return self._of_left_behind(variable, owner), (owner if owner.is_left else node)
        mine = is_own_module(type(owner.item).__module__)
        if "Normalization" in names and not mine:
            return "derived-state", owner
        if mine and (variable.read_while_made or _holds_tensor(owner.item)):
            return "read-once", node
        others = [one for one in self._facts.variables if one.node and owner_of(one.node) is owner]
        idle = owner.parent is not None and not any(one.used for one in others)
        if idle and not (mine and getattr(owner.item, "built", False)):
            return "never-called", owner
        return "never-read", node

    def _of_left_behind(self, variable, owner):
        """What only Keras's own lists still hold: another took its attribute, or it was deleted."""
        holder, name = owner.item, _attribute_in(variable.lines)
        lines = self._facts.watch.layer_lines.get(id(owner.item), ())
        if owner.is_left and owner.parent is not None:
            above = [one for one in owner.chain()[:-1] if ground.is_layer(one.item)]
            holder, name = above[-1].item, _attribute_in(lines)
        if name is not None and getattr(holder, name, None) is not None:
            held = getattr(holder, name)
            if not isinstance(held, (list, tuple, dict, set)):
                return "overwritten"
        return "removed-still-counted"

    # -- trained or not --------------------------------------------------------------------------

    def of_flags(self, variable, trained):  # noqa: PLR0911 - a ladder
        """Of a variable that is trained against the flags of the layers around it; None where it is not."""
        if variable.node is None:
            return None
        layers = [one for one in variable.node.chain() if ground.is_layer(one.item)]
        owner, above = layers[-1], layers[:-1]
        changed = [one for one in layers if len(set(self._facts.flags.get(id(one.item), ()))) > 1]
        frozen = [one for one in above if not one.item.trainable]
        if changed and not self.keras3 and trained != all(one.item.trainable for one in layers):
            return "compile-order", changed[-1]
        if trained and not owner.item.trainable:
            return "frozen-before-build", owner
        if trained and frozen and not self._was_enabled_within(layers, frozen[-1]):
            return "frozen-too-early", frozen[-1]
        if self.keras3:  # asks the model that is trained, and none between
            frozen = [one for one in frozen if one is layers[0]]
        if not trained and owner.item.trainable and frozen and self._was_enabled(owner.item, frozen):
            return "frozen-ancestor", owner
        if not trained and not frozen and self.is_unwatched(variable):
            return "built-while-frozen", owner
        return None

    def is_unwatched(self, variable):
        """Whether no gradient tape watches what Keras lists as trainable: TensorFlow's flag is for good."""
        return self.keras3 and variable.trainable and getattr(variable.variable, "trainable", None) is False

    def _was_enabled_within(self, layers, frozen):
        told = self._facts.watch.set_trainable
        return any(told.get(id(one.item)) for one in layers[layers.index(frozen) + 1 :])

    def _was_enabled(self, layer, frozen):
        """Whether the reader enabled it, and did not merely freeze what holds it before it was there."""
        told = self._facts.watch.set_trainable
        if id(layer) in told:
            return told[id(layer)]
        return not self._facts.watch.layer_lines and bool(frozen)


def owner_of(node):
    """The layer that a variable's node belongs to: the last one on the way."""
    above = [one for one in node.chain() if ground.is_layer(one.item)]
    metrics = [one for one in node.chain() if any(c.__name__ == "Metric" for c in type(one.item).__mro__)]
    return (metrics or above)[-1]


def _depth(chain):
    """How many containers stand in a row, at most, between two layers of the way."""
    most = row = 0
    for one in chain:
        row = row + 1 if container(one.item) is not None else 0
        most = max(most, row)
    return most


def copy_of(holder, segment):
    """(attribute, original) of what a function reads and that has grown since Keras copied it."""
    own = [cls for cls in type(holder).__mro__ if is_own_module(cls.__module__)]
    for one in segment:
        if container(one.item) == "plain":
            for name, held in list(vars(holder).items()):
                alike = container(held) == "wrapped" and isinstance(held, dict) == isinstance(one.item, dict)
                if alike and len(held) < len(one.item) and _is_set(own, name):
                    return name, one.item
    return None


def _is_set(classes, name):
    return any(stores(function, name) for cls in classes for function in functions(cls))


def _is_raw(item):
    """Whether a variable is the backend's and not Keras's."""
    return not type(item).__module__.startswith(("keras", "tf_keras"))


def is_tf_module(item):
    """Whether an object is a tf.Module, or a trackable one of TensorFlow's, and no layer."""
    return not ground.is_layer(item) and any(
        cls.__name__ in ("Module", "AutoTrackable") and cls.__module__.startswith("tensorflow")
        for cls in type(item).__mro__
    )


def _holds_tensor(layer):
    """Whether a value that was computed once is an attribute."""
    return any("EagerTensor" in type(one).__name__ for one in list(vars(layer).values()))


def _attribute_in(lines):
    """The attribute that a line of source assigns: ``dense`` of ``self.dense = Dense(3)``."""
    for line in lines[:1]:
        before, equals, _ = line.text.partition("=")
        name = before.strip()
        if equals and name.startswith("self.") and name[5:].isidentifier():
            return name[5:]
    return None
