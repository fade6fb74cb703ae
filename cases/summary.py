"""Summary: what ``summary()`` prints and totals, in the states in which people look at it.

The totals of ``summary()`` are held against the forward pass wherever the model exists as a whole.
"""

from nestprobe import case, keras_issue, tensorflow_issue

BLOCK = 5 * 5 + 5
HEAD = 5 * 3 + 3


def top_of(k):
    """A Model class that holds a Dense of 5 units in a layer, and a Dense of 3 units."""

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    class Top(k.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = Block()
            self.head = k.layers.Dense(3)

        def call(self, inputs):
            return self.head(self.block(inputs))

    return Top


@case(
    parameters=BLOCK + HEAD,
    about=("summary-after-fit",),
    sources=["https://github.com/keras-team/keras-core/pull/859"],
)
def summary_after_fit(k):
    """summary() after fit() counts the optimizer's variables as parameters.

    A subclassed model with a nested layer; the phase ``trained`` shows what ``summary()`` totals then. It
    is Keras 3 that adds them to the total; the total of trainable parameters is without them.
    """
    return top_of(k)()


@case(parameters=BLOCK + HEAD, about=("summary",), sources=[tensorflow_issue(33244)])
def summary_of_unbuilt(k):
    """summary() of a model that was never called raises "This model has not yet been built".

    The model prints its summary in its own ``__init__``.
    """

    class Top(top_of(k)):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.summary(print_fn=lambda *_, **__: None)

    return Top()


@case(parameters=BLOCK + HEAD, about=("summary",), sources=[keras_issue(19535)])
def summary_of_subclass(k):
    """summary() of a subclassed model shows "multiple" or "?" and 0 params for nested layers.

    The model is only built by ``build((None, 5))``, as the error of an unbuilt model advises.
    """
    model = top_of(k)()
    model.build((None, 5))
    return model


@case(parameters=BLOCK + HEAD, about=("summary",), sources=[tensorflow_issue(28154)])
def summary_expand_nested(k):
    """summary(expand_nested=True) of nested models: are the totals still right?

    A functional model with another within, printed with all levels.
    """
    inner_inputs = k.keras.Input(shape=(5,))
    inner = k.Model(inner_inputs, k.layers.Dense(5)(inner_inputs))

    class Expanded(k.Model):
        def summary(self, *args, **kwargs):
            return super().summary(*args, expand_nested=True, **kwargs)

    inputs = k.keras.Input(shape=(5,))
    return Expanded(inputs=inputs, outputs=k.layers.Dense(3)(inner(inputs)))


@case(parameters=BLOCK + HEAD, trainable=0, about=("summary",), sources=[tensorflow_issue(37531)])
def summary_of_frozen(k):
    """summary() doubles the total after a compiled model was frozen.

    A functional model with a nested layer is compiled, and frozen as a whole after that, as the report has
    it of a model that was loaded from a file.
    """

    class Block(k.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = k.layers.Dense(5)

        def call(self, inputs):
            return self.dense(inputs)

    inputs = k.keras.Input(shape=(5,))
    model = k.Model(inputs, k.layers.Dense(3)(Block()(inputs)))
    model.compile(optimizer=k.keras.optimizers.SGD(0.5), loss="mse")
    model.trainable = False
    return model
