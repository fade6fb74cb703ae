"""What a script runs and prints to show a verdict: one signal a finding, by Keras's public functions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from packaging.version import Version

from nestbench.frames import Result
from nestbench.matrix import Backend, Stack
from nestbench.verdicts import Entry, Judgement, Verdict, is_parameter, size
from nestbench.verdicts.rules import LOUD
from nestbench.verdicts.variables import is_floating
from nestprobe.observation import Observation, Status

__all__ = ["Demonstration", "Signal", "signals_of"]

WEIGHTS, CHECKPOINT = "model.weights.h5", "checkpoint"


class Signal(StrEnum):
    """One thing that a script shows, in the order in which it does."""

    COUNT = "count"
    LISTED = "listed"
    BUILD = "build"
    SUMMARY = "summary"
    WEIGHTS = "weights file"
    CHECKPOINT = "checkpoint"
    MODEL_FILE = "model file"
    CLONE = "clone"
    STEP = "step"
    SUMMARY_AFTER_FIT = "summary after fit"
    RAISES = "exception"


_ABOUT = {
    "model-file": ("saved-model", "reloaded-model"),
    "checkpoint": ("saved-checkpoint", "reloaded-checkpoint"),
    "clone": ("cloned",),
}


def signals_of(result: Result) -> list[tuple[Signal, Verdict]]:
    """What can show the verdicts of a measured cell, the gravest first, with the verdict it shows.

    Empty where nothing can, as what was measured has no sign that a plain script would see.
    """
    found: dict[Signal, Verdict] = {}
    call, build = result.judgement(Entry.CALL), result.judgement(Entry.BUILD)
    assert call is not None
    assert result.observation is not None
    for verdict in call.findings:
        for signal in _signs(result, result.observation, call, verdict):
            found.setdefault(signal, verdict)
    if call.expected is not None:
        differs = build is not None and build.counted not in {None, call.counted}
        if differs and build is not None:
            found.setdefault(Signal.BUILD, build.headline)
        if found and call.counted is not None:
            found.setdefault(Signal.COUNT, Verdict.TRACKED)
    return list(found.items())


def _signs(result: Result, seen: Observation, call: Judgement, verdict: Verdict) -> Iterator[Signal]:
    called, trained = seen.phases.get("called"), seen.phases.get("trained")
    summary = called.model.summary_total if called and called.model else None
    later = trained.model.summary_total if trained and trained.model else None
    trainable = result.cell.variant.trainable
    about = result.cell.case.about
    known = call.counted is not None and call.expected is not None
    changed = changed_by_step(seen)
    if verdict is Verdict.TRACKED and known:
        yield Signal.COUNT
        if _same_output(seen, "weights") is True:
            yield Signal.WEIGHTS
        if changed == trainable:
            yield Signal.STEP
    elif verdict in {Verdict.UNCOUNTED, Verdict.OVERCOUNTED} and known:
        more = verdict is Verdict.OVERCOUNTED
        for signal, counted in ((Signal.COUNT, call.counted), (Signal.SUMMARY, summary),
                                (Signal.SUMMARY_AFTER_FIT, later)):  # fmt: skip
            if counted is not None and counted != call.expected and (counted > (call.expected or 0)) is more:
                if signal is Signal.COUNT or str(signal).replace(" ", "-") in about:
                    yield signal
        if more and any(one.in_weights > 1 for one in seen.variables):
            yield Signal.LISTED
        cloned = seen.phases.get("cloned")
        copied = cloned.model.count_params if cloned and cloned.model else None
        if "clone" in about and not more and copied is not None and copied < (call.expected or 0):
            yield Signal.CLONE
    elif verdict in {Verdict.UNTRAINED, Verdict.OVERTRAINED}:
        if changed is not None and (changed < trainable) is (verdict is Verdict.UNTRAINED):
            yield Signal.STEP
    elif verdict is Verdict.UNSAVED:
        for signal, kind in ((Signal.WEIGHTS, "weights"), (Signal.CHECKPOINT, "checkpoint"),
                             (Signal.MODEL_FILE, "model")):  # fmt: skip
            asked = signal is Signal.WEIGHTS or str(signal).replace(" ", "-") in about
            if asked and _same_output(seen, kind) is False:
                yield signal
    elif verdict is Verdict.RAISES and raising_phase(result) is not None:
        yield Signal.RAISES


def changed_by_step(seen: Observation) -> int | None:
    """Number of scalars that one step changes; None where that was not measured."""
    floats = [one for one in seen.variables if is_floating(one)]
    if not floats or any(one.changed_by_step is None for one in floats):
        return None
    return sum(size(one) for one in floats if one.changed_by_step)


def raising_phase(result: Result) -> str | None:
    """The first phase whose exception is a finding; ``summary`` where ``summary()`` raised it."""
    seen, case = result.observation, result.cell.case
    assert seen is not None
    for name in (*LOUD, *(phase for word in case.about for phase in _ABOUT.get(word, ()))):
        phase = seen.phases.get(name)
        meant = name == "trained" and result.cell.variant.trainable == 0
        if phase is not None and phase.status == Status.RAISED and not meant:
            return name
    called = seen.phases.get("called")
    if "summary" in case.about and called and called.model and "summary" in called.model.raised:
        return "summary"
    return None


def _same_output(seen: Observation, kind: str) -> bool | None:
    phase = seen.phases.get(f"reloaded-{kind}")
    return phase.same_output if phase is not None else None


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
        kept = "y = " if any("y" in _words(line) for line in lines) else ""
        called = [f"{kept}{self._forward('model')}"]
        if self._weighed:
            called += self._weights_after()
        return [*called, *lines]

    def before(self) -> list[str]:
        """The lines above ``model = ...``."""
        return [] if self.only_made else [f"x = {_data(self.inputs)}"]

    @property
    def watched(self) -> bool:
        """Whether variables have to be noted as they are made, because the model does not list them."""
        return self._weighed and self._unlisted and self.stack.backend is Backend.TENSORFLOW

    @property
    def collected(self) -> bool:
        """Whether they are found among all objects there are."""
        return self._weighed and self._unlisted and self.stack.backend is not Backend.TENSORFLOW

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

    def _weights_after(self) -> list[str]:
        if self.watched:
            return []
        if self.collected:
            return ["weights = [v for v in gc.get_objects() if issubclass(type(v), keras.Variable)]"]
        return ["weights = list(model.weights)"]

    # -- a signal each --------------------------------------------------------------------------

    def _count(self) -> list[str]:
        used, counted = self._call.expected, self._call.counted or 0
        if counted > (used or 0):
            return [f'print("counted", model.count_params(), "parameters, the forward pass uses {used}")']
        said = f'"of the {used} parameters that the forward pass uses"'
        return [f'print("counted", model.count_params(), {said})']

    def _listed(self) -> list[str]:
        return [
            'print("weights lists", len(model.weights), "variables,", '
            'len({id(w) for w in model.weights}), "different ones")'
        ]

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
        more = "tf.cast(0.1, w.dtype)" if self.watched else "0.1"
        return [
            "for w in weights:",
            f"    w.assign(w + {more})",
            f"y = {self._forward('model')}",
            f'model.save_weights("{WEIGHTS}")',
            *self._reloaded_weights(),
            self._same("a new model with the loaded weights", "other"),
        ]

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
        return [
            f'loaded = keras.models.load_model("{self._file}", '
            f"custom_objects={self._custom_objects}, compile=False)"
        ]

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
        return [
            "before = [w.numpy().copy() for w in weights]",
            *self._fit(),
            "changed = sum(b.size for b, w in zip(before, weights) if (b != w.numpy()).any())",
            'print("one step of fit() changed", changed, '
            f'"parameters and should change {self.result.cell.variant.trainable}")',
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
        return [*lines, 'print("no exception")']

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
    if isinstance(inputs, list | tuple):
        return "[" + ", ".join(_data(item) for item in inputs) + "]"
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
