"""From what was noted step by step to a record of each variable."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Set

from nestprobe.doctor import parameters
from nestprobe.doctor.facts import VariableFacts
from nestprobe.protocol import literals


@dataclass
class Notes:
    """Notes by the position of a variable in order of creation.

    ``reads``: ``inference`` and ``training``, positions read. ``lists``: ``early``, ``weights`` and
    ``trainable``, position to how often Keras lists it. ``flags``: ``gradient``, ``changed``, ``in_file``,
    ``restored``, ``in_checkpoint``, ``back_from_checkpoint`` and ``misplaced``, one for each position. What
    was not reached is not there.
    """

    reads: Dict[str, Set[int]] = field(default_factory=dict)
    lists: Dict[str, Dict[Any, int]] = field(default_factory=dict)
    flags: Dict[str, List[Any]] = field(default_factory=dict)

    def flag(self, name, place):
        """The flag of one variable; None where it was not noted."""
        noted = self.flags.get(name, ())
        return noted[place] if place < len(noted) else None


def records(facts, notes):
    """VariableFacts of each variable of the model; none before a call succeeded. Not the optimizer's."""
    if "inference" not in notes.reads:
        return []
    own = _own_variables(facts.watch, facts.model)
    return [
        _record(facts, notes, place, variable, own.get(place, variable))
        for place, variable in enumerate(facts.watch.variables)
        if facts.watch.phases[place] != "trained"
    ]


def foreign_parameters(facts):
    """Places of torch's parameters in the model that are behind no variable of Keras."""
    if facts.kit.engine.name != "torch" or facts.graph is None:
        return []
    known = {id(getattr(variable, "_value", None)) for variable in facts.watch.variables}
    return [
        node.place
        for node in facts.graph.nodes()
        if type(node.item).__name__ == "Parameter" and id(node.item) not in known
    ]


def _record(facts, notes, place, variable, own):
    training = notes.reads.get("training")
    node = facts.graph.variable(variable)
    return VariableFacts(
        position=place,
        variable=variable,
        name=getattr(own, "path", None) or str(variable.name),
        shape=tuple(-1 if size is None else int(size) for size in variable.shape),
        dtype=literals.dtype_name(variable),
        trainable=bool(own.trainable),
        phase=facts.watch.phases[place],
        used_in_inference=place in notes.reads["inference"],
        used_in_training=None if training is None else place in training,
        listed=notes.lists.get("weights", {}).get(place, 0),
        listed_early=place in notes.lists.get("early", {}),
        in_trainable=place in notes.lists.get("trainable", {}),
        gradient=notes.flag("gradient", place),
        changed=notes.flag("changed", place),
        in_file=notes.flag("in_file", place),
        restored=notes.flag("restored", place),
        in_checkpoint=notes.flag("in_checkpoint", place),
        back_from_checkpoint=notes.flag("back_from_checkpoint", place),
        misplaced=bool(notes.flag("misplaced", place)),
        read_while_made=id(variable) in facts.watch.read_while_made,
        lines=facts.watch.lines.get(place, ()),
        node=node,
        unwatched=node is not None and parameters.is_closed(node),
    )


def _own_variables(watch, model):
    """Keras 3's own variable by position: it has the better name, and the flag that counts."""
    try:
        return {watch.index(variable): variable for variable in model.variables}
    except Exception:
        return {}
