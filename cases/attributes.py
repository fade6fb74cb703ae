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
    parameters=5 * 3 + 3,
    variants={"owner": OWNERS},
    sources=[keras_issue(19268), keras_issue(18601)],
)
def layer_overwritten_before_build(k, owner):
    """A sublayer attribute is reassigned in __init__: is the old layer still in model.layers?

    ``self.dense`` is Dense(10), then Dense(3), before anything is built. Only the second is used.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.dense = k.layers.Dense(10)
            self.dense = k.layers.Dense(3)

        def call(self, inputs):
            return self.dense(inputs)

    return k.as_model(Holder())


@case(
    parameters=5 * 3 + 3,
    variants={"owner": OWNERS},
    sources=[keras_issue(18601)],
)
def layer_overwritten_after_build(k, owner):
    """Replace a sublayer after build: you cannot add new elements of state to a built layer.

    The model runs once with Dense(10); then its holder's attribute becomes Dense(3), as when a
    classifier head is exchanged. Only the second is used from then on.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.dense = k.layers.Dense(10)

        def call(self, inputs):
            return self.dense(inputs)

    holder = Holder()
    holder(k.ones((2, 5)))
    holder.dense = k.layers.Dense(3)
    return k.as_model(holder)


@case(parameters=5 * 10, variants={"owner": OWNERS}, sources=[keras_issue(18601)])
def weight_overwritten(k, owner):
    """A weight attribute is overwritten by a second add_weight: are both counted?

    build() sets ``self.w`` to a weight of 5 x 4 and then to one of 5 x 10. Only the second is used.
    """

    class Holder(k.base(owner)):
        def build(self, input_shape):
            for number, units in enumerate((4, 10)):
                self.w = self.add_weight(
                    name="w%d" % number, shape=(input_shape[-1], units), initializer="ones"
                )
            self.built = True

        def call(self, inputs):
            return k.matmul(inputs, self.w)

    return k.as_model(Holder())


@case(parameters=5 * 10 + 10, variants={"owner": OWNERS})
def layer_deleted(k, owner):
    """del self.layer: are the deleted sublayer's weights still counted?

    build() builds two sublayers and deletes one of them; the other is used.
    """

    class Holder(k.base(owner)):
        def __init__(self, **kwargs):
            super(Holder, self).__init__(**kwargs)
            self.kept = k.layers.Dense(10)
            self.deleted = k.layers.Dense(4)

        def build(self, input_shape):
            self.kept.build(input_shape)
            self.deleted.build(input_shape)
            del self.deleted
            self.built = True

        def call(self, inputs):
            return self.kept(inputs)

    return k.as_model(Holder())


@case(parameters=5 * 10, variants={"owner": OWNERS})
def weight_deleted(k, owner):
    """del self.w: is the deleted weight still counted?

    build() makes two weights and deletes one of them; the other is used.
    """

    class Holder(k.base(owner)):
        def build(self, input_shape):
            shape = (input_shape[-1], 10)
            self.kept = self.add_weight(name="kept", shape=shape, initializer="ones")
            self.deleted = self.add_weight(name="deleted", shape=(10,), initializer="ones")
            del self.deleted
            self.built = True

        def call(self, inputs):
            return k.matmul(inputs, self.kept)

    return k.as_model(Holder())


@case(parameters=5 * 3 + 3, variants={"owner": OWNERS})
def base_and_derived_same_attribute(k, owner):
    """Base and derived class set the same attribute to different layers: is one counted twice?

    The base class sets ``self.dense`` to Dense(10), the derived one to Dense(3). Only the second is
    used.
    """

    class Base(k.base(owner)):
        def __init__(self, **kwargs):
            super(Base, self).__init__(**kwargs)
            self.dense = k.layers.Dense(10)

        def call(self, inputs):
            return self.dense(inputs)

    class Derived(Base):
        def __init__(self, **kwargs):
            super(Derived, self).__init__(**kwargs)
            self.dense = k.layers.Dense(3)

    return k.as_model(Derived())


@case(parameters=(5 * 10 + 10) + (10 * 3 + 3), variants={"owner": OWNERS})
def base_and_derived_different_attributes(k, owner):
    """Base and derived class each add a sublayer: are both counted?

    The base class sets ``self.first``, the derived one ``self.second``; both are used.
    """

    class Base(k.base(owner)):
        def __init__(self, **kwargs):
            super(Base, self).__init__(**kwargs)
            self.first = k.layers.Dense(10)

        def call(self, inputs):
            return self.first(inputs)

    class Derived(Base):
        def __init__(self, **kwargs):
            super(Derived, self).__init__(**kwargs)
            self.second = k.layers.Dense(3)

        def call(self, inputs):
            return self.second(super(Derived, self).call(inputs))

    return k.as_model(Derived())


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
