"""The variables of an instance as the backend sees them, without asking Keras what it tracks.

A variable is *seen* when it is created and *used* when the forward pass reads it; the engine of the
backend notices both.
"""

from contextlib import contextmanager

from nestprobe.protocol.engines import Unobservable


class Watch(object):
    """The variables created while it is open, in order, with the phase that made them."""

    def __init__(self, engine):
        self._engine = engine
        self.variables = []
        self.phases = []
        self._keys = {}

    def index(self, variable):
        """Position of a variable (raw or Keras's own) in creation order; None if not seen."""
        return self._keys.get(id(self._engine.raw(variable)))

    @contextmanager
    def creation(self, phase):
        """Note each variable created in the body as made in ``phase``."""

        def note(variable):
            inner = self._engine.raw(variable)
            if id(inner) not in self._keys:
                self._keys[id(inner)] = len(self.variables)
                self.variables.append(inner)  # kept alive, so that an id is never used twice
                self.phases.append(phase)

        with self._engine.creation(note):
            yield self

    @contextmanager
    def reads(self):
        """Yield a set that fills with the positions of the seen variables which the body reads."""
        found = set()

        def note(variable):
            position = self.index(variable)
            if position is not None:
                found.add(position)

        with self._engine.reads(self.variables, note):
            yield found


def verify(engine):
    """Raise Unobservable unless a read of a non-trainable variable is noticed, and only that."""
    for make, read in engine.probes():
        watch = Watch(engine)
        with watch.creation("check"):
            variable = make(False)
            make(True)
        with watch.reads() as found:
            read(variable)
        if found != {0} or len(watch.variables) != 2 or variable.trainable:  # noqa: PLR2004 - made above
            raise Unobservable("reads are not seen as they happen: %r" % sorted(found))
