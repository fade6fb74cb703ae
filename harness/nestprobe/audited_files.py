"""Files of a person's own model across stacks: whose values a file brought back, beside the output.

An entry's ``back`` holds pairs of places, each among the floating variables in order of creation: of the
variable in the stack that saved, and of the one that holds its values after loading.
"""

import os
import sys

import numpy

from nestprobe import exchange
from nestprobe.protocol import literals
from nestprobe.protocol.oracle import Watch

#: The values that a stack saved, beside its files.
_VALUES = "values.npz"
#: As the controller tells parameters from counters and seeds.
FLOATING = ("float", "bfloat", "complex")


class Telling(exchange._Exchange):  # noqa: SLF001 - published findings rest on its file as it is
    """The steps of an exchange; each file that was loaded says what came back from it."""

    def _save(self, saver, kind):
        result = super(Telling, self)._save(saver, kind)
        saved = _floating(self._engine, self._instance.watch.variables, self._marked)
        numpy.savez(self._values(saver), **{str(place): value for place, value in saved.items()})
        return result

    def _load(self, saver, kind):
        if kind != "model":
            self._loaded = self._instance.watch
            return super(Telling, self)._load(saver, kind)
        self._loaded = Watch(self._engine)  # a model file makes variables of its own
        with self._loaded.creation("loaded"):
            return super(Telling, self)._load(saver, kind)

    def _step(self, saver, kind):
        entry = super(Telling, self)._step(saver, kind)
        if entry["result"] in (exchange.Result.EQUAL, exchange.Result.DIFFERS):
            try:
                entry["back"] = self._back(saver)
            except Exception as error:  # what the output says stands all the same
                sys.stderr.write("what comes back from the %s of %s: %s\n" % (kind, saver, error))
        return entry

    def _back(self, saver):
        variables = self._loaded.variables
        here = _floating(self._engine, variables, [True] * len(variables))
        found = []
        with numpy.load(self._values(saver)) as saved:
            for name in sorted(saved.files, key=int):
                value = saved[name]
                held = [place for place, one in here.items() if literals.equal(value, one)]
                if held:
                    found.append([int(name), held[0]])
        return found

    def _values(self, saver):
        return os.path.join(exchange.place(self._request["folder"], saver, self._cell), _VALUES)


def _floating(engine, variables, marked):
    """The values of those that are ``marked``, by their places."""
    kept = [
        (one, mark) for one, mark in zip(variables, marked) if literals.dtype_name(one).startswith(FLOATING)
    ]
    found = literals.values(engine, [one for one, _ in kept])
    return {
        place: value
        for place, (value, (_, mark)) in enumerate(zip(found, kept))
        if mark and value is not None
    }
