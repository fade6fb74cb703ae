"""Literal inputs and weights: the same numbers on every release, where a seed would give others."""

import numpy


def input_data(spec, tensor):
    """The tensors of a case's inputs: a list where ``spec`` is one, else a single tensor.

    ``tensor(array)`` makes the backend's tensor of a NumPy array.
    """
    if isinstance(spec, (list, tuple)):
        return [input_data(item, tensor) for item in spec]
    count = int(numpy.prod(spec.shape, dtype="int64"))
    ramp = numpy.arange(count)
    if "int" in spec.dtype:
        values = ramp % spec.below
    else:
        values = (ramp % 7 + 1) / 8.0  # positive and exact in binary
    return tensor(values.reshape(spec.shape).astype(spec.dtype))


def input_shape(spec):
    """What a reader gives ``build()``: the shape with a free batch axis, e.g. ``(None, 5)``."""
    if isinstance(spec, (list, tuple)):
        return [input_shape(item) for item in spec]
    return (None,) + spec.shape[1:]


def is_float(variable):
    """Whether a variable holds floating-point numbers: a parameter, and not a counter or a seed."""
    return "float" in dtype_name(variable)


def dtype_name(variable):
    """NumPy's name of a variable's type, e.g. ``float32``."""
    dtype = variable.dtype
    return getattr(dtype, "name", None) or str(dtype)


def _pattern(variable, values):
    shape = tuple(int(length) for length in variable.shape)
    return numpy.asarray(values, dtype="float64").reshape(shape).astype(dtype_name(variable))


def _chosen(variables, marked):
    return [variable for variable, mark in zip(variables, marked) if mark]


def set_gentle(variables, marked):
    """Small positive weights, no two alike: activations stay alive and every used weight moves."""
    for variable in _chosen(variables, marked):
        count = int(numpy.prod(variable.shape, dtype="int64"))
        variable.assign(_pattern(variable, (numpy.arange(count) % 5 + 1) / 32.0))


def set_fingerprints(variables, marked, series):
    """Give each ``marked`` variable values that no other holds, so that a file's content names it.

    ``series`` keeps two instances apart: the same position under another series differs in every
    element. Values stay within (0, 2) and differ by more than half precision resolves.
    """
    for position, (variable, mark) in enumerate(zip(variables, marked)):
        if mark:
            count = int(numpy.prod(variable.shape, dtype="int64"))
            first = 0.25 + (position * 2 + series) / 128.0
            variable.assign(_pattern(variable, first + (numpy.arange(count) % 13) / 1024.0))


def values(engine, variables):
    """Current values as NumPy arrays, in order; None where one cannot be read."""
    found = []
    for variable in variables:
        try:
            found.append(numpy.array(engine.array(variable)))
        except Exception:  # e.g. a variable left behind in a graph
            found.append(None)
    return found


def equal(left, right):
    """Whether two arrays hold the same shape and the same bits."""
    return (
        left is not None
        and right is not None
        and left.shape == right.shape
        and left.dtype == right.dtype
        and bool((left == right).all())
    )


def close(left, right):
    """Whether two lists of outputs, NumPy arrays, agree but for rounding."""
    return len(left) == len(right) and all(
        one.shape == two.shape and bool(numpy.allclose(one, two, rtol=1e-5, atol=1e-6))
        for one, two in zip(left, right)
    )
