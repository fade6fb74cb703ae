"""Causes that the doctor does not look at, told by what was measured on both sides: files, build(shape)."""

from collections.abc import Iterable, Iterator, Sequence

from packaging.version import Version

from nestbench.audit.carrying import carried_over, keeps_order
from nestbench.audit.difference import Difference, Gravity, Kind
from nestbench.audit.oldfiles import is_misplaced
from nestbench.audit.side import Finding, Side
from nestbench.verdicts.variables import parameters_of
from nestprobe.doctor.rules import RULES, Rule
from nestprobe.observation import VariableRecord

__all__ = ["OWN", "findings_by_signature"]

_CHECKPOINT = (Kind.NOT_IN_CHECKPOINT, Kind.NOT_FROM_CHECKPOINT)
_CONFIG = ("raises:saved-model", "raises:reloaded-model", "raises:cloned")
_BUILD = next(one for one in RULES if one.id == "build-leaves-children")
#: What Keras 2 says of a layer that it does not find in a file, and what Keras 3 says of one or more.
_NOT_FOUND = ("but received 0 variables during loading", "objects could not be loaded")
_OF_CONFIG = ("get_config", "could not be deserialized", "revive model from config", "was created by passing")

#: Rules of the audit alone.
OWN = (
    Rule(
        id="checkpoint-of-containers",
        title="kept in a list or a dict, which tf.train.Checkpoint no longer follows",
        cause="Keras 3 keeps a list or dict that is set as an attribute in a class of its own, which "
        "TensorFlow's checkpoints do not follow. Layers in it are counted, trained and in the weights file, "
        "and a checkpoint neither holds them nor brings them back, without a word.",
        mend='model.save_weights("model.weights.h5")  # instead of tf.train.Checkpoint(model).write(...)',
        kinds=("unsaved", "unrestored"),
        cases=("checkpoint-list-of-layers", "checkpoint-dict-of-layers"),
    ),
    Rule(
        id="checkpoint-across-keras",
        title="a TF checkpoint of Keras 2, read by Keras 3",
        cause="A checkpoint finds a value by the attributes that lead to it, and Keras 3 keeps weights under "
        "other ones than Keras 2. Reading an old one does not bring all values back, and says so at most in "
        "a warning of the log; assert_consumed() on what read() returns raises.",
        mend='model.save_weights("model.weights.h5")  # on the old stack; and load_weights() on the new',
        kinds=("unrestored",),
        cases=(),
    ),
    Rule(
        id="config-of-a-subclass",
        title="a subclass whose config does not make it again",
        cause="A model file and from_config() make the model with what get_config() returns. Without one of "
        "its own, a subclass is made with what Keras notes of its constructor, which some releases refuse.",
        mend="def __init__(self, units, **kwargs):\n"
        "    super().__init__(**kwargs)  # name, dtype and trainable come through\n"
        "    self.units = units\n\n"
        "def get_config(self):\n"
        '    return {**super().get_config(), "units": self.units}',
        kinds=("raises",),
        cases=("model-file-subclass-without-config",),
    ),
    Rule(
        id="checkpoint-without-tensorflow",
        title="a TF checkpoint, where Keras computes without TensorFlow",
        cause="TF checkpoints are TensorFlow's own: tf.train.Checkpoint, and what save_weights() of Keras 2 "
        "writes to a name without .h5. On another backend nothing reads them.",
        mend='model.save_weights("model.weights.h5")  # on the old stack; and load_weights() on the new',
        kinds=("unrestored",),
        cases=(),
    ),
    Rule(
        id="order-of-a-dict",
        title="layers in a dict, which Keras 2 goes through by its keys and Keras 3 as it was filled",
        cause="A weights file numbers the layers of a model in the order of model.layers, where Keras comes "
        "to them by that and not by the dict itself. Keras 2 sorts the keys of a dict, Keras 3 takes them as "
        "they were put in, so the numbers of an old file mean other layers; where their shapes agree nothing "
        "says so.",
        mend="# move the values layer by layer: layer.set_weights(values)",
        kinds=("unrestored",),
        cases=("dict-against-its-order",),
    ),
    # Read in the files of tf2.12 to tf2.16 for one model, and seen in each of these that loads each other's.
    Rule(
        id="layers-elsewhere-in-the-file",
        title="a weights file in which this release looks for a layer where the other did not put it",
        cause="Since 2.12 a weights file keeps the values of a layer under the way by which Keras first came "
        "to it: the name of an attribute, or a number in `layers`. Which way is first has changed: 2.14 "
        "numbers otherwise than 2.13; 2.15 takes the names of attributes from the last to the first, and "
        "keeps the layers of a Sequential and of a functional model elsewhere; Keras 3 takes the names from "
        "the first again. A model file holds the same.",
        mend="# move the values: model.set_weights(values), in the order of model.weights here",
        kinds=("unrestored",),
        cases=("attributes-around-layers",),
    ),
    # Measured on tf2.4 to tf2.11 as savers and tf2.12 to tf2.21 as readers: refused as it is named, and read
    # whole under a name that ends in .h5 alone.
    Rule(
        id="weights-file-of-before-2.12",
        title="a .weights.h5 of before Keras 2.12, which newer ones take for their own layout",
        cause="Before 2.12 Keras writes the same HDF5 layout whatever the file is called. Since then a name "
        "that ends in .weights.h5 is another layout, and Keras goes by the name: it looks for what an old "
        "file does not have. Under a name that ends in .h5 alone it reads the old layout.",
        mend='import shutil\n\nshutil.copy("model.weights.h5", "model.h5")\nmodel.load_weights("model.h5")',
        kinds=("unrestored",),
        cases=(),
    ),
)
_BY_ID = {rule.id: rule for rule in (_BUILD, *OWN)}
#: The release of TensorFlow, with its Keras, from which on a .weights.h5 is of the layout of today.
_LAYOUT = Version("2.12")


def findings_by_signature(difference: Difference, before: Side, after: Side) -> Iterator[Finding]:
    """What the measurements of both sides alone say of a difference; nothing for most."""
    if difference.gravity is Gravity.BETTER:
        return
    if set(difference.kinds) <= set(_CHECKPOINT) and difference.positions:
        places = [after.places.get(one, "") for one in difference.positions]
        if all("[" in place for place in places):
            yield _finding("checkpoint-of-containers", ", ".join(places[:4]), difference)
    yield from _of_an_old_file(difference, before, after)
    if difference.marks <= frozenset(_CONFIG) and any(
        words in line for line in difference.evidence for words in _OF_CONFIG
    ):
        yield _finding("config-of-a-subclass", "model", difference)
    if difference.marks == {"count:built.count_params"} and _runs(before) and _runs(after) == 0:
        yield _finding(_BUILD.id, "model", difference)


def _of_an_old_file(difference: Difference, before: Side, after: Side) -> Iterator[Finding]:
    if (
        difference.marks == {"old-file:checkpoint"}
        and _is_across_keras(difference, before, after)
        and (
            (kept := _kept(difference, after, "checkpoint"))
            or all(_holds_all(side, "checkpoint") for side in (before, after))
        )
    ):
        yield _finding("checkpoint-across-keras", "model", difference, kept, mend=_across(before, after))
    if (
        difference.marks == {"old-file:weights"}
        and _is_of_the_old_layout(before)
        and not _is_of_the_old_layout(after)
        and ((kept := _kept(difference, after, "weights_file")) or difference.gravity is Gravity.LOUD)
    ):
        mend = "" if keeps_order(before, after) else carried_over(before, after)
        yield _finding("weights-file-of-before-2.12", "model", difference, kept, mend=mend)
    if difference.gravity is Gravity.LOUD and _looks_elsewhere(difference, before, after):
        yield _finding("layers-elsewhere-in-the-file", "model", difference, mend=carried_over(before, after))
    if difference.marks == {"no-reader:checkpoint"}:
        mend = _across(before, after)
        yield _finding("checkpoint-without-tensorflow", "model", difference, mend=mend)
    if Kind.MISPLACED in difference.kinds and all("['" in after.places[one] for one in difference.positions):
        where = ", ".join(after.places[one] for one in difference.positions[:4])
        yield _finding("order-of-a-dict", where, difference, mend=carried_over(before, after))


def _finding(
    of: str, place: str, difference: Difference, positions: Sequence[int] | None = None, mend: str = ""
) -> Finding:
    """``mend``: where it is another than the rule's."""
    rule = _BY_ID[of]
    return Finding(
        rule=of,
        kind=rule.kinds[0],
        place=place,
        mend=mend or rule.mend.replace("{attribute}", "part"),
        positions=difference.positions if positions is None else tuple(positions),
    )


def _across(before: Side, after: Side) -> str:
    """Empty where the weights file makes the way, which was measured; else the values by hand."""
    loaded = after.loads.get(before.stack, {}).get("weights")
    whole = loaded is not None and loaded.result == "equal" and not is_misplaced("weights", before, after)
    return "" if whole else carried_over(before, after)


def _is_across_keras(difference: Difference, before: Side, after: Side) -> bool:
    across = [_keras(side) for side in (before, after)] == ["2", "3"]
    return difference.gravity is Gravity.SILENT and across


def _kept(difference: Difference, after: Side, file: str) -> list[int]:
    """What of it the newer stack's own file gives back: it is lost on the way alone."""
    assert after.observation is not None
    variables = after.observation.variables
    return [place for place in difference.positions if _held([variables[place]], file)]


def _is_of_the_old_layout(side: Side) -> bool:
    """Whether a .weights.h5 of this stack is of the layout of before 2.12. No stack of Keras 3 is."""
    tensorflow = side.versions.get("tensorflow")
    return bool(tensorflow) and _keras(side) == "2" and Version(tensorflow or "") < _LAYOUT


def _looks_elsewhere(difference: Difference, before: Side, after: Side) -> bool:
    """Whether a file of today's layout is refused for layers that are not where they are looked for.

    What one of the stacks does not save at all would be refused in the same words.
    """
    sides, marks = (before, after), difference.marks
    file = "weights_file" if marks == {"old-file:weights"} else "model_file"
    said = any(words in line for line in difference.evidence for words in _NOT_FOUND)
    return (
        said
        and marks <= {"old-file:weights", "old-file:model"}
        and not any(map(_is_of_the_old_layout, sides))
        and all(_holds_all(side, file) for side in sides)
    )


def _keras(side: Side) -> str:
    return (side.versions.get("keras") or "").partition(".")[0]


def _holds_all(side: Side, file: str) -> bool:
    """Whether all that the forward pass reads is in this stack's own file and comes back from it."""
    read = parameters_of(side.observation.variables) if side.observation is not None else []
    return bool(read) and _held(read, file)


def _held(variables: Iterable[VariableRecord], file: str) -> bool:
    return all(getattr(one, f"in_{file}") and getattr(one, f"restored_from_{file}") for one in variables)


def _runs(side: Side) -> int | None:
    """How often the model's own call() methods ran in build(shape)."""
    phase = side.observation.phases.get("built") if side.observation is not None else None
    if phase is None or phase.user_calls is None:
        return None
    return sum(phase.user_calls.values())
