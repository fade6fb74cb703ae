"""Remedies: what is not tracked, cannot be called or is not summed up right."""

from nestbench.site.remedy import Remedy

__all__ = ["REMEDIES"]

REMEDIES = (
    Remedy(
        title="summary() of a model that is not built",
        cause="A subclassed model has no weights before it was called: there is nothing to sum up.",
        code="model.predict(inputs)  # or fit(); and not in __init__()\nmodel.summary()",
        said=r"This model has not yet been built",
    ),
    Remedy(
        title="summary() adds the optimizer's variables",
        cause="From fit() on Keras 3 adds the optimizer's variables to the total that summary() prints. The "
        "line of trainable parameters is without them.",
        code="model.count_params()  # the model alone",
        cases=("summary-after-fit",),
        said=r"summary\(\) totals",
    ),
    Remedy(
        title="summary() between a change of `trainable` and compile()",
        cause="These releases add what compile() noted as trainable to what is frozen by now: each weight is "
        "counted twice.",
        code="model.trainable = False\nmodel.compile(...)  # after every change of it\nmodel.summary()",
        cases=("summary-of-frozen",),
        said=r"summary\(\) totals",
    ),
    Remedy(
        title="a summary() that knows no expand_nested",
        cause="The argument came with a later release.",
        code="for one in (model, *model.layers):\n"
        "    if isinstance(one, keras.Model):\n"
        "        one.summary()  # a table for each model within",
        said=r"unexpected keyword argument 'expand_nested'",
    ),
    Remedy(
        title="a Sequential whose first layer is a Sequential",
        cause="This release asks a Sequential that is added for its input shape, which one within another "
        "does not know.",
        code="model = keras.Sequential([keras.Input(shape=(5,)), model])  # at every level",
        said=r"Sequential model '\w+' has no defined input shape yet",
    ),
    Remedy(
        title="nothing: it is meant to raise",
        cause="The innermost layer of the case raises a ValueError. What is measured is how soon that comes, "
        "and whether its own words are still in the message.",
        cases=("deep-chain-raising-leaf",),
        said=r"the leaf says no|Could not automatically infer the output shape",
    ),
    Remedy(
        title="kept in a tuple",
        cause="This release looks into lists and dicts, not into a tuple or namedtuple.",
        code="self.blocks = [...]  # a list",
        cases=("tuple-of-layers", "namedtuple-of-layers"),
        stacks=("tf2.0",),
        kinds=("uncounted",),
    ),
    Remedy(
        title="a tuple, where TensorFlow and wrapt are of different times",
        cause="TensorFlow wraps a tuple that is an attribute by means of the package wrapt. With the "
        "releases of both that stand together here, what reads the wrapped tuple cannot be traced.",
        code="self.blocks = [...]  # a list",
        said=r"this __dict__ descriptor does not support",
    ),
)
