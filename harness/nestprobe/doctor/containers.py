"""Which container an object is, as Keras tells them apart."""

import collections

_WRAPPERS = ("keras", "tf_keras", "tensorflow")


def container(item):
    """Which container an object is; None where it is none."""
    cls = type(item)
    top = cls.__module__.split(".")[0]
    if top in _WRAPPERS and isinstance(item, (list, tuple, dict, set)):
        return "wrapped"
    if isinstance(item, (set, frozenset)):
        return "set"
    if isinstance(item, collections.deque):
        return "deque"
    if isinstance(item, collections.defaultdict):
        return "defaultdict"
    if isinstance(item, (list, tuple, dict)):
        plain = cls in (list, tuple, dict, collections.OrderedDict)
        return "plain" if plain else "list-subclass"
    return None
