"""Rules: in which container it is kept."""

from dataclasses import replace

from nestprobe.doctor.rule import LOST, Rule

#: Where no container at all is looked into, it is no matter which one it is or how it was filled.
_NONE = "untracked-container"

_RULES = (
    Rule(
        id="untracked-set",
        title="kept in a set or frozenset",
        cause="Keras 2 looks into lists, tuples and dicts, not into sets; Keras 3 looks into a set and "
        "not into a frozenset, and its weights file does not reach a set everywhere.",
        mend="self.{attribute} = [...]  # a list: tracked, saved, and in an order",
        kinds=LOST,
        cases=("set-of-layers", "frozenset-of-layers", "weights-file-set"),
        decisive=("set-of-layers",),
    ),
    Rule(
        id=_NONE,
        title="kept in a list, tuple or dict, which multi-backend Keras does not look into",
        cause="Keras 2.3 of several backends tracks a layer that is an attribute itself, and looks into no "
        "container. tf.keras and Keras 3 look into these.",
        mend="self.{attribute} = [...]\n"
        "for place, layer in enumerate(self.{attribute}):  # of a dict: .values()\n"
        '    setattr(self, "{attribute}_%d" % place, layer)  # tracked as an attribute of its own',
        kinds=LOST,
        cases=("list-of-layers", "dict-of-layers", "ordered-dict-of-layers"),
        decisive=("list-of-layers",),
    ),
    Rule(
        id="set-order",
        title="saved by its place in a set, which has no order",
        cause="The weights file numbers the members of a set as it walks them. Another instance walks "
        "its set in another order, and each layer gets the weights of another.",
        mend="self.{attribute} = [...]  # a list: its order is the same in every instance",
        kinds=("unrestored", "unsaved"),
        cases=("weights-file-set",),
    ),
    Rule(
        id="untracked-deque",
        title="kept in a collections.deque",
        cause="No release of Keras looks into a deque.",
        mend="self.{attribute} = [...]  # a list",
        kinds=LOST,
        cases=("deque-of-layers",),
    ),
    Rule(
        id="untracked-defaultdict",
        title="kept in a collections.defaultdict",
        cause="Keras 2 wraps a plain dict and an OrderedDict so that it sees what is in them; a "
        "defaultdict it leaves alone.",
        mend="self.{attribute} = {}  # a dict, filled in __init__\nself.{attribute}[name] = ...",
        kinds=LOST,
        cases=("default-dict-of-layers", "default-dict-autocreate"),
    ),
    Rule(
        id="untracked-list-subclass",
        title="kept in a class derived from list, tuple or dict",
        cause="Keras 2 wraps a list or dict itself; what is derived from one it leaves alone.",
        mend="self.{attribute} = list(...)  # a list itself; the methods belong to the layer",
        kinds=LOST,
        cases=("list-subclass-of-layers",),
    ),
    Rule(
        id="container-replaced",
        title="Keras put a container of its own in the place of yours",
        cause="Keras 3 stores a TrackedList or TrackedDict instead of the list or dict that is "
        "assigned: the methods of a subclass, the factory of a defaultdict and the constructor of "
        "a namedtuple are gone.",
        mend="self.{attribute} = [...]  # a plain list or dict, used as such",
        kinds=("raises",),
        cases=("default-dict-autocreate", "list-subclass-of-layers", "namedtuple-of-layers", "list-insert"),
    ),
    Rule(
        id="container-copied",
        title="changed or read by the name it had before it became an attribute",
        cause="Keras 3 copies the list or dict that is assigned. What is put into the original "
        "afterwards is not in the attribute, and what call() reads from the original is not "
        "tracked.",
        mend="self.{attribute} = []\n"
        "self.{attribute}.append(...)  # by the attribute, never by the local name",
        kinds=LOST + ("raises",),
        cases=("list-alias-appended", "dict-mutated-outside"),
    ),
    Rule(
        id="untracked-method",
        title="put into its list or dict by a method that is not tracked",
        cause="The containers of Keras 3 track append(), extend() and item assignment of a dict; "
        "`list[i] = ...`, `+=` on another name of the list and setdefault() change the container "
        "and track nothing.",
        mend="self.{attribute} = [...]  # assign the finished list or dict as a whole",
        kinds=LOST,
        cases=("list-iadd-alias", "list-set-item", "dict-set-default"),
    ),
    Rule(
        id="filled-too-late",
        title="put into an inner list or dict that had itself been put into the outer one late",
        cause="When a list or dict becomes an attribute, Keras 3 puts containers of its own in its place and "
        "in the place of those within it; they report what is put into them. A list or dict that is put "
        "into the outer one after that stays a plain one: Keras 3 looks into it once, at that moment. "
        "Filled before, its layers are counted; the weights file of most releases lacks them even so.",
        mend="# last, when all are filled: one flat list beside it, counted and saved; of a dict: .values()\n"
        "self.{attribute}_layers = [layer for row in self.{attribute} for layer in row]",
        kinds=("uncounted", "untrained"),  # only unsaved it is where it is counted: nested-container
        cases=("list-appended-then-filled",),
    ),
    Rule(
        id="removed-but-held",
        title="removed from a list while another attribute still holds it",
        cause="pop() and remove() of Keras 3 take the layer off the list of what is tracked, whoever "
        "else holds it.",
        mend="self.blocks = [...]  # leave it out from the start\nself.{attribute} = ...",
        kinds=LOST,
        cases=("list-pop-still-an-attribute",),
    ),
    Rule(
        id="nested-container",
        title="in a container within a container: tracked, but not in the weights file",
        cause="A weights file that goes by attributes looks into a list, tuple or dict of a Layer one "
        "level deep. What is in a list of lists or a dict of lists is counted and trained, and "
        "not written.",
        mend="# one flat list beside it; of a dict: .values()\n"
        "self.{attribute}_layers = [layer for row in self.{attribute} for layer in row]",
        kinds=("unsaved", "unrestored"),
        cases=(
            "nested-list-of-layers",
            "list-appended-then-filled",
            "dict-of-lists-filled-later",
            "tuple-of-layers",
            "wide-nested-dict",
        ),
    ),
)

RULES = tuple(one if one.id == _NONE else replace(one, gives_way=(_NONE,)) for one in _RULES)
