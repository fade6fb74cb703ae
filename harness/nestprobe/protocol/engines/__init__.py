"""What the protocol needs of a backend, one module each: ``tensorflow``, ``jax``, ``torch``.

And ``symbolic``, for a Keras on TensorFlow that has no eager call.

An engine makes tensors and reads them, notices variables as they are created and read, and knows of
gradients. It sees what happens below Keras; on JAX and torch, where Keras's own variable is the lowest
there is, it sees that class at work, never the lists that layers keep.
"""

import importlib

#: Value of KERAS_BACKEND -> module of the engine.
BACKENDS = ("tensorflow", "jax", "torch")


class Unobservable(RuntimeError):
    """Reads cannot be watched on this release: nothing may be concluded from it."""


def load(backend):
    """The engine of a backend; imports the backend. Raises ImportError where it is not installed."""
    if backend not in BACKENDS:
        raise ImportError("no engine for the backend %r; known: %s" % (backend, ", ".join(BACKENDS)))
    return importlib.import_module("nestprobe.protocol.engines.%s" % backend).Engine()


def suited(engine, keras):
    """``engine``, or the one for a Keras on TensorFlow 2 that calls its layers in a graph of its own."""
    if not hasattr(keras.backend, "symbolic"):  # only multi-backend Keras 2.3 says so of itself
        return engine
    return importlib.import_module("nestprobe.protocol.engines.symbolic").Engine(keras)
