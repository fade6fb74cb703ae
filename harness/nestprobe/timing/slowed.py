"""A subject that is slower by a known factor: a slowdown that a comparison has to find."""

import copy
import time

#: What the clock runs over, by the names of Subject's methods.
TIMED = ("construct", "build", "call", "construct_and_build", "summarise", "step")
#: Those that run the case's own function.
_IN_BODY = ("construct", "construct_and_build")


class Slowed(object):
    """Stands for a subject whose timed calls take ``factor`` times as long as they would have.

    The work is done first and its own time taken; then the process spins, under the same clock, for
    factor - 1 times that. So the slowdown is proportional to that very call, whatever disturbed it, as
    that of a body with more to do would be. What happens before the clock starts is left alone.

    Where the case's own function runs, it is the one that spins, before it returns; the rest of the call
    is made up for after it. Not so the ``build`` and ``call`` of the classes that it defines: Keras reads
    their arguments, on some releases wraps them, and on some translates ``call`` before it is run, so that
    another function in their place is other work; and what Keras does after they return would not be
    slowed, so that the factor would be less than is claimed.
    """

    def __init__(self, subject, factor):
        self._subject = subject
        body = _Body(subject.case, factor)
        with_body = copy.copy(subject)
        with_body.case = body
        for name in TIMED:
            work = getattr(with_body if name in _IN_BODY else subject, name)
            setattr(self, name, _slowed(work, factor, body))

    def __getattr__(self, name):
        return getattr(self._subject, name)


class _Body(object):
    """A case whose function takes ``factor`` times as long; ``spun``: for how long it only did that."""

    def __init__(self, case, factor):
        self._case, self._factor, self.spun = case, factor, 0.0

    def __getattr__(self, name):
        return getattr(self._case, name)

    def make(self, kit, **variant):
        """What the case makes."""
        began = time.perf_counter()
        model = self._case.make(kit, **variant)
        ended = time.perf_counter()
        self.spun += _spin(began + self._factor * (ended - began)) - ended
        return model


def _slowed(work, factor, body):
    def slowed(*arguments):
        body.spun = 0.0
        began = time.perf_counter()
        result = work(*arguments)
        _spin(began + factor * (time.perf_counter() - began - body.spun))
        return result

    return slowed


def _spin(until):
    """Wait, busy; the time when that is over."""
    now = time.perf_counter()
    while now < until:
        now = time.perf_counter()
    return now
