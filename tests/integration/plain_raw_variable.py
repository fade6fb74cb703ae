"""The known model, by hand: no harness, no probe. Prints what TensorFlow and Keras say of it, as JSON.

A model holds a layer that holds a layer that sets a tf.Variable of 5 x 10 in build(), then Dense(3).
"""

import json
import os
import sys
import tempfile

import h5py
import numpy
import tensorflow as tf


class Inner(tf.keras.layers.Layer):
    def build(self, input_shape):
        self.w = tf.Variable(tf.ones((input_shape[-1], 10)))
        super().build(input_shape)

    def call(self, inputs):
        return tf.matmul(inputs, self.w)


class Middle(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = Inner()

    def call(self, inputs):
        return self.inner(inputs)


class Outer(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.middle = Middle()
        self.dense = tf.keras.layers.Dense(3, kernel_initializer="ones")

    def call(self, inputs):
        return self.dense(self.middle(inputs))


def arrays_in(path):
    found = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return found


model = Outer()
x = tf.ones((2, 5))
model(x)
count, weights = int(model.count_params()), len(model.weights)
trainable = len(model.trainable_weights)

folder = tempfile.mkdtemp()
model.save_weights(os.path.join(folder, "plain.weights.h5"))
saved = sum(int(numpy.size(array)) for array in arrays_in(os.path.join(folder, "plain.weights.h5")))
prefix = tf.train.Checkpoint(model=model).write(os.path.join(folder, "checkpoint"))
shapes = [shape for name, shape in tf.train.list_variables(prefix) if "GRAPH" not in name]
in_checkpoint = sum(int(numpy.prod(shape)) for shape in shapes if shape)

before = model.middle.inner.w.numpy()
model.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mse")
model.fit(x, tf.zeros((2, 3)), epochs=1, verbose=0)
moved = bool((model.middle.inner.w.numpy() != before).any())

json.dump(
    {
        "count_params": count,
        "weights": weights,
        "trainable_weights": trainable,
        "scalars_in_weights_file": saved,
        "scalars_in_checkpoint": in_checkpoint,
        "raw_variable_moved": moved,
    },
    sys.stdout,
)
