"""What Keras says as it raises, and which rule that is: by its text, or else by the model."""

import re

from nestprobe.doctor.containers import container
from nestprobe.doctor.origins import is_own_module
from nestprobe.doctor.source import functions, subscripted

#: (id of a rule, pattern of what is said), the first that fits counts.
_SAYINGS = (
    ("add-weight-by-position", r"add_weight\(\) got multiple values|name for name_scope must be a string"),
    ("add-weight-by-position", r"`name` must be passed as a keyword argument\. Received: add_weight"),
    ("state-after-build", r"You cannot add new elements of state"),
    ("super-init-first", r"(forgot to call|You must call) `?super|before Module\.__init__\(\) call"),
    (
        "super-init-first",
        r"Can't set the attribute \"_|has no attribute '(_expects_mask_arg|_thread_local|built)'",
    ),
    ("state-after-build", r"has no attribute '_(non_)?trainable_weights'"),
    ("reserved-name", r"attribute is reserved|conflicts with an existing read-only @property"),
    ("reserved-name", r"has no setter|can't set attribute"),
    ("same-names", r"name already exists"),
    ("made-in-call", r"tried to create variables on non-first call|only supports singleton tf\.Variables"),
    ("value-in-if", r"as a Python `?bool`? is not allowed|Python control flow in a layer"),
    ("lambda-layer", r"Variables were (created within|used (in )?a) .*Lambda layer|within a Lambda layer"),
    (
        "variable-made-while-traced",
        r"Argument `initial_value` \(.*could not be lifted out|could not be lifted out of a",
    ),
    ("container-replaced", r"'?Tracked(List|Dict|Set)\b|__new__\(\) missing \d+ required"),
    ("none-in-inputs", r"Only input tensors may be passed as positional arguments"),
    ("weights-order", r"not compatible with provided weight shape"),
    ("too-deep", r"maximum recursion depth exceeded"),
    (
        "mixed-keras",
        r"must be an instance of .*Layer|has no attribute '_unique_id'",
    ),
)
_PATTERNS = [(name, re.compile(pattern, re.DOTALL)) for name, pattern in _SAYINGS]
_MISSING_ITEM = ("IndexError", "KeyError")


def of_failure(failure, facts):
    """The id of the rule that a Failure shows; None where none does."""
    for name, pattern in _PATTERNS:
        if pattern.search(failure.text):
            return name
    for one in _root(failure.error):
        found = _of_missing_item(facts, one) if type(one).__name__ in _MISSING_ITEM else None
        if found is not None:
            return found
    if facts.kit.engine.name == "torch" and "'NoneType' object is not callable" in failure.text:
        return "class-attribute" if _has_class_attribute(facts) else None
    if "can only concatenate tuple" in failure.text and _asks_for_weights(facts):
        return "add-weight-by-position"
    return None


def _root(error):
    """The exception and those that it was raised from; and what Keras 3.0 says in its text alone."""
    found = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _own_layers(facts):
    if facts.graph is None:
        return []
    return [node.item for node in facts.graph.layers if is_own_module(type(node.item).__module__)]


def _code_names(layer):
    for cls in type(layer).__mro__:
        if is_own_module(cls.__module__):
            for function in functions(cls):
                yield function, set(function.__code__.co_names)


def _of_missing_item(facts, error):
    """An item is not there: Keras copied the container before it was filled, or took away its factory."""
    asked = subscripted(error)
    if any(container(one) != "wrapped" for one in asked):
        return None  # it may as well be an item of that, such as an input
    for layer in _own_layers(facts):
        if any(held is one for held in vars(layer).values() for one in asked):
            for _, names in _code_names(layer):
                if "defaultdict" in names:
                    return "container-replaced"
            return "container-copied"
    return None


def _has_class_attribute(facts):
    return any(
        name in vars(cls)
        for layer in _own_layers(facts)
        for cls in type(layer).__mro__
        if is_own_module(cls.__module__)
        for name in list(getattr(layer, "_modules", ()))
    )


def _asks_for_weights(facts):
    return any("add_weight" in names for layer in _own_layers(facts) for _, names in _code_names(layer))
