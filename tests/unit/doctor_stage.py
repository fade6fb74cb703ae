"""What tests of the doctor's findings share: layers, models and variables that stand in for Keras's."""

from nestprobe.doctor.facts import VariableFacts

Layer = type("Layer", (object,), {"__module__": "keras.stand_in", "trainable": True})
Dense = type("Dense", (Layer,), {"__module__": "keras.stand_in", "built": True})
Variable = type("Variable", (object,), {"__module__": "keras.stand_in", "shape": (2, 3)})


class Model(Layer):
    pass


def variable(node, place, **seen):
    names = ("trainable", "used_in_inference", "used_in_training", "listed_early", "in_trainable")
    healthy = dict.fromkeys((*names, "gradient", "changed", "in_file", "restored"), True)
    healthy.update(name="kernel", shape=(2, 3), dtype="float32", phase="called", listed=1)
    healthy.update(seen)
    return VariableFacts(position=place, variable=node.item, node=node, **healthy)
