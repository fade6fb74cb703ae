"""Attributes: how a layer came to be an attribute, under which name, and what replaced it since."""

from nestprobe import case, keras_issue, tensorflow_issue

BASE_LAYER_TEST = "https://github.com/keras-team/tf-keras/blob/v2.15.0/tf_keras/engine/base_layer_test.py"

OWNERS = ("layer", "model")


@case(parameters=5 * 10 + 10, variants={"owner": OWNERS})
def class_attribute_shadow(k, owner):
    """A sublayer declared as None on the class and set in __init__: is it tracked?

    ``dense = None`` in the class body, ``self.dense = Dense(10)`` in the constructor.
    """

    class Holder(k.base(owner)):
        dense = None

        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.dense = k.layers.Dense(10)

        def call(self, inputs):
            return self.dense(inputs)

    return k.as_model(Holder())


@case(parameters=5 * 10 + 10, variants={"owner": OWNERS})
def name_mangled_attribute(k, owner):
    """A sublayer under a private name with two underscores (self.__dense): is it tracked?

    Python stores the attribute as ``_Holder__dense``.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.__dense = k.layers.Dense(10)

        def call(self, inputs):
            return self.__dense(inputs)

    return k.as_model(Holder())


@case(parameters=5 * 10 + 10, variants={"owner": OWNERS})
def property_setter_attribute(k, owner):
    """A sublayer is set through a property with a setter: is it tracked once, twice or not?

    ``self.dense = Dense(10)`` runs the property's setter, which stores ``self._stored``.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.dense = k.layers.Dense(10)

        @property
        def dense(self):
            return self._stored

        @dense.setter
        def dense(self, layer):
            self._stored = layer

        def call(self, inputs):
            return self.dense(inputs)

    return k.as_model(Holder())


@case(parameters=5 * 10 + 10, variants={"owner": OWNERS})
def instance_dict_bypass(k, owner):
    """A sublayer put into self.__dict__ is missing from model.weights.

    ``self.__dict__["dense"] = Dense(10)`` goes round ``__setattr__``; call() uses ``self.dense``.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.__dict__["dense"] = k.layers.Dense(10)

        def call(self, inputs):
            return self.dense(inputs)

    return k.as_model(Holder())


@case(
    parameters=(5 * 10 + 10) + (10 * 3 + 3),
    variants={"owner": OWNERS},
    sources=[keras_issue(20890), tensorflow_issue(20338)],
)
def attribute_named_layers(k, owner):
    """self.layers = [...] in a subclass: can't set attribute, `layers` is reserved.

    A list of two Dense is assigned to the attribute ``layers``.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.layers = [k.layers.Dense(10), k.layers.Dense(3)]

        def call(self, inputs):
            for layer in self.layers:
                inputs = layer(inputs)
            return inputs

    return k.as_model(Holder())


@case(
    parameters=(5 * 10 + 10) + (10 * 3 + 3),
    variants={"owner": OWNERS},
    sources=[keras_issue(20260)],
)
def attribute_named_underscore_layers(k, owner):
    """Weights are not saved where a custom layer has a list named self._layers.

    A list of two Dense is assigned to the attribute ``_layers``, a name that Keras uses itself.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self._layers = [k.layers.Dense(10), k.layers.Dense(3)]

        def call(self, inputs):
            for layer in self._layers:
                inputs = layer(inputs)
            return inputs

    return k.as_model(Holder())


@case(
    parameters=5 * 10 + 10,
    variants={"name": ("weights", "losses", "metrics"), "owner": OWNERS},
    sources=[tensorflow_issue(28108)],
)
def attributes_named_weights_losses_metrics(k, name, owner):
    """self.weights, self.losses or self.metrics = [...] in a subclass: can't set attribute.

    A list with one Dense is assigned to a name that is a property of the Keras class.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            setattr(self, name, [k.layers.Dense(10)])

        def call(self, inputs):
            return getattr(self, name)[0](inputs)

    return k.as_model(Holder())


@case(
    parameters=(5 * 10 + 10) + (10 * 3 + 3),
    variants={"owner": OWNERS},
    sources=[keras_issue(19663)],
)
def attributes_before_super_init(k, owner):
    """Sublayers set before super().__init__(): are they tracked?

    Two Dense become attributes before the constructor of the Keras class runs.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            self.first = k.layers.Dense(10)
            self.second = k.layers.Dense(3)
            super(Holder, self).__init__(**kwargs)

        def call(self, inputs):
            return self.second(self.first(inputs))

    return k.as_model(Holder())


@case(
    parameters=5 * 10 + 10,
    variants={"called": ("alone", "nested"), "owner": OWNERS},
    sources=[BASE_LAYER_TEST + "#L715-L722", "https://github.com/wzhe06/SparrowRecSys/pull/34"],
)
def super_init_never_called(k, called, owner):
    """You must call super().__init__(), or: object has no attribute '_trainable', 'built' and such.

    The constructor sets a Dense as an attribute and never runs that of the Keras class. The holder
    is called alone before it is put into a model, or only as a part of that model.
    """

    class Holder(k.base(owner)):
        def __init__(self):
            self.dense = k.layers.Dense(10)

        def call(self, inputs):
            return self.dense(inputs)

    class Top(k.Model):
        def __init__(self, **kwargs):
            super(Top, self).__init__(**kwargs)
            holder = Holder()
            if called == "alone":
                holder(k.ones((2, 5)))
            self.holder = holder

        def call(self, inputs):
            return self.holder(inputs)

    return Top()


@case(
    parameters=5 * 10 + 10,
    variants={"owner": OWNERS},
    sources=[tensorflow_issue(27431)],
)
def layer_class_as_attribute(k, owner):
    """A layer class (not an instance) as an attribute throws an exception.

    ``self.layer_class = Dense``, and one Dense made from it.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.layer_class = k.layers.Dense
            self.dense = self.layer_class(10)

        def call(self, inputs):
            return self.dense(inputs)

    return k.as_model(Holder())
