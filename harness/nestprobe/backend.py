"""Imports the environment's TensorFlow and Keras, and says what was imported."""

import importlib
import os
import platform
import sys
import time

from nestprobe.kit import Kit, keras_version

#: Loaded before the first fork, so that no child pays for them again; none of them runs an op.
_PRELOADED = (
    "h5py",
    "numpy",
    "tensorflow.python.ops.resource_variable_ops",
    "nestprobe.protocol.oracle",
    "nestprobe.protocol.phases",
)


class Backend(object):
    """TensorFlow and its Keras, imported and not used yet.

    Attributes:
        kit: what cases are handed. versions: name to version, as imported. flavour: which Keras it
        is. threads: number of threads of this process after the import, None where unknown.
        import_seconds: wall time of the import.
    """

    def __init__(self):
        started = time.perf_counter()
        tf = importlib.import_module("tensorflow")
        keras = tf.keras
        keras.layers.Layer, keras.Model, keras.Sequential, keras.optimizers.SGD  # noqa: B018 - load what is lazy
        keras.models.load_model, keras.utils.custom_object_scope  # noqa: B018 - as above
        for name in _PRELOADED:
            importlib.import_module(name)
        self.kit = Kit(tf, keras)
        self.flavour = _flavour(keras)
        self.versions = _versions(tf, keras)
        self.threads = thread_count()
        self.import_seconds = time.perf_counter() - started


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


def _versions(tf, keras):
    versions = {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "tensorflow": tf.__version__,
        "keras": keras_version(keras),
    }
    for name in ("numpy", "h5py"):
        versions[name] = getattr(sys.modules.get(name), "__version__", "unknown")
    return versions
