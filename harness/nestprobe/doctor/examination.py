"""Looks at one model as the protocol does: made, called, trained, saved, loaded; and keeps what it saw."""

import contextlib
import os

import numpy

from nestprobe import batch, subject, temporary
from nestprobe.doctor import checkpoint, gradients, ground
from nestprobe.doctor.facts import AGAIN, CALLED, MADE, TRAINING, Facts, Failure, Unseen
from nestprobe.doctor.graph import Graph
from nestprobe.doctor.recording import Notes, foreign_parameters, records
from nestprobe.doctor.sightings import Sightings
from nestprobe.protocol import literals, oracle, weightfiles
from nestprobe.protocol.instance import reset_names
from nestprobe.protocol.messages import recorded


class Examination(object):
    """``make()`` returns (model, inputs or None); None where ``model`` is there already.

    ``inputs``: what ``batch.arrays`` takes, or None where ``make`` gives them. ``fit``: whether an
    optimizer step is tried; only ever on a model that was made for it.
    """

    def __init__(self, engine, make=None, model=None, inputs=None, fit=True):
        self._engine, self._make, self._inputs = engine, make, inputs
        self._fit = fit and make is not None
        self.facts = Facts(kit=None, model=model)
        self._notes = Notes()
        self._kept = []  # values of a model that is there already, as its variables were first seen

    def run(self):
        """The Facts. Raises SubjectError where no model comes to be, NoGround, Unobservable."""
        facts = self.facts
        self._begin()
        if self._make is None:
            self._take()
        elif not (self._phase(MADE, self._made) and self._phase(MADE, self._made_of_another)):
            return self._done()
        facts.kit = ground.kit(self._engine, facts.model)
        self._data = batch.arrays(self._inputs, self._engine)
        with self._values_kept():
            called = self._phase(CALLED, self._called)
            if called:
                self._watch_training()
                # Before another one is made: a global variable may be that one's by then.
                facts.graph = self._graph()
                with temporary.folder() as folder:
                    self._phase("gradient", self._gradients)
                    self._files(folder)
        if called and self._make is not None:
            self._build_alone()
            if self._fit:
                self._phase("trained", self._trained)
        self._say_what_was_left_out()
        return self._done() if facts.model is not None else facts

    # -- steps -----------------------------------------------------------------------------------

    def _begin(self):
        facts = self.facts
        facts.kit = ground.kit(self._engine, facts.model)
        self._engine = facts.kit.engine
        oracle.verify(self._engine)
        facts.watch = Sightings(self._engine, ground.layer_classes(self._engine))

    def _take(self):
        """A model that is there already: what it holds, and all that its call reads."""
        with contextlib.suppress(Exception):  # said to be so where it is read below
            self.facts.watch.admit(self.facts.model.variables)

    def _made(self):
        facts = self.facts
        reset_names(facts.kit.keras)
        with facts.watch.construction():
            facts.model, inputs = self._make()
        if self._inputs is None:
            self._inputs = inputs

    def _made_of_another(self):
        """Once more, where only the model tells that it is of a Keras with an engine of its own."""
        if type(ground.kit(self._engine, self.facts.model).engine) is not type(self._engine):
            self._begin()
            self._made()

    def _call(self, model=None, **arguments):
        return self._engine.call(model if model is not None else self.facts.model, self._data, **arguments)

    def _called(self):
        facts = self.facts
        with facts.watch.creation(CALLED):
            self._call()
        if self._make is None:
            self._admit_the_rest()
        self._keep_values()
        with facts.watch.creation(AGAIN), facts.watch.reads() as found:
            self._call()
        self._notes.reads["inference"] = found
        self._notes.lists["early"] = self._listed("weights")
        with contextlib.suppress(Exception):  # counts are told where there are any
            facts.counted = int(facts.model.count_params())

    def _admit_the_rest(self):
        facts = self.facts
        graph = self._graph()
        facts.watch.admit([node.item for node in graph.variables()])
        facts.watch.admit_what_is_read(self._call)

    def _watch_training(self):
        """A call in training; where the model refuses, what only training reads is not known."""
        facts = self.facts
        before = len(facts.watch.variables)

        def call():
            with facts.watch.creation(TRAINING), facts.watch.reads() as found:
                self._training_output = self._call_in_training()
            self._notes.reads["training"] = found

        if self._phase(TRAINING, call) and len(facts.watch.variables) > before:
            # What was made by then was not listened to from its first read on.
            self._phase(TRAINING, call)
        self._keep_values()
        self._notes.lists["weights"] = self._listed("weights")
        self._notes.lists["trainable"] = self._listed("trainable_weights")

    def _call_in_training(self):
        model = self.facts.model
        code = getattr(model.call, "__code__", None)
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
        return self._call(**({"training": True} if "training" in names else {}))

    @contextlib.contextmanager
    def _values_kept(self):
        """The values of a model that is not ours are put back."""
        self._keep_values()
        try:
            yield
        finally:
            for variable, value in zip(self.facts.watch.variables, self._kept):
                if value is not None and numpy.asarray(value).dtype != object:
                    variable.assign(value)

    def _keep_values(self):
        """Of the variables seen since it was last asked, and before anything is written to them."""
        if self._make is None:
            new = self.facts.watch.variables[len(self._kept) :]
            self._kept += literals.values(self._engine, new)

    def _gradients(self):
        variables = self.facts.watch.variables
        literals.set_gentle(variables, self._marked())
        self._notes.flags["gradient"] = gradients.reached(self._engine, self._call_in_training, variables)

    def _marked(self):
        inference, training = self._notes.reads["inference"], self._notes.reads.get("training") or set()
        listed = self._notes.lists.get("weights", {})
        return [
            literals.is_float(variable) and (place in inference or place in training or place in listed)
            for place, variable in enumerate(self.facts.watch.variables)
        ]

    def _files(self, folder):
        """Into the weights file, and back: into a model made anew, or this one where there is no other.

        A TF checkpoint, too; it is read back into a model made anew alone.
        """
        facts, engine = self.facts, self._engine
        variables = list(facts.watch.variables)
        marked = self._marked()
        wanted, output, prefix, fresh = [], [], [], []
        path = os.path.join(folder, "model.weights.h5")

        def mark():
            literals.set_fingerprints(variables, marked, 0)
            wanted.extend(v if m else None for m, v in zip(marked, literals.values(engine, variables)))
            output.extend(self._arrays(self._call()))

        def found_in(arrays):
            return [None if value is None else weightfiles.holds(arrays, value) for value in wanted]

        def save():
            facts.model.save_weights(path)
            self._notes.flags["in_file"] = found_in(weightfiles.arrays_in(path))

        def write():
            prefix.append(engine.write_checkpoint(facts.model, folder))
            self._notes.flags["in_checkpoint"] = found_in(checkpoint.arrays(engine, prefix[0]))

        def back(fill):
            model, watch = fresh
            others = list(watch.variables)
            literals.set_fingerprints(others, marked, 1)
            fill(model)
            now = literals.values(engine, others)
            with facts.watch.reads() as shared:
                again = self._arrays(self._call(model))
            # What the new model did not make itself came back to nowhere: that is not asked then.
            shared = shared if model is not facts.model else ()
            found = [None if place in shared else one for place, one in enumerate(found_in(now))]
            return now, found, _same(output, again)

        def load():
            fresh.extend(self._fresh())
            now, self._notes.flags["restored"], facts.same_output = back(
                lambda model: model.load_weights(path)
            )
            self._notes.flags["misplaced"] = [
                value is not None and place < len(now) and not literals.equal(value, now[place])
                for place, value in enumerate(wanted)
            ]

        def read():
            _, self._notes.flags["back_from_checkpoint"], facts.same_output_of_checkpoint = back(
                lambda model: engine.read_checkpoint(model, prefix[0])
            )

        if not (self._phase("called-with-other-weights", mark) and self._phase("saved-weights", save)):
            return
        # Now: where no other model can be made, the file is loaded into this one.
        written = checkpoint.can_be_tried(engine) and self._phase(checkpoint.WRITTEN, write)
        if self._phase("reloaded-weights", load) and written and self._make is not None:
            self._phase(checkpoint.READ, read)

    def _fresh(self):
        if self._make is None:
            return self.facts.model, self.facts.watch
        reset_names(self.facts.kit.keras)
        watch = oracle.Watch(self._engine)
        with watch.creation(MADE):
            model, _ = self._make()
        with watch.creation(CALLED):
            self._call(model)
        return model, watch

    def _arrays(self, output):
        return [self._engine.array(part) for part in self._engine.flatten(output)]

    def _build_alone(self):
        """What ``build(shape)`` leaves, on a third one; that it is refused is no news."""
        facts = self.facts
        try:
            with recorded([]):
                model, _ = self._make()
                model.build(batch.shapes(self._data, self._engine))
                facts.counted_by_build = int(model.count_params())
                graph = self._graph(model)
                facts.unbuilt_by_build = [
                    node.place for node in graph.layers if not getattr(node.item, "built", True)
                ]
        except Exception:
            facts.counted_by_build = None

    def _trained(self):
        facts, engine = self.facts, self._engine
        variables = list(facts.watch.variables)
        literals.set_gentle(variables, self._marked())
        before = literals.values(engine, variables)
        flags = [(node.item, bool(node.item.trainable)) for node in facts.graph.layers]
        model = facts.model
        model.compile(optimizer=facts.kit.keras.optimizers.SGD(0.5), loss="mse")
        facts.flags = {id(layer): (flag, bool(layer.trainable)) for layer, flag in flags}
        examples = int(engine.flatten(self._data)[0].shape[0])
        targets = engine.zeros_like(self._training_output)
        with facts.watch.creation("trained"):
            model.fit(self._data, targets, batch_size=examples, epochs=1, shuffle=False, verbose=0)
        after = literals.values(engine, variables)
        self._notes.flags["changed"] = [
            None if old is None or new is None else not literals.equal(old, new)
            for old, new in zip(before, after)
        ]
        facts.fitted = True

    # -- what is made of it ----------------------------------------------------------------------

    def _phase(self, name, body):
        """Run one; whether it succeeded. A SubjectError of the factory's making is passed on as it is."""
        try:
            with recorded([]):
                body()
        except subject.SubjectError as error:
            if error.kind != "raised" or error.__cause__ is None:
                raise
            self._failed(name, error.__cause__)
            return False
        except Exception as error:
            self._failed(name, error)
            return False
        return True

    def _failed(self, name, error):
        self.facts.failures[name] = Failure.of(name, error)

    def _listed(self, attribute):
        counts = {}
        try:
            for variable in getattr(self.facts.model, attribute):
                place = self.facts.watch.index(variable)
                counts[place] = counts.get(place, 0) + 1
        except Exception as error:
            self.facts.unseen.append(
                Unseen("model.%s" % attribute, "it raised %s: %s" % (type(error).__name__, error))
            )
        return counts

    def _graph(self, model=None):
        return Graph(model if model is not None else self.facts.model, ground.is_layer, self._engine)

    def _say_what_was_left_out(self):
        unseen = self.facts.unseen
        if self._make is None:
            again = "Give diagnose() the function that makes the model."
            unseen.append(
                Unseen("an optimizer step", "it would change a model that is in use", again, by_design=True)
            )
            unseen.append(
                Unseen("loading into a new model", "there is no way to make one", again, by_design=True)
            )
        elif not self._fit:
            unseen.append(Unseen("an optimizer step", "it was not asked for", by_design=True))
        for name in foreign_parameters(self.facts):
            why = "it is torch's own: on torch only variables of Keras are watched"
            unseen.append(Unseen("the parameter %s" % name, why, "Wrap it with TorchModuleWrapper."))
        if None in self._notes.lists.get("weights", {}):
            unseen.append(
                Unseen(
                    "a weight that the model lists",
                    "it was made before the doctor looked, and by no code that could be watched",
                    "Make the whole model in the factory.",
                )
            )

    def _done(self):
        facts = self.facts
        if facts.model is None:
            return facts
        if facts.graph is None:
            facts.graph = self._graph()
        if not facts.graph.complete:
            facts.unseen.append(Unseen("the whole object graph", "it has too many objects"))
        facts.variables = records(facts, self._notes)
        return facts


def _same(left, right):
    return len(left) == len(right) and all(
        one.shape == two.shape and bool(numpy.allclose(one, two, rtol=1e-5, atol=1e-6))
        for one, two in zip(left, right)
        if one.dtype.kind in "fiub"
    )
