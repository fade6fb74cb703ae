"""A person's own model as a case: observed, exchanged and timed as any other, by the same protocol.

Its case file is written by the controller and holds ``__cases__ = [declare(__file__)]``; a JSON file
beside it says what to load, as ``nestprobe.subject`` reads it, with ``signature`` beside: a function that
returns a batched dataset or its ``element_spec``, for what the model is called with.
"""

import json
import os
import sys
import time
from collections import OrderedDict

from nestprobe import batch, subject
from nestprobe.casefiles import MODULE_PREFIX
from nestprobe.cell import Cell, find_case
from nestprobe.child import Child, Limits
from nestprobe.observation import to_data
from nestprobe.vocabulary import Case

#: Kinds of SubjectError by the name under which an observation tells them; the controller knows these.
_NAMES = {
    "request": "BadRequest",
    "missing": "Missing",
    "arguments": "WrongArguments",
    "no-model": "NotAModel",
    "no-inputs": "NoInputs",
}


def declare(path):
    """The case of the JSON file that lies beside the case file ``path``; the model is not loaded yet."""
    with open(os.path.splitext(path)[0] + ".json") as stream:
        data = json.load(stream)
    _take_any_inputs()
    _tell_what_comes_back()
    return Audited(data)


class Audited(Case):
    """The model of a request. What its forward pass reads is not known beforehand, so it has no counts."""

    def __init__(self, data):
        signature = data.pop("signature", "")
        self._request, self._signature = subject.read(data), signature
        self._factory, self._returned = None, None
        self.id, self.group = "model", "audit"
        self.doc = self.symptom = self._request.factory
        self.variants = OrderedDict()
        self.sources = self.needs = self.about = self.sizes = ()
        self.growing = None
        self.inputs = _Inputs(self)

    def make(self, k):
        """The model, made anew. Raises what the factory raises, or an exception named after what is wrong."""
        try:
            request = self._request
            if self._factory is None:  # once a process: a file that is run twice registers its classes twice
                self._factory = subject.find(request.factory, request.path)
            model, self._returned = subject.make(
                self._factory, request.arguments, k.Model, request.factory.rpartition(os.sep)[2]
            )
        except subject.SubjectError as error:
            raise _plain(error)  # noqa: B904 - the cause is told in its place
        _adopt_classes(k.keras)
        return model

    def data(self, engine):
        """What the model is called with: the same numbers on every stack, where the factory gives none."""
        try:
            if self._request.inputs:
                return batch.arrays(self._request.inputs, engine)
            if self._signature:
                made = subject.find(self._signature, self._request.path)
                made = made() if callable(made) else made
                return batch.arrays(_first(getattr(made, "element_spec", made)), engine)
            return batch.arrays(self._returned, engine)
        except subject.SubjectError as error:
            raise _plain(error)  # noqa: B904 - as above


class _Inputs(object):
    """Stands where a case of the catalogue has its ``Tensor``. ``shapes``: of what was made last."""

    def __init__(self, case):
        self._case, self.shapes = case, None

    def data(self, engine):
        """Tensors in the structure that the model takes."""
        made = self._case.data(engine)
        self.shapes = batch.shapes(made, engine)
        return made


def _first(element):
    """The inputs of an element ``(x, y)`` or ``(x, y, weights)``; one that is no tuple is all inputs."""
    return element[0] if isinstance(element, tuple) and len(element) in (2, 3) else element


def _plain(error):
    """The exception that the factory raised, or one whose name says what is wrong with the request."""
    if error.kind == "raised" and error.__cause__ is not None:
        return error.__cause__
    return type(_NAMES.get(error.kind, "BadRequest"), (Exception,), {})(error.what)


def _take_any_inputs():
    """Have the protocol and the clock call the model with dicts, strings, and what a factory returns.

    They make a case's literal inputs with two functions, under names of their own; both stay as they are
    for any other case.
    """
    from nestprobe.protocol import instance, literals
    from nestprobe.timing import subject as timed

    def input_data(spec, tensor):
        return spec.data(tensor.__self__) if isinstance(spec, _Inputs) else literals.input_data(spec, tensor)

    def input_shape(spec):
        return spec.shapes if isinstance(spec, _Inputs) else literals.input_shape(spec)

    for module in (instance, timed):
        module.input_data, module.input_shape = input_data, input_shape


def _tell_what_comes_back():
    """Have an exchange of files say whose values a file brought back, where this process does one.

    No case of the catalogue is loaded in a process that an audit has asked.
    """
    exchange = sys.modules.get("nestprobe.exchange")
    if exchange is not None:
        from nestprobe.audited_files import Telling

        exchange._Exchange = Telling  # noqa: SLF001 - published findings rest on its file as it is


def _adopt_classes(keras):
    """Take the classes of the person's code for those of a case: they are told by their module.

    Calls are counted by them, and a model file is loaded with them.
    """
    from nestprobe.protocol import calls, instance

    mine, open_ = {MODULE_PREFIX}, [keras.layers.Layer]
    keras_own = keras.layers.Layer.__module__.split(".")[0]
    while open_:
        for cls in open_.pop().__subclasses__():
            open_.append(cls)
            if cls.__module__.split(".")[0] not in ("tensorflow", "keras", "tf_keras", keras_own):
                mine.add(cls.__module__)
    for module in (calls, instance):
        module.MODULE_PREFIX = tuple(sorted(mine))  # str.startswith takes a tuple


# -- what no observation holds: the list of weights, and why something is lost ------------------------


def list_weights(path):
    """Answer the request in the JSON file ``path``: its model's weights, and what the doctor finds.

    Returns the exit status.
    """
    from nestprobe.backend import Backend

    with open(path) as stream:
        request = json.load(stream)
    kit = Backend().kit
    folder = os.path.join(request["scratch"], "cell")
    os.makedirs(folder)
    cell = Cell(request["file"], request["case"], {})
    child = Child(cell, folder, Limits(**request["limits"]), _look)
    child.start(kit)
    answer = child.poll()
    while answer is None:
        time.sleep(0.01)
        answer = child.poll()
    child.close()
    partial = request["result"] + ".part"
    with open(partial, "w") as stream:
        json.dump(answer, stream)
    os.replace(partial, request["result"])
    sys.stderr.flush()
    os._exit(0)  # as the server: a backend's own shutdown can hang


def _look(cell, kit, _scratch, path):
    """In a child: what is known is kept before the doctor looks, whatever becomes of that."""
    from nestprobe.protocol.messages import raised

    found = {}
    for phase, part in (("weights", _weights), ("doctor", _doctor), (None, None)):
        with open(path + ".part", "w") as stream:
            json.dump({"phase": phase, "observation": found, "seconds": 0.0}, stream)
        os.replace(path + ".part", path)
        if part is None:
            return
        try:
            found.update(part(find_case(cell), kit))
        except Exception as error:
            found.setdefault("errors", {})[phase] = to_data(raised(error))


def _weights(case, kit):
    """``model.weights``; ``floating``: places among the floating variables in order of creation."""
    from nestprobe.audited_files import FLOATING
    from nestprobe.protocol.instance import Instance
    from nestprobe.protocol.literals import dtype_name
    from nestprobe.protocol.messages import clean

    instance = Instance(case, {}, kit)
    instance.call("called")
    seen = [n for n, one in enumerate(instance.watch.variables) if dtype_name(one).startswith(FLOATING)]
    positions = {position: place for place, position in enumerate(seen)}
    return {
        "weights": [
            {
                "floating": positions.get(instance.watch.index(variable)),
                "name": clean(variable.name),
                "path": clean(getattr(variable, "path", None) or ""),
                "shape": [int(size) for size in variable.shape],
                "dtype": dtype_name(variable),
                "trainable": bool(variable.trainable),
            }
            for variable in instance.model.weights
        ]
    }


def _doctor(case, kit):
    """The doctor's findings; ``variables`` are places in ``examined``, in the order of creation."""
    from nestprobe.doctor.examination import Examination
    from nestprobe.doctor.judge import judge
    from nestprobe.protocol.messages import clean

    def make():
        model = case.make(kit)
        return model, case.data(kit.engine)

    facts = Examination(kit.engine, make=make).run()
    diagnosis = judge(facts)
    places = {}  # as a finding names its variables: place or name, and shape
    for position, one in enumerate(facts.variables):
        where = one.node.place if one.node is not None else one.name
        places.setdefault("%s %r" % (where, tuple(one.shape)), []).append(position)
    return {
        "examined": [
            {
                "name": clean(one.name),
                "shape": list(one.shape),
                "place": one.node.place if one.node is not None else "",
            }
            for one in facts.variables
        ],
        "findings": [
            {
                "rule": one.rule,
                "kind": one.kind,
                "place": one.place,
                "line": clean(one.line),
                "said": clean(one.said),
                "mend": one.mend,
                "variables": [position for shown in one.variables for position in places.get(shown, ())],
            }
            for one in diagnosis.findings
        ],
        "unseen": [
            {"what": one.what, "why": clean(one.why)} for one in diagnosis.unseen if not one.by_design
        ],
    }
