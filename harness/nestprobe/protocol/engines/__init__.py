"""What the protocol needs of a backend, one module each: ``tensorflow``, ``jax``, ``torch``.

An engine makes tensors and reads them, notices variables as they are created and read, and knows of
gradients. It sees what happens below Keras; on JAX and torch, where Keras's own variable is the lowest
there is, it sees that class at work, never the lists that layers keep.
"""

import importlib
from contextlib import contextmanager

#: Value of KERAS_BACKEND -> module of the engine.
BACKENDS = ("tensorflow", "jax", "torch")


class Unobservable(RuntimeError):
    """Reads cannot be watched on this release: nothing may be concluded from it."""


def load(backend):
    """The engine of a backend; imports the backend. Raises ImportError where it is not installed."""
    if backend not in BACKENDS:
        raise ImportError("no engine for the backend %r; known: %s" % (backend, ", ".join(BACKENDS)))
    return importlib.import_module("nestprobe.protocol.engines.%s" % backend).Engine()


@contextmanager
def initialised(cls, note):
    """Call ``note(variable)`` for each variable that the body initialises by ``cls.__init__``."""
    original = cls.__init__

    def created(variable, *args, **kwargs):
        original(variable, *args, **kwargs)
        note(variable)

    cls.__init__ = created
    try:
        yield
    finally:
        cls.__init__ = original
