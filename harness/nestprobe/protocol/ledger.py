"""What is known of each variable of one instance, by its place in the order of creation."""

from nestprobe.observation import VariableRecord
from nestprobe.protocol import literals
from nestprobe.protocol.messages import clean

#: Ledger entries that become a field of the record; None where the phase was not reached.
_FLAGS = {
    "gradient": "gradient",
    "changed": "changed_by_step",
    "in-weights": "in_weights_file",
    "in-model": "in_model_file",
    "in-checkpoint": "in_checkpoint",
    "back-weights": "restored_from_weights_file",
    "back-model": "restored_from_model_file",
    "back-checkpoint": "restored_from_checkpoint",
}


class Ledger(object):
    """Notes of the variables seen with one instance.

    Attributes:
        inference, training: positions read by a forward pass of that kind; None until it ran.
    """

    def __init__(self, watch):
        self._watch = watch
        self._flags = {}
        self._listed, self._trainable, self._names = {}, {}, {}
        self._closed_at = None
        self.inference = None
        self.training = None

    def note(self, entry, flags):
        """Note one flag per variable, in order of creation."""
        self._flags[entry] = list(flags)

    def note_lists(self, model):
        """Note what Keras lists now, how often, and under which names."""
        self._listed = _occurrences(self._watch, model, "weights")
        self._trainable = _occurrences(self._watch, model, "trainable_weights")
        self._names = _paths(self._watch, model)

    def close(self):
        """What is created from here on is the optimizer's."""
        self._closed_at = len(self._watch.variables)

    def variables(self):
        """The instance's own variables in order of creation."""
        return self._watch.variables[: self._closed_at]

    def marked(self):
        """Which of them are given a fingerprint, in order of creation.

        Not an integer (a step counter, a seed), and not what is neither trained nor read: layers such
        as Normalization keep such state beside values that they derived from it, and a change of the
        one without the other would be the probe's doing.
        """
        return [
            literals.is_float(variable)
            and (bool(variable.trainable) or position in self.inference or self._reads_in_training(position))
            for position, variable in enumerate(self.variables())
        ]

    def records(self):
        """A VariableRecord for each of them; none before the first inference call is done."""
        if self.inference is None:
            return []
        return [
            self._record(position, variable)
            for position, variable in enumerate(self.variables())
            if not self._is_bookkeeping(position, variable)
        ]

    def _reads_in_training(self, position):
        return self.training is not None and position in self.training

    def _is_bookkeeping(self, position, variable):
        """Whether it is one of Keras's own step counters: integer, never read, not listed."""
        return not (
            literals.is_float(variable)
            or position in self.inference
            or self._reads_in_training(position)
            or position in self._listed
        )

    def _record(self, position, variable):
        in_inference = position in self.inference
        in_training = self._reads_in_training(position)
        flags = {}
        for entry, field in _FLAGS.items():
            noted = self._flags.get(entry, ())
            flags[field] = noted[position] if position < len(noted) else None
        return VariableRecord(
            name=clean(self._names.get(position, variable.name)),
            shape=[-1 if size is None else int(size) for size in variable.shape],
            dtype=literals.dtype_name(variable),
            trainable=bool(variable.trainable),
            created_in=self._watch.phases[position],
            used=in_inference or in_training,
            used_in_inference=in_inference,
            used_in_training=in_training,
            in_weights=self._listed.get(position, 0),
            in_trainable_weights=self._trainable.get(position, 0),
            **flags,
        )


def _occurrences(watch, model, attribute):
    """How often each seen variable stands in a list of the model; empty where it cannot be read."""
    counts = {}
    try:
        listed = getattr(model, attribute)
    except Exception:  # the phase's ModelRecord says which and why
        return counts
    for variable in listed:
        position = watch.index(variable)
        counts[position] = counts.get(position, 0) + 1
    return counts


def _paths(watch, model):
    """Keras 3 gives each variable that it knows a path: the better name."""
    try:
        listed = list(model.variables)
    except Exception:  # the phase's ModelRecord says which and why
        return {}
    return {watch.index(v): v.path for v in listed if getattr(v, "path", None)}
