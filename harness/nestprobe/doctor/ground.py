"""The backend and the Keras that a model is of, found without being told."""

import importlib
import importlib.util
import os
import sys

from nestprobe.backend import suited
from nestprobe.protocol import engines
from nestprobe.subject import SubjectError

_KERAS = ("keras", "tf_keras", "tensorflow")


class NoGround(RuntimeError):
    """There is no Keras to look with, or its reads cannot be watched; the text says which and why."""


def engine():
    """The engine of the backend in use. Raises NoGround."""
    name = os.environ.get("KERAS_BACKEND") or _backend_in_use()
    try:
        return engines.load(name)
    except Exception as error:
        raise NoGround(
            "%s could not be loaded: %s: %s. This is %s; use the Python that has it, or set KERAS_BACKEND."
            % (name, type(error).__name__, error, sys.executable)
        ) from error


def kit(made_engine, model=None):
    """The Kit of a model's own Keras; of the environment's where there is no model.

    Raises NoGround, and SubjectError for a layer that is no model.
    """
    keras = _keras_of(made_engine, model)
    suited_engine, kit_class = suited(made_engine, keras)
    return kit_class(suited_engine, keras)


def model_classes(made_engine):
    """The Model class of every Keras that is loaded, the environment's own first."""
    found = []
    for keras in [_keras_of(made_engine, None)] + [sys.modules.get(name) for name in ("keras", "tf_keras")]:
        cls = getattr(keras, "Model", None)
        if cls is not None and cls not in found:
            found.append(cls)
    return tuple(found)


def layer_classes(made_engine):
    """The Layer class of every Keras that is loaded."""
    modules = [_keras_of(made_engine, None)] + [sys.modules.get(name) for name in ("keras", "tf_keras")]
    found = []
    for keras in modules:
        cls = getattr(getattr(keras, "layers", None), "Layer", None)
        if cls is not None and cls not in found:
            found.append(cls)
    return found


def is_layer(item):
    """Whether an object is a layer or model, of whichever Keras."""
    return any(cls.__name__ == "Layer" and _top(cls) in _KERAS for cls in type(item).__mro__)


def _top(cls):
    return cls.__module__.split(".")[0]


def _backend_in_use():
    keras = sys.modules.get("keras")
    if keras is None and "tensorflow" not in sys.modules and _is_there("keras"):
        try:
            keras = importlib.import_module("keras")  # it reads the reader's ~/.keras/keras.json
        except Exception:
            keras = None
    name = getattr(getattr(keras, "backend", None), "backend", None)
    if name is not None and name() in engines.BACKENDS:
        return name()
    return next((one for one in engines.BACKENDS if _is_there(one)), "tensorflow")


def _is_there(name):
    return importlib.util.find_spec(name) is not None


def _keras_of(made_engine, model):
    if model is not None:
        tf = made_engine.tf
        models = [cls for cls in type(model).__mro__ if cls.__name__ == "Model" and _top(cls) in _KERAS]
        for cls in models:
            if tf is not None and issubclass(tf.keras.Model, cls):
                return tf.keras
            if _top(cls) in ("keras", "tf_keras"):
                return importlib.import_module(_top(cls))
        if not models and is_layer(model):
            raise SubjectError(
                "no-model",
                "%s is a layer, not a model." % type(model).__name__,
                do="Wrap it: keras.Sequential([layer]), of the layer's own Keras.",
            )
        raise NoGround("%s is of no Keras that can be watched." % type(model).__name__)
    name = os.environ.get("NESTPROBE_KERAS") or ("keras" if made_engine.tf is None else "tf.keras")
    try:
        return made_engine.tf.keras if name == "tf.keras" else importlib.import_module(name)
    except Exception as error:
        raise NoGround("%s could not be loaded: %s: %s" % (name, type(error).__name__, error)) from error
