"""A subject that is slower by a known factor: a slowdown that a comparison has to find."""

import time

#: What the clock runs over, by the names of Subject's methods.
TIMED = ("construct", "build", "call", "construct_and_build", "summarise", "step")


class Slowed(object):
    """Stands for a subject whose timed calls take ``factor`` times as long as they would have.

    The work is done first and its own time taken; then the process spins, under the same clock, for
    factor - 1 times that. So the slowdown is proportional to that very call, whatever disturbed it, as
    that of a body with more to do would be. What happens before the clock starts is left alone.
    """

    def __init__(self, subject, factor):
        self._subject = subject
        for name in TIMED:
            setattr(self, name, _slowed(getattr(subject, name), factor))

    def __getattr__(self, name):
        return getattr(self._subject, name)


def _slowed(work, factor):
    def slowed(*arguments):
        began = time.perf_counter()
        result = work(*arguments)
        until = began + factor * (time.perf_counter() - began)
        while time.perf_counter() < until:
            pass
        return result

    return slowed
