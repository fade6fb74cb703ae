"""Planted beside the misbehaving: what it measures must not depend on its neighbours."""

from nestprobe import case


@case(parameters=5 * 4 + 4 + 4 * 3 + 3, variants={"which": ("first", "second")})
def planted_wellbehaved(k, which):
    """Two Dense layers in a layer in a model: nothing to complain of."""

    class Inner(k.Layer):
        def __init__(self):
            super(Inner, self).__init__()
            self.dense = k.layers.Dense(4)

        def call(self, inputs):
            return self.dense(inputs)

    class Outer(k.Model):
        def __init__(self):
            super(Outer, self).__init__(name=which)
            self.inner = Inner()
            self.last = k.layers.Dense(3)

        def call(self, inputs):
            return self.last(self.inner(inputs))

    return Outer()
