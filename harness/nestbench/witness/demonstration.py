"""What a script runs and prints to show a verdict: one signal a finding, by Keras's public functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from packaging.version import Version

from nestbench.frames import Result
from nestbench.matrix import Backend, Flavour, Stack
from nestbench.verdicts import Entry, Judgement, is_parameter
from nestbench.witness.signals import Signal, raising_phase

__all__ = ["Demonstration"]

WEIGHTS, CHECKPOINT = "model.weights.h5", "checkpoint"


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """The lines that show ``signals`` of ``result`` on ``stack``.

    ``inputs``: the case's ``Tensor``, or a list of them. ``new``: an expression that makes a model
    anew. ``classes``: names of the script's own layers and models.
    """

    stack: Stack
    result: Result
    signals: frozenset[Signal]
    inputs: Any
    new: str
    classes: Sequence[str]

    @property
    def made_anew(self) -> bool:
        """Whether a second model is made beside the first."""
        again = {Signal.WEIGHTS, Signal.CHECKPOINT, Signal.BUILD}
        return bool(self.signals & again) or self._raising in {"reloaded-weights", "reloaded-checkpoint"}

    @property
    def only_made(self) -> bool:
        """Whether making the model is all there is to do."""
        return self._raising == "constructed"

    def after(self) -> list[str]:
        """The lines below ``model = ...``: its call, and what is printed."""
        if self.only_made:
            return ['print("no exception")']
        lines = []
        for signal in Signal:
            if signal in self.signals:
                lines += getattr(self, "_" + signal.name.lower())()
        first = next((line for line in lines if "y" in _words(line)), "y = ")
        kept = "" if first.startswith("y = ") else "y = "  # where it is not computed anew before it is read
        called = [f"{kept}{self._forward('model')}"]
        if self._weighed and self._kept:
            called += self._weights_after()
        return [*called, *lines]

    def before(self) -> list[str]:
        """The lines above ``model = ...``."""
        if self.only_made:
            return []
        if isinstance(self.inputs, list | tuple):
            return ["x = [", *(f"    {_data(one)}," for one in self.inputs), "]"]
        return [f"x = {_data(self.inputs)}"]

    @property
    def watched(self) -> bool:
        """Whether variables have to be noted as they are made, because the model does not list them."""
        return self._weighed and self._unlisted and not self._unheard

    @property
    def collected(self) -> bool:
        """Whether they are found among all objects there are, as nothing tells when they are made."""
        return self._weighed and self._unlisted and self._unheard

    @property
    def _unheard(self) -> bool:
        return self.stack.backend is not Backend.TENSORFLOW or self.stack.is_multi_backend_2

    @property
    def _weighed(self) -> bool:
        return bool(self.signals & {Signal.WEIGHTS, Signal.STEP})

    @property
    def _unlisted(self) -> bool:
        assert self.result.observation is not None
        return any(is_parameter(one) and not one.in_weights for one in self.result.observation.variables)

    @property
    def _raising(self) -> str | None:
        return raising_phase(self.result) if Signal.RAISES in self.signals else None

    @property
    def _call(self) -> Judgement:
        judged = self.result.judgement(Entry.CALL)
        assert judged is not None
        return judged

    def _forward(self, model: str) -> str:
        if self.stack.is_multi_backend_2:
            return f"{model}.predict(x)"
        return f"{model}(x)" + (".detach()" if self.stack.backend is Backend.TORCH else "")

    @property
    def _kept(self) -> bool:
        """Whether ``weights`` has to be a list of its own, and not what the model lists at the time."""
        return self._unlisted or Signal.STEP in self.signals

    def _weights_after(self) -> list[str]:
        if self.watched:
            return []
        if self.collected:
            are = 'keras.Variable) and "float" in v.dtype'
            if self.stack.is_multi_backend_2:
                are = "tf.Variable) and v.dtype.is_floating"
            return [f"weights = [v for v in gc.get_objects() if issubclass(type(v), {are}]"]
        return ["weights = list(model.weights)"]

    # -- a signal each --------------------------------------------------------------------------

    def _count(self) -> list[str]:
        used, counted = self._call.expected, self._call.counted or 0
        if counted > (used or 0):
            return [f'print("counted", model.count_params(), "parameters, the forward pass uses {used}")']
        said = f'"of the {used} parameters that the forward pass uses"'
        return [f'print("counted", model.count_params(), {said})']

    def _listed(self) -> list[str]:
        different = "len({id(w) for w in model.weights})"
        return [f'print("weights lists", len(model.weights), "variables,", {different}, "different ones")']

    def _build(self) -> list[str]:
        return [
            f"built = {self.new}",
            f"built.build({_shape(self.inputs)})",
            'print("after build(shape) alone it counts", built.count_params())',
        ]

    def _summary(self) -> list[str]:
        return ["model.summary()", f'print("the forward pass uses {self._call.expected} parameters")']

    def _summary_after_fit(self) -> list[str]:
        return [*([] if Signal.STEP in self.signals else self._fit()), *self._summary()]

    def _weights(self) -> list[str]:
        return [
            *self._moved(),
            f"y = {self._forward('model')}",
            f'model.save_weights("{WEIGHTS}")',
            *self._reloaded_weights(),
            self._same("a new model with the loaded weights", "other"),
        ]

    def _moved(self) -> list[str]:
        """Another step for each weight: what is added to all alike may cancel out."""
        # Before Keras 3, a model's set_weights() passes over what is not in a layer.
        if not self._kept and self.stack.flavour is Flavour.KERAS3:
            return ["model.set_weights([w + n / 100 for n, w in enumerate(model.get_weights(), 1)])"]
        more = "tf.cast(n / 100, w.dtype)" if self.watched else "n / 100"
        weights = "weights" if self._kept else "model.weights"
        return [f"for n, w in enumerate({weights}, 1):", f"    w.assign(w + {more})"]

    def _reloaded_weights(self) -> list[str]:
        return [f"other = {self.new}", self._forward("other"), f'other.load_weights("{WEIGHTS}")']

    def _checkpoint(self) -> list[str]:
        return [
            *self._written_checkpoint(),
            *self._restored(),
            self._same("a new model restored from the checkpoint", "other"),
        ]

    def _written_checkpoint(self) -> list[str]:
        return [f'path = tf.train.Checkpoint(model=model).save("{CHECKPOINT}")']

    def _restored(self) -> list[str]:
        restored = "tf.train.Checkpoint(model=other).restore(path)"
        return [f"other = {self.new}", self._forward("other"), restored]

    def _model_file(self) -> list[str]:
        return [self._saved_model(), *self._loaded_model(), self._same("the loaded model", "loaded")]

    def _saved_model(self) -> str:
        return f'model.save("{self._file}")'

    def _loaded_model(self) -> list[str]:
        own = f"custom_objects={self._custom_objects}"
        return [f'loaded = keras.models.load_model("{self._file}", {own}, compile=False)']

    def _clone(self) -> list[str]:
        counts = f'"of the {self._call.expected} parameters that the original uses"'
        return [*self._cloned(), f'print("a clone counts", clone.count_params(), {counts})']

    def _cloned(self) -> list[str]:
        return [
            f"with keras.utils.custom_object_scope({self._custom_objects}):",
            "    clone = type(model).from_config(model.get_config())",
            f"    {self._forward('clone')}",
        ]

    def _step(self) -> list[str]:
        floating = "w.dtype.is_floating and " if self.watched else ""  # else step counters are among them
        meant = f'"parameters and should change {self.result.cell.variant.trainable}"'
        return [
            "before = [w.numpy().copy() for w in weights]",
            *self._fit(),
            f"changed = sum(b.size for b, w in zip(before, weights) if {floating}(b != w.numpy()).any())",
            f'print("one step of fit() changed", changed, {meant})',
        ]

    def _fit(self) -> list[str]:
        return [
            'model.compile(optimizer=keras.optimizers.SGD(0.5), loss="mse")',
            "model.fit(x, numpy.zeros(y.shape), verbose=0)",
        ]

    def _raises(self) -> list[str]:
        lines = {
            "called": [],
            "called-in-training": ["model(x, training=True)"],
            "saved-weights": [f'model.save_weights("{WEIGHTS}")'],
            "reloaded-weights": [f'model.save_weights("{WEIGHTS}")', *self._reloaded_weights()],
            "trained": self._fit(),
            "saved-model": [self._saved_model()],
            "reloaded-model": [self._saved_model(), *self._loaded_model()],
            "saved-checkpoint": self._written_checkpoint(),
            "reloaded-checkpoint": [*self._written_checkpoint(), *self._restored()],
            "cloned": self._cloned(),
            "summary": ["model.summary()"],
        }[self._raising or "called"]
        return [*self._called_in_training(), *lines, 'print("no exception")']

    def _called_in_training(self) -> list[str]:
        """The call without which a file would not hold what there is after it."""
        seen = self.result.observation
        assert seen is not None
        made = any(one.created_in == "called-in-training" for one in seen.variables)
        files = (self._raising or "").startswith(("saved", "reloaded"))
        return ["model(x, training=True)"] if made and files else []

    def _same(self, what: str, model: str) -> str:
        return f'print("{what} gives the same output:", numpy.allclose(y, {self._forward(model)}))'

    @property
    def _custom_objects(self) -> str:
        return "{" + ", ".join(f'"{name}": {name}' for name in self.classes) + "}"

    @property
    def _file(self) -> str:
        """The single-file format of the release: ``.keras`` since Keras 2.12, HDF5 before."""
        return "model.keras" if Version(self.stack.keras.split("-")[0]) >= Version("2.12") else "model.h5"


def _words(line: str) -> set[str]:
    return set("".join(char if char.isalnum() or char == "_" else " " for char in line).split())


def _data(inputs: Any) -> str:
    count = 1
    for length in inputs.shape:
        count *= length
    if "int" in inputs.dtype:
        return f'(numpy.arange({count}) % {inputs.below}).reshape{inputs.shape}.astype("{inputs.dtype}")'
    return f'(numpy.arange({count}) % 7 + 1).reshape{inputs.shape}.astype("{inputs.dtype}") / 8'


def _shape(inputs: Any) -> str:
    if isinstance(inputs, list | tuple):
        return "[" + ", ".join(_shape(item) for item in inputs) + "]"
    return str((None, *inputs.shape[1:]))
