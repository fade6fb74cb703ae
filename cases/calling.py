"""Calling: layers made, added, skipped or given unusual inputs when a model is called."""

from nestprobe import Tensor, case, keras_issue, tensorflow_issue

OWNERS = {"owner": ("layer", "model")}

NONE_AS_INPUT = "https://github.com/keras-team/keras-core/issues/737"
RESIDUAL_PROJECTION = "https://github.com/keras-team/keras-core/issues/707"


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(18601)])
def layer_appended_after_build(k, owner):
    """Cannot add new elements of state to a layer that is already built: append to a list.

    It is called on data; then a second layer is appended to its list.
    """

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = [k.layers.Dense(5)]

        def call(self, inputs):
            for block in self.blocks:
                inputs = block(inputs)
            return inputs

    outer = Outer()
    outer(k.ones((2, 5)))
    outer.blocks.append(k.layers.Dense(5))
    return k.as_model(outer)


@case(parameters=2 * (5 * 5 + 5), variants=OWNERS, sources=[keras_issue(18601)])
def layer_set_after_build(k, owner):
    """Cannot add new elements of state to a layer that is already built: set an attribute.

    It is called on data; then a second layer becomes an attribute that held None.
    """

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)
            self.added = None

        def call(self, inputs):
            outputs = self.dense(inputs)
            return outputs if self.added is None else self.added(outputs)

    outer = Outer()
    outer(k.ones((2, 5)))
    outer.added = k.layers.Dense(5)
    return k.as_model(outer)


@case(parameters=5 * 5 + 5, variants=OWNERS)
def layer_made_lazily_in_call(k, owner):
    """A layer made on the first call() and kept as an attribute.

    The attribute is None until call() finds it so.
    """

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = None

        def call(self, inputs):
            if self.dense is None:
                self.dense = k.layers.Dense(5)
            return self.dense(inputs)

    return k.as_model(Outer())


@case(parameters=5 * 5 + 5, variants=OWNERS, sources=[keras_issue(11736)])
def layer_made_locally_in_call(k, owner):
    """Dense(units)(inputs) inside call(): the weights are not updated by training.

    call() makes a new Dense layer each time and keeps it nowhere.
    """

    class Outer(k.base(owner)):
        def call(self, inputs):
            return k.layers.Dense(5, kernel_initializer="ones")(inputs)

    return k.as_model(Outer())


@case(parameters=5 * 5 + 5, sources=[tensorflow_issue(48878)])
def layer_made_in_call_under_fit(k):
    """tf.function-decorated function tried to create variables on non-first call, in fit().

    A functional model holds a layer whose call() makes a new Dense layer each time.
    """

    class Transformer(k.Layer):
        def call(self, inputs):
            return inputs + k.layers.Dense(5, kernel_initializer="ones")(inputs)

    inputs = k.keras.Input(shape=(5,))
    return k.Model(inputs, Transformer()(inputs))


@case(
    parameters=2 * (5 * 5 + 5),
    variants=OWNERS,
    sources=[keras_issue(18763)],
    needs=["tensorflow"],
)
def untraceable_call(k, owner):
    """Layer looks like it has unbuilt state, but Keras is not able to trace its call().

    call() asks with a plain ``if`` about the values of its input whether a second layer is used;
    for the positive inputs here it is.
    """

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = k.layers.Dense(5)
            self.second = k.layers.Dense(5)

        def call(self, inputs):
            outputs = self.first(inputs)
            if k.tf.reduce_sum(inputs) > 0:
                outputs = self.second(outputs)
            return outputs

    return k.as_model(Outer())


@case(parameters=5 * 5 + 5, variants=OWNERS, sources=[keras_issue(18823)])
def unused_sublayer(k, owner):
    """A layer that is made in __init__ and never called: unbuilt, or "layer was never built".

    Of two Dense layers, call() uses one.
    """

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.used = k.layers.Dense(5)
            self.unused = k.layers.Dense(5)

        def call(self, inputs):
            return self.used(inputs)

    return k.as_model(Outer())


@case(
    parameters=lambda features: {"same": 5 * 5 + 5, "other": (5 * 3 + 3) + (5 * 3 + 3)}[features],
    variants={"features": ("same", "other")},
    sources=[RESIDUAL_PROJECTION],
)
def conditional_sublayer(k, features):
    """A projection that is made and used only where input and output sizes differ is not tracked.

    A residual layer with 5 features needs no projection; one with 3 makes a Dense in build().
    """

    class Residual(k.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.dense = k.layers.Dense(units)

        def build(self, input_shape):
            same = input_shape[-1] == self.units
            self.project = (lambda inputs: inputs) if same else k.layers.Dense(self.units)
            self.built = True

        def call(self, inputs):
            return self.dense(inputs) + self.project(inputs)

        def get_config(self):
            return {"units": self.units, "name": self.name}

    return k.Sequential([Residual(5 if features == "same" else 3)])


@case(parameters=2 * (5 * 5 + 5))
def sublayer_used_only_in_training(k):
    """A layer that is called only where training is true has no weights in inference.

    call(training=True) adds what a second Dense layer makes of the inputs.
    """

    class Outer(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)
            self.helper = k.layers.Dense(5)

        def call(self, inputs, training=False):
            outputs = self.dense(inputs)
            return outputs + self.helper(inputs) if training else outputs

    return Outer()


@case(parameters=5 * 5 + 5, variants=OWNERS)
def called_with_two_shapes(k, owner):
    """One layer called on inputs of two ranks in the same call().

    The inner layer, with no build(), sees (batch, 5) and (batch, 1, 5).
    """

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = Inner()

        def call(self, inputs):
            return self.inner(inputs) + self.inner(inputs[:, None, :])[:, 0, :]

    return k.as_model(Outer())


@case(
    parameters=(5 * 5 + 5) + (3 * 5 + 5),
    inputs=[Tensor((2, 5)), Tensor((2, 3))],
    variants={"passed": ("list", "dict", "arguments")},
)
def multiple_inputs_nested(k, passed):
    """A nested layer with several inputs is not built when it gets them as a list, dict or arguments.

    The model hands its two inputs on to a layer without build() that holds a Dense for each.
    """

    class Inner(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.left = k.layers.Dense(5)
            self.right = k.layers.Dense(5)

        def call(self, inputs, more=None):
            if passed == "dict":
                one, other = inputs["one"], inputs["other"]
            else:
                one, other = inputs if passed == "list" else (inputs, more)
            return self.left(one) + self.right(other)

    class Outer(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = Inner()

        def call(self, inputs):
            one, other = inputs
            if passed == "dict":
                return self.inner({"one": one, "other": other})
            return self.inner([one, other]) if passed == "list" else self.inner(one, other)

    return Outer()


@case(
    parameters=2 * (5 * 5 + 5),
    variants=OWNERS,
    sources=[NONE_AS_INPUT, keras_issue(21866)],
)
def none_input_in_list(k, owner):
    """A layer called on a list in which one element is None.

    The outer one calls the inner one on ``[inputs, None]``; the inner one then uses its first
    input twice.
    """

    class Attend(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.key = k.layers.Dense(5)
            self.query = k.layers.Dense(5)

        def call(self, inputs):
            key, query = inputs
            if query is None:
                query = key
            return self.key(key) + self.query(query)

    class Outer(k.base(owner)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.attend = Attend()

        def call(self, inputs):
            return self.attend([inputs, None])

    return k.as_model(Outer())
