"""Rules: errors of their own."""

from nestprobe.doctor.rule import KINDS, Rule

RULES = (
    Rule(
        id="add-weight-by-position",
        title="add_weight() called by position",
        cause="The first argument of add_weight() is the name in Keras 2 and the shape in Keras 3.",
        mend='self.{attribute} = self.add_weight(name="{name}", shape=(...,))  # by keyword: right in both',
        kinds=("raises",),
        cases=("add-weight-positional-name", "add-weight-positional-shape"),
    ),
    Rule(
        id="value-in-if",
        title="call() asks about the values of a tensor",
        cause="Keras traces call() with tensors that have no values, to infer shapes and to compile; a "
        "Python `if` on such a tensor is an error. Within one branch of a tf.cond a layer should not get its "
        "weights: in some releases it has none until a batch takes that branch.",
        mend="second = self.second(outputs)  # called in any case, so that it has its weights\n"
        "outputs = tf.cond(tf.reduce_sum(inputs) > 0, lambda: second, lambda: outputs)",
        kinds=("raises",),
        cases=("untraceable-call",),
    ),
    Rule(
        id="none-in-inputs",
        title="None among the inputs of a layer",
        cause="Some releases of Keras 3 accept tensors alone in the first argument of a layer.",
        mend="outputs = self.inner(inputs, query=None)  # by keyword, with None as its default",
        kinds=("raises",),
        cases=("none-input-in-list",),
    ),
    Rule(
        id="built-from-the-start",
        title="the parent class counts as built from the start",
        cause="A layer without weights says that it is built when it is made; build() of a class "
        "derived from it is then never called in some releases.",
        mend="def __init__(self, **kwargs):\n    super().__init__(**kwargs)\n    self.built = False",
        kinds=("raises",),
        cases=("stateless-parent-stateful-subclass",),
    ),
    Rule(
        id="too-deep",
        title="too many layers in a row for Python's stack",
        cause="The graph of a functional model is walked by recursion.",
        mend="import sys\nsys.setrecursionlimit(10000)",
        kinds=("raises",),
        cases=("long-functional-chain",),
    ),
    Rule(
        id="unknown",
        title="no rule of the doctor explains it",
        cause="What is lost was seen; why, was not found.",
        mend="# please report it with the model: a case for the catalogue",
        kinds=KINDS,
        cases=(),
    ),
)
