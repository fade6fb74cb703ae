"""One instance of a case: the model that ``make`` returned, and the variables seen with it."""

from nestprobe.casefiles import MODULE_PREFIX
from nestprobe.protocol.literals import input_data, input_shape
from nestprobe.protocol.oracle import Watch


class NotAModel(TypeError):
    """A case returned something that is not a Keras model."""


def reset_names(keras):
    """Start Keras's name counters again, as a new process would."""
    for name in ("reset_uids", "clear_session"):
        reset = getattr(keras.backend, name, None) or getattr(keras.utils, name, None)
        if reset is not None:
            reset()
            return


def case_classes(keras):
    """The case's own layer and model classes by name, the newest where ``make`` ran more than once."""
    found, open_ = {}, [keras.layers.Layer]
    while open_:
        for cls in open_.pop().__subclasses__():
            open_.append(cls)
            if cls.__module__.startswith(MODULE_PREFIX):
                found[cls.__name__] = cls
    return found


class Instance(object):
    """A model made anew, under watch.

    Attributes:
        model: what ``make`` returned. data: the literal input. watch: the variables seen.
    """

    def __init__(self, case, variant, kit):
        reset_names(kit.keras)
        self._engine = kit.engine
        self._spec = case.inputs
        self.watch = Watch(kit.engine)
        with self.watch.creation("constructed"):
            self.model = case.make(kit, **variant)
        if not isinstance(self.model, kit.keras.Model):
            raise NotAModel(
                "the case returned a %s, not a Model; wrap a layer with k.as_model(layer)"
                % type(self.model).__name__
            )
        self.data = input_data(case.inputs, kit.engine.tensor)

    def build(self):
        """``model.build(shape)`` with a free batch axis, as a reader of ``summary()`` would."""
        with self.watch.creation("built"):
            self.model.build(input_shape(self._spec))

    def call(self, phase):
        """``model(data)``; variables made in it count as made in ``phase``."""
        with self.watch.creation(phase):
            return self._engine.call(self.model, self.data)

    def call_in_training(self):
        """``model(data, training=True)`` where the model takes the argument."""
        with self.watch.creation("called-in-training"):
            training = {"training": True} if _takes_training(self.model) else {}
            return self._engine.call(self.model, self.data, **training)

    def output(self):
        """The inference output as a flat list of NumPy arrays."""
        return [self._engine.array(part) for part in self._engine.flatten(self.call("called"))]


def _takes_training(model):
    code = getattr(model.call, "__code__", None)
    if code is None:
        return False
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return "training" in names
