"""A case variant under the clock: what is made before the clock starts, and what runs while it does.

What is timed waits for the device before it returns.
"""

from nestprobe import device
from nestprobe.protocol.instance import reset_names
from nestprobe.protocol.literals import input_data, input_shape

#: What is measured, in this order; see the test of that name in ``measures.py``.
MEASURES = ("construct", "build", "first-call", "steady-build", "summary", "first-step")


class Subject(object):
    """The models of one case variant, made one after the other in one process.

    ``label``: name of the cell. Each ``ready_...`` is what happens before the clock starts and returns
    the arguments of the method that is timed; pytest-benchmark takes it as ``setup``.
    """

    def __init__(self, case, variant, kit, label):
        self.case, self.label = case, label
        self._variant, self._kit, self._engine = variant, kit, kit.engine
        self._called = None  # the last model whose call came to its end
        if "tensorflow" in case.needs:
            kit.tf  # noqa: B018 - raises NotApplicable where there is none

    def warm_up(self):
        """What every first model of a process pays for, whatever the case: done once, not timed."""
        kit = self._kit
        model = kit.Sequential([kit.layers.Dense(2)])
        self._engine.call(model, self._engine.tensor(_ones((2, 3))))
        kit.keras.optimizers.SGD(0.5)
        input_data(self.case.inputs, self._engine.tensor)

    def ready_construct(self):
        """Names start again, as in a new process."""
        reset_names(self._kit.keras)
        return (), {}

    def construct(self):
        """Run the case's function."""
        model = self.case.make(self._kit, **self._variant)
        device.synchronise(self._kit)
        return model

    def ready_build(self):
        """A model that was constructed and no more."""
        self.ready_construct()
        return (self.construct(),), {}

    def build(self, model):
        """``model.build(shape)``, the batch axis free."""
        model.build(input_shape(self.case.inputs))
        device.synchronise(self._kit)

    def ready_call(self):
        """A model that was constructed and no more, and its data."""
        (model,), _ = self.ready_build()
        return (model, input_data(self.case.inputs, self._engine.tensor)), {}

    def call(self, model, data):
        """``model(data)``: what is not built yet is built."""
        output = self._engine.call(model, data)
        device.synchronise(self._kit)
        self._called = model
        return output

    def construct_and_build(self):
        """Both, once more in a process in which both have been done."""
        self.build(self.construct())

    def ready_summary(self):
        """The model that the first call built; where none was called, one that is made and called now."""
        if self._called is None:
            arguments, _ = self.ready_call()
            self.call(*arguments)
        return (self._called,), {}

    def summarise(self, model):
        """``summary()``, the lines thrown away."""
        model.summary(print_fn=lambda *_, **__: None)

    def ready_step(self):
        """A model that was called and compiled, with literal targets."""
        (model, data), _ = self.ready_call()
        output = self.call(model, data)
        model.compile(optimizer=self._kit.keras.optimizers.SGD(0.5), loss="mse")
        return (model, data, self._engine.zeros_like(output)), {}

    def step(self, model, data, targets):
        """``fit`` on one batch: what ``fit`` makes at its first step is made."""
        examples = int(self._engine.flatten(data)[0].shape[0])
        model.fit(data, targets, batch_size=examples, epochs=1, shuffle=False, verbose=0)
        device.synchronise(self._kit)


def _ones(shape):
    import numpy

    return numpy.ones(shape, "float32")
