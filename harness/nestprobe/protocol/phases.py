"""Follows one case variant through the phases and collects what each of them shows.

Two instances are observed: one is given ``build(shape)`` and nothing else, the other is called, saved,
reloaded into fresh ones, cloned and trained. A phase that raises ends itself and those that need what it
makes; the others go on.
"""

import gc
import os
import traceback
from dataclasses import replace

from nestprobe.observation import (
    Observation,
    Outcome,
    OutcomeKind,
    PhaseRecord,
    Status,
)
from nestprobe.protocol import literals, weightfiles
from nestprobe.protocol.calls import CallCount
from nestprobe.protocol.instance import Instance, case_classes
from nestprobe.protocol.ledger import Ledger
from nestprobe.protocol.messages import clean, raised, recorded
from nestprobe.protocol.modelrecord import read_model
from nestprobe.protocol.oracle import Watch
from nestprobe.vocabulary import NotApplicable

_FILES = ("weights", "model", "checkpoint")


class Skip(Exception):
    """A phase that cannot be tried; its text is the reason."""


class Protocol(object):
    """The phases of one case variant.

    ``report`` is called with the Observation so far, before each phase and at the end, so that a
    process that dies leaves what it had seen.
    """

    def __init__(self, case, variant, kit, scratch, report):
        self._case, self._variant, self._kit = case, variant, kit
        self._engine, self._keras = kit.engine, kit.keras
        self._scratch, self._report = scratch, report
        self._phases = {}
        self._main = None  # the instance that is called
        self._ledger = None  # what is known of its variables
        self._fresh = None  # the one that saved values are loaded into
        self._classes = {}
        self._targets = None
        self._marked = ()  # which variables are given a fingerprint
        self._arrays = {}  # what each saved file must give back: values, and the output
        self._outcome = Outcome(OutcomeKind.OBSERVED)

    def run(self):
        """The whole Observation."""
        gc.disable()  # a collection in mid-build would change the count of calls
        try:
            self._check_needs()
            self._phase("built", self._built)
            self._phase("constructed", self._constructed)
            self._phase("called", self._called)
            self._phase("called-in-training", self._called_in_training)
            for kind in _FILES:
                self._phase("saved-" + kind, lambda kind=kind: self._saved(kind))
            for kind in _FILES:
                self._phase("reloaded-" + kind, lambda kind=kind: self._reloaded(kind))
            self._phase("cloned", self._cloned)
            # Last: an optimizer of Keras 3 lists the model's variables as its own, and a checkpoint
            # would then hold, under its name, what the model alone does not save.
            self._phase("trained", self._trained)
        except NotApplicable as reason:
            self._phases = {}
            self._ledger = None
            self._outcome = Outcome(OutcomeKind.NOT_APPLICABLE, clean(reason))
        finally:
            gc.enable()
        observation = self.observation()
        self._report(observation, None)
        return observation

    def observation(self):
        """What is known so far."""
        return Observation(
            case=self._case.id,
            variant=dict(self._variant),
            outcome=self._outcome,
            phases=dict(self._phases),
            variables=self._ledger.records() if self._ledger is not None else [],
        )

    def _check_needs(self):
        if "tensorflow" in self._case.needs:
            self._kit.tf  # noqa: B018 - raises NotApplicable where there is none

    # -- how a phase is run ---------------------------------------------------------------------

    def _phase(self, name, body):
        self._report(self.observation(), name)
        warnings = []
        fields = {}
        try:
            with recorded(warnings):
                fields = body() or {}
            record = PhaseRecord(status=Status.DONE)
        except NotApplicable:
            raise
        except Skip as reason:
            record = PhaseRecord(status=Status.SKIPPED, reason=str(reason))
        except BaseException as error:  # SystemExit and KeyboardInterrupt of a case are its own
            fields = getattr(error, "nestprobe_fields", {})
            record = PhaseRecord(status=Status.RAISED, raised=raised(error))
            # The frames of a deep recursion would keep every layer alive through the next phase.
            traceback.clear_frames(error.__traceback__)
        self._phases[name] = replace(record, warnings=warnings, **fields)

    def _need(self, name):
        record = self._phases.get(name)
        if record is None or record.status != Status.DONE:
            raise Skip("%s did not succeed" % name)

    # -- phases ---------------------------------------------------------------------------------

    def _counted(self, instance, function):
        """Run the first build of an instance; its counts are reported also where it raises."""
        count = CallCount()

        def counts():
            return {
                # A lower bound is no count.
                "python_calls": None if count.lost else count.python_calls,
                "user_calls": None if count.lost else count.user_calls,
                "variables_created": len(instance.watch.variables),
            }

        try:
            count.run(function)
        except BaseException as error:
            error.nestprobe_fields = counts()
            raise
        return dict(counts(), model=read_model(instance.model))

    def _built(self):
        instance = Instance(self._case, self._variant, self._kit)
        return self._counted(instance, instance.build)

    def _constructed(self):
        self._main = Instance(self._case, self._variant, self._kit)
        self._ledger = Ledger(self._main.watch)
        self._classes = case_classes(self._keras)
        return {
            "model": read_model(self._main.model),
            "variables_created": len(self._main.watch.variables),
        }

    def _called(self):
        self._need("constructed")
        main = self._main
        fields = self._counted(main, lambda: main.call("called"))
        # The second call is the steady one: what the first reads while it builds proves nothing.
        with main.watch.reads() as found:
            main.call("called")
        self._ledger.inference = found
        self._ledger.note_lists(main.model)
        return fields

    def _called_in_training(self):
        self._need("called")
        main = self._main
        literals.set_gentle(main.watch.variables, self._ledger.marked())
        with main.watch.reads() as found:
            output, reached = self._engine.gradients(main.call_in_training, main.watch.variables)
        self._ledger.training = found
        self._ledger.note_lists(main.model)
        # Asked only now: while its reads are watched each variable calls itself trainable.
        self._ledger.note("gradient", reached())
        self._targets = self._engine.zeros_like(output)

    def _trained(self):
        self._need("called-in-training")
        main = self._main
        self._ledger.close()
        variables = self._ledger.variables()
        literals.set_gentle(variables, self._ledger.marked())
        before = literals.values(self._engine, variables)
        main.model.compile(optimizer=self._keras.optimizers.SGD(0.5), loss="mse")
        examples = int(self._engine.flatten(main.data)[0].shape[0])
        with main.watch.creation("trained"):
            main.model.fit(main.data, self._targets, batch_size=examples, epochs=1, shuffle=False, verbose=0)
        after = literals.values(self._engine, variables)
        self._ledger.note(
            "changed",
            [
                None if old is None or new is None else not literals.equal(old, new)
                for old, new in zip(before, after)
            ],
        )
        return {"model": read_model(main.model)}

    def _saved(self, kind):
        self._need("called")
        if kind == "checkpoint" and not self._engine.checkpoints:
            raise Skip("tf.train.Checkpoint is TensorFlow's; Keras computes with %s" % self._engine.name)
        main = self._main
        variables = self._ledger.variables()
        if not self._arrays:
            self._marked = self._ledger.marked()
            literals.set_fingerprints(variables, self._marked, 0)
            # What holds no fingerprint, no file can be searched for.
            self._arrays["values"] = [
                value if marked else None
                for marked, value in zip(self._marked, literals.values(self._engine, variables))
            ]
            self._arrays["output"] = main.output()
        # A folder each: Keras 3.4 writes a model file by way of a model.weights.h5 beside it.
        folder = os.path.join(self._scratch, kind)
        os.makedirs(folder)
        if kind == "checkpoint":
            self._arrays[kind] = self._engine.write_checkpoint(main.model, folder)
            arrays = self._engine.arrays_in_checkpoint(self._arrays[kind])
        else:
            name = "model.weights.h5"
            if kind == "model":
                name = weightfiles.model_file_name(self._keras)
            path = os.path.join(folder, name)
            save = main.model.save_weights if kind == "weights" else main.model.save
            save(path)
            self._arrays[kind] = path
            arrays = weightfiles.arrays_in(path)
        self._ledger.note("in-" + kind, self._found_in(arrays))

    def _found_in(self, arrays):
        return [
            None if value is None else weightfiles.holds(arrays, value) for value in self._arrays["values"]
        ]

    def _reloaded(self, kind):
        self._need("saved-" + kind)
        if kind == "model":
            target, watch = self._loaded_model()
        else:
            target, watch = self._loaded_weights(kind)
        now = literals.values(self._engine, watch.variables)
        self._ledger.note("back-" + kind, self._found_in(now))
        output = self._engine.flatten(self._engine.call(target, self._main.data))
        output = [self._engine.array(part) for part in output]
        return {"same_output": literals.close(self._arrays["output"], output)}

    def _loaded_weights(self, kind):
        if self._fresh is None:
            fresh = Instance(self._case, self._variant, self._kit)
            fresh.call("called")
            self._fresh = fresh
        fresh = self._fresh
        literals.set_fingerprints(fresh.watch.variables, self._marked, 1)
        if kind == "weights":
            fresh.model.load_weights(self._arrays[kind])
        else:
            self._engine.read_checkpoint(fresh.model, self._arrays[kind])
        return fresh.model, fresh.watch

    def _loaded_model(self):
        watch = Watch(self._engine)
        with watch.creation("reloaded-model"):
            loaded = self._keras.models.load_model(
                self._arrays["model"], custom_objects=self._classes, compile=False
            )
            self._engine.call(loaded, self._main.data)
        return loaded, watch

    def _cloned(self):
        self._need("called")
        model = self._main.model
        config = model.get_config()
        with self._keras.utils.custom_object_scope(self._classes):
            clone = type(model).from_config(config)
            self._engine.call(clone, self._main.data)
        return {"model": read_model(clone)}
