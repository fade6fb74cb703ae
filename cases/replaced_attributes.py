"""Attributes that are replaced or deleted: what becomes of the layer or weight that was there."""

from nestprobe import case, keras_issue

OWNERS = ("layer", "model")


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
