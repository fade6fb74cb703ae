"""Cases by hand: no harness, no probe. Prints what Keras and the files say of each, one JSON line a variant.

    python plain_model.py CASE_FILE...

The case functions are taken from their files with a stand-in for the vocabulary; each model is called,
saved, and fitted on data that makes every used weight move, as a script of a user would do it.
"""

import importlib.util
import itertools
import json
import os
import sys
import tempfile
import types

import h5py
import numpy
import tensorflow as tf

keras = tf.keras
DECLARED = []


class NotApplicable(Exception):
    pass


def declare(parameters, trainable=None, inputs=None, variants=None, sources=(), needs=(), about=()):
    def keep(make):
        DECLARED.append((make, inputs, variants or {}))
        return make

    return keep


class Words(object):
    """What cases call k."""

    tf, keras, layers = tf, keras, keras.layers
    Layer, Model, Sequential = keras.layers.Layer, keras.Model, keras.Sequential
    ones, matmul, concat = staticmethod(tf.ones), staticmethod(tf.matmul), staticmethod(tf.concat)
    sum = staticmethod(tf.reduce_sum)

    def base(self, owner):
        return self.Layer if owner == "layer" else self.Model

    def as_model(self, outer):
        return outer if isinstance(outer, self.Model) else self.Sequential([outer])

    def variable(self, shape, trainable=True, name=None, dtype="float32"):
        return tf.Variable(tf.ones(shape, dtype), trainable=trainable, name=name)

    def needs(self, owner, attribute, why=""):
        if not hasattr(owner, attribute):
            raise NotApplicable(attribute)
        return getattr(owner, attribute)


def vocabulary():
    """A module that case files import as nestprobe."""
    module = types.ModuleType("nestprobe")
    module.case, module.NotApplicable = declare, NotApplicable
    module.Tensor = lambda shape=(2, 5), dtype="float32", below=4: (shape, dtype)
    for name in ("keras_issue", "tensorflow_issue", "tf_keras_issue"):
        setattr(module, name, str)
    return module


def data(spec):
    if isinstance(spec, list):
        return [data(one) for one in spec]
    shape, dtype = spec or ((2, 5), "float32")
    return tf.ones(shape, dtype)


def floats(arrays):
    """Sorted shapes of the floating-point arrays."""
    return sorted(list(array.shape) for array in arrays if "float" in str(array.dtype))


def in_file(path):
    found = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return floats(numpy.asarray(array) for array in found)


def in_checkpoint(prefix):
    shapes = dict(tf.train.list_variables(prefix))
    reader = tf.train.load_checkpoint(prefix)
    types_ = reader.get_variable_to_dtype_map()
    return sorted(list(shape) for name, shape in shapes.items() if types_[name].is_floating)


def attempt(function):
    try:
        return function()
    except Exception as error:  # the comparison says what it means
        return "%s: %s" % (type(error).__name__, error)


def look(make, spec, variant):
    keras.backend.clear_session()
    model = make(Words(), **variant)
    x = data(spec)
    model(x)
    folder = tempfile.mkdtemp()

    def weights_file():
        path = os.path.join(folder, "plain.weights.h5")
        model.save_weights(path)
        return in_file(path)

    def checkpoint():
        return in_checkpoint(tf.train.Checkpoint(model=model).write(os.path.join(folder, "checkpoint")))

    said = {
        "weights": len(model.weights),
        "count_params": int(model.count_params()),
        "listed": sorted(list(map(int, weight.shape)) for weight in model.weights),
        "weights_file": attempt(weights_file),
        "checkpoint": attempt(checkpoint),
    }

    def fitted():
        held = list(model.weights)
        # Positive and different everywhere: no gradient is zero by accident.
        for weight in held:
            if "float" in str(weight.dtype):
                size = int(numpy.prod(weight.shape))
                weight.assign(numpy.linspace(0.05, 0.15, size).reshape(weight.shape).astype("float32"))
        before = [weight.numpy() for weight in held]
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        targets = tf.nest.map_structure(lambda out: tf.ones_like(out) * 3, model(x))
        model.fit(x, targets, epochs=1, verbose=0)
        after = [weight.numpy() for weight in held]
        return floats(new for old, new in zip(before, after) if (old != new).any())

    said["moved"] = attempt(fitted)
    return said


def main(paths):
    sys.modules["nestprobe"] = vocabulary()
    for path in paths:
        del DECLARED[:]
        spec = importlib.util.spec_from_file_location("plain_" + os.path.basename(path)[:-3], path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        for make, inputs, variants in DECLARED:
            for values in itertools.product(*variants.values()):
                variant = dict(zip(variants, values))
                said = attempt(lambda make=make, inputs=inputs, variant=variant: look(make, inputs, variant))
                line = {"case": make.__name__.replace("_", "-"), "variant": variant, "said": said}
                sys.__stdout__.write(json.dumps(line) + "\n")


main(sys.argv[1:])
