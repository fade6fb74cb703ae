"""What a model of the user's own is called with: one batch, made of specs or converted from what is given."""

import itertools

from nestprobe.subject import InputSpec, SubjectError

#: Examples in a batch where a shape leaves that open.
EXAMPLES = 2


def arrays(inputs, engine):
    """Inputs as the model is to be called with: tensors of the backend in the same structure.

    ``inputs``: InputSpec objects, arrays, tensors, specs with ``shape`` and ``dtype``, a dataset, or
    lists, tuples and dicts of those. Raises SubjectError of kind ``no-inputs``.
    """
    if inputs is None or (isinstance(inputs, tuple) and not inputs):
        raise SubjectError(
            "no-inputs",
            "It is not known what to call the model with.",
            do="Give a shape (--input-shape 2,5), or let the factory return (model, inputs).",
        )
    if isinstance(inputs, tuple) and all(isinstance(one, InputSpec) for one in inputs):
        numbers = itertools.count()
        made = [_literal(spec, engine, numbers) for spec in inputs]
        if inputs[0].name is not None:
            return {spec.name: one for spec, one in zip(inputs, made)}
        return made[0] if len(made) == 1 else made
    if _is_dataset(inputs):
        inputs = next(iter(inputs))
        if isinstance(inputs, (tuple, list)):  # (x, y) or (x, y, weights)
            inputs = inputs[0]
    return _converted(inputs, engine, itertools.count())


def shapes(inputs, engine):
    """What ``model.build()`` takes for these tensors: each shape with a free batch axis."""
    if isinstance(inputs, dict):
        return {name: shapes(one, engine) for name, one in inputs.items()}
    if isinstance(inputs, (list, tuple)):
        return [shapes(one, engine) for one in inputs]
    return (None,) + tuple(int(size) for size in inputs.shape[1:])


def _literal(spec, engine, numbers):
    """Of the next of ``numbers``: each input has other values, else it is not seen that two change places."""
    import numpy

    from nestprobe.protocol.literals import input_data
    from nestprobe.vocabulary import Tensor

    shape = tuple(EXAMPLES if size is None else size for size in spec.shape)
    number = next(numbers)

    def tensor(values):
        if values.dtype.kind == "f":
            return engine.tensor((values + number / 8.0).astype(values.dtype))
        return engine.tensor(numpy.roll(values, number))

    if spec.dtype in ("string", "str"):
        return engine.tensor(numpy.full(shape, "word", dtype=object))
    if spec.dtype == "bool":
        return engine.tensor(engine.array(input_data(Tensor(shape, "int32", 2), tensor)).astype("bool"))
    try:
        return input_data(Tensor(shape, spec.dtype, spec.below), tensor)
    except (TypeError, ValueError) as error:
        raise SubjectError(
            "request", "No input of type %r can be made: %s." % (spec.dtype, str(error).partition("\n")[0])
        ) from error


def _is_dataset(inputs):
    return hasattr(inputs, "element_spec") and hasattr(inputs, "__iter__")


def _converted(part, engine, numbers):
    if isinstance(part, dict):
        return {name: _converted(one, engine, numbers) for name, one in part.items()}
    if isinstance(part, (tuple, list)) and not (part and isinstance(part[0], (int, float))):
        return type(part)(_converted(one, engine, numbers) for one in part)
    if isinstance(part, InputSpec):
        return _literal(part, engine, numbers)
    if hasattr(part, "shape") and hasattr(part, "dtype"):
        if not hasattr(part, "__array__"):  # a TensorSpec, a KerasTensor
            sizes = tuple(None if one is None else int(one) for one in tuple(part.shape))
            return _literal(
                InputSpec(sizes, getattr(part.dtype, "name", None) or str(part.dtype)), engine, numbers
            )
        if not hasattr(part, "numpy"):  # an array of NumPy
            return engine.tensor(part)
    return part
