"""On which versions it would be different: what was measured of the rule's cases, from ``versions.json``."""

import json
import pkgutil

from nestprobe.kit import keras_version

FILE = "versions.json"


def sentences(rule, kind, in_use=None):
    """For each line of releases where the rule's cases were seen not to show this, a sentence.

    ``in_use``: name of a line -> the version of it that was looked at, which is not elsewhere.
    """
    measured = _measured().get(rule, {}).get("unsaved" if kind == "unrestored" else kind, {})
    found = []
    for line, said in measured.items():
        for name, ending in (("clean", "not so"), ("other", "other trouble instead")):
            others = without(said.get(name, ""), (in_use or {}).get(line))
            if others:
                found.append("%s %s: %s" % (line, others, ending))
    return tuple(found)


def in_use(kit):
    """The versions in use by the name of the line of releases that they are of."""
    keras, engine = keras_version(kit.keras), kit.engine
    if engine.name != "tensorflow":
        return {"Keras 3 on %s" % {"jax": "JAX"}.get(engine.name, engine.name): keras}
    if type(engine).__module__.endswith("symbolic"):
        return {"Multi-backend Keras 2 on TensorFlow": keras}
    # The same Keras may be had by another name.
    found = {"TensorFlow and its tf.keras": engine.version}
    if keras.startswith("3."):
        found["Keras 3 on TensorFlow"] = keras
    elif _is_tf_keras(kit.keras):
        found = {
            "tf-keras as tf_keras": keras,
            "tf-keras as tf.keras (TF_USE_LEGACY_KERAS=1)": keras,
        }
    return found


def _is_tf_keras(keras):
    layers = getattr(keras, "layers", None)
    return getattr(getattr(layers, "Layer", None), "__module__", "").startswith("tf_keras")


def without(ranges, version):
    """``2.0, 2.3 to 2.21`` without 2.15: ``2.0, 2.3 to 2.14, 2.16 to 2.21``."""
    if not version:
        return ranges
    gone, parts = _numbers(version), []
    for part in ranges.split(", ") if ranges else []:
        ends = [_numbers(one) for one in part.split(" to ")]
        first, last = ends[0], ends[-1]
        if not first <= gone <= last:
            parts.append((first, last))
            continue
        parts.append((first, (gone[0], gone[1] - 1)))
        parts.append(((gone[0], gone[1] + 1), last))
    return ", ".join(
        "%d.%d" % first if first == last else "%d.%d to %d.%d" % (first + last)
        for first, last in parts
        if first <= last
    )


def _numbers(version):
    return tuple(int(one) for one in version.split(".")[:2])


def _measured():
    if _CACHE:
        return _CACHE[0]
    data = pkgutil.get_data("nestprobe.doctor", FILE)
    _CACHE.append(json.loads(data.decode("utf-8")).get("rules", {}) if data else {})
    return _CACHE[0]


_CACHE = []
