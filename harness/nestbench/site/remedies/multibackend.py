"""Remedies: Keras as it was before tf.keras, whose layers know little of TensorFlow 2."""

from dataclasses import replace

from nestbench.site.remedies.files import KEPT_IN_CONTAINERS
from nestbench.site.remedy import Remedy, of_rule
from nestprobe.doctor.rules import rule

__all__ = ["REMEDIES"]

_STACKS = ("keras2.3",)
#: In containers too; elsewhere something else is lost of these, or nothing in a TF checkpoint alone.
_KEPT_OTHERWISE = (
    "checkpoint-dict-of-layers",
    "checkpoint-list-of-layers",
    "default-dict-autocreate",
    "deque-of-layers",
    "dict-mutated-outside",
    "dict-set-default",
    "frozenset-of-layers",
    "layer-appended-after-build",
    "list-alias-appended",
    "list-appended-then-filled",
    "list-iadd-alias",
    "list-pop-still-an-attribute",
    "list-set-item",
    "list-subclass-of-layers",
    "namedtuple-of-layers",
)

_CONTAINER = rule("untracked-container")
_KEPT = tuple(one for one in (*KEPT_IN_CONTAINERS, *_KEPT_OTHERWISE) if one not in _CONTAINER.cases)

REMEDIES = (
    replace(of_rule(_CONTAINER, _KEPT), stacks=_STACKS),
    Remedy(
        title="no compute_output_shape()",
        cause="The last multi-backend Keras does not learn from call() what shape comes out. Without this "
        "method it takes a layer to give the shape that it is given, and a Model to give none.",
        code="def compute_output_shape(self, input_shape):  # of the layer or Model that is called\n"
        "    return tuple(input_shape[:-1]) + (self.units,)",
        stacks=_STACKS,
        said=r"expected \w+ to have (shape|\d+ dimensions)|(constructed|called) raised NotImplementedError"
        r"|raised ValueError: Dimensions must be equal",
    ),
    Remedy(
        title="an operation outside of a layer, in call() of a Model",
        cause="The last multi-backend Keras asks the tensor that a Model gives for what its own layers note "
        "on theirs. What `+`, a slice or a product gives has no such note.",
        code="return keras.layers.add([left, right])  # a layer does it\n"
        "return keras.layers.Lambda(lambda parts: parts[0] + parts[1])([left, right])  # any operation",
        stacks=_STACKS,
        said=r"'Tensor' object has no attribute '_uses_learning_phase'",
    ),
    Remedy(
        title="a choice by the values of a tensor, in call() of a Model",
        cause="In a Model of the last multi-backend Keras a tf.cond raises as well as the "
        "plain `if`. Within a layer it does not.",
        code="second = self.second(outputs)  # called in any case, so that it has its weights\n"
        "outputs = keras.layers.Lambda(\n"
        "    lambda three: tf.where(tf.reduce_sum(three[0]) > 0, three[1], three[2])\n"
        ")([inputs, second, outputs])",
        cases=("untraceable-call",),
        stacks=_STACKS,
        said=r"as a Python `bool` is not allowed",
    ),
    Remedy(
        title="a layer with several inputs that are no list",
        cause="The last multi-backend Keras hands one argument to a layer: a tensor, or a list of tensors.",
        code="outputs = self.inner([one, other])\n"
        "\n"
        "def call(self, inputs):  # of the inner layer\n"
        "    one, other = inputs",
        stacks=_STACKS,
        said=r"Received type: <class 'dict'>|__call__\(\) takes 2 positional arguments",
    ),
    Remedy(
        title="add_weight() without an initializer",
        cause="In the last multi-backend Keras it has no default.",
        code='self.kernel = self.add_weight(name="kernel", shape=..., initializer="glorot_uniform")',
        stacks=_STACKS,
        said=r"Could not interpret initializer identifier: None",
    ),
    Remedy(
        title="a subclass of Sequential that is called before it is built",
        cause="What a call needs is made when a Sequential of the last multi-backend Keras is built, and a "
        "subclass that gets its layers in __init__() is not.",
        code="model.build((None, 5))  # or input_shape=(5,) for its first layer",
        stacks=_STACKS,
        said=r"has no attribute '_output_tensor_cache'",
    ),
    Remedy(
        title="a Model that only build(shape) built",
        cause="In the last multi-backend Keras that leaves a subclassed Model without what a call needs.",
        code="model.predict(inputs)  # instead of model.build(shape)\nmodel.summary()",
        stacks=_STACKS,
        said=r"has no attribute '_feed_input_names'",
    ),
    Remedy(
        title="a layer that two others hold",
        cause="In the last multi-backend Keras `weights` names a variable for each way that leads to it, and "
        "a weights file in which one layer has the same name twice cannot be written.",
        code="self.dense_of = lambda: dense  # in all holders but one: Keras does not look into a function\n"
        "\n"
        "# in a functional model: call the layers, and not also a model that is made of them",
        cases=(
            "functional-embeds-part-of-itself",
            "layer-shared-between-siblings",
            "nested-regularisers",
            "tied-kernel-by-reference",
        ),
        stacks=_STACKS,
        said=r"more than once in weights|name already exists",
    ),
    Remedy(
        title="a build() of a Model",
        cause="The last multi-backend Keras does not call build() of a subclassed Model before call().",
        code="class Own(keras.layers.Layer):  # put it into a layer, which is an attribute of the Model\n"
        "    def build(self, input_shape):\n"
        "        ...",
        cases=(
            "add-weight-dropped",
            "build-skips-child",
            "child-made-in-build",
            "weight-deleted",
            "weight-overwritten",
        ),
        stacks=_STACKS,
        said=r"called raised (AttributeError|IndexError)",
    ),
    Remedy(
        title="frozen as a whole, and its layers used in another model",
        cause="In the last multi-backend Keras `trainable` of a model is not handed on to its layers: in a "
        "model that is made on its output they are trained.",
        code="for layer in base.layers:\n    layer.trainable = False\nbase.layers[-1].trainable = True",
        cases=("unfrozen-within-frozen-base",),
        stacks=_STACKS,
        kinds=("overtrained",),
    ),
)
