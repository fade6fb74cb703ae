"""Imports the environment's backend and Keras, and says what was imported.

Two variables of the environment choose: ``KERAS_BACKEND`` (tensorflow, jax, torch) and
``NESTPROBE_KERAS``, the module that cases are handed: ``tf.keras``, ``keras`` or ``tf_keras``.
"""

import importlib
import os
import platform
import sys
import time

from nestprobe.kit import Kit, keras_version

MODULES = ("tf.keras", "keras", "tf_keras")

#: Loaded before the first fork, so that no child pays for them again; none of them runs an op.
_PRELOADED = ("h5py", "numpy", "nestprobe.protocol.oracle", "nestprobe.protocol.phases")


class Backend(object):
    """A backend and its Keras, imported and not used yet.

    Attributes:
        kit: what cases are handed. versions: name to version, as imported. flavour: which Keras it
        is. threads: number of threads of this process after the import, None where unknown.
        import_seconds: wall time of the import.
    """

    def __init__(self):
        started = time.perf_counter()
        from nestprobe.protocol import engines

        engine = engines.load(os.environ.get("KERAS_BACKEND") or "tensorflow")
        keras = _keras(engine)
        engine, kit = suited(engine, keras)
        keras.layers.Layer, keras.Model, keras.Sequential, keras.optimizers.SGD  # noqa: B018 - load what is lazy
        keras.models.load_model, keras.utils.custom_object_scope  # noqa: B018 - as above
        for name in _PRELOADED + engine.preloaded:
            importlib.import_module(name)
        self.kit = kit(engine, keras)
        self.flavour = _flavour(keras)
        self.versions = _versions(engine, keras)
        self.threads = thread_count()
        self.import_seconds = time.perf_counter() - started


def suited(engine, keras):
    """(engine, kit class): others for a Keras on TensorFlow 2 that calls its layers in a graph of its own."""
    if not hasattr(keras.backend, "symbolic"):  # only multi-backend Keras 2.3 says so of itself
        return engine, Kit
    from nestprobe.graphkit import GraphKit
    from nestprobe.protocol.engines import symbolic

    return symbolic.Engine(keras), GraphKit


def _keras(engine):
    """The Keras that cases are handed. Raises ImportError where it is not there."""
    name = os.environ.get("NESTPROBE_KERAS") or ("keras" if engine.tf is None else "tf.keras")
    if name not in MODULES:
        raise ImportError("NESTPROBE_KERAS is %r; known: %s" % (name, ", ".join(MODULES)))
    if name != "tf.keras":
        return importlib.import_module(name)
    if engine.tf is None:
        raise ImportError("tf.keras needs the TensorFlow backend, not %s" % engine.name)
    return engine.tf.keras


def thread_count():
    """Number of threads of this process; None where the system does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return None


def _flavour(keras):
    if keras_version(keras).startswith("3."):
        return "keras3"
    module = keras.layers.Layer.__module__.split(".")[0]
    return {"tf_keras": "tf-keras", "keras": "keras2-package"}.get(module, "tf.keras")


def _versions(engine, keras):
    versions = {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        engine.name: engine.version,
        "keras": keras_version(keras),
    }
    for name in ("numpy", "h5py"):
        versions[name] = getattr(sys.modules.get(name), "__version__", "unknown")
    return versions
