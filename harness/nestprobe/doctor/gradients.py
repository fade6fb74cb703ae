"""Which variables a gradient of the output reaches, as the backend itself tells nothing from zero."""


def reached(engine, call, variables):
    """For each of ``variables`` whether a gradient of what ``call()`` returns reaches it."""
    if engine.name == "jax":
        return _of_jax(engine, call, variables)
    if engine.tf is None or not hasattr(engine.tf, "GradientTape") or _is_graph(engine):
        _, told = engine.gradients(call, variables)
        return told()
    tf = engine.tf
    with tf.GradientTape() as tape:
        parts = [one for one in tf.nest.flatten(call()) if hasattr(one, "dtype")]
        floats = [tf.cast(one, "float32") for one in parts if one.dtype.is_floating]
        loss = tf.add_n([tf.reduce_sum(tf.square(one)) for one in floats])
    asked = [one for one in variables if one.dtype.is_floating and one.trainable]
    found = dict(zip(map(id, asked), tape.gradient(loss, asked)))
    return [found.get(id(one)) is not None for one in variables]


def _is_graph(engine):
    return type(engine).__module__.endswith("symbolic")


def _of_jax(engine, call, variables):
    """JAX gives zeros where no gradient comes: a gradient of none is one that is computed from nothing."""
    import jax
    from keras.src.backend import StatelessScope

    asked = [one for one in variables if "float" in str(one.dtype) and one.trainable]

    def loss(values):
        with StatelessScope(state_mapping=list(zip(asked, values))):
            floats = [one for one in engine.flatten(call()) if "float" in str(one.dtype)]
            return sum((one.astype("float32") ** 2).sum() for one in floats)

    program = jax.make_jaxpr(jax.grad(loss))([one.value for one in asked]).jaxpr
    found = dict(zip(map(id, asked), computed(program)))
    return [found.get(id(one), False) for one in variables]


def computed(program):
    """For each result of a jaxpr whether anything that it is given, or a constant of it, goes into it."""
    known = set(map(id, list(program.invars) + list(program.constvars)))
    for step in program.eqns:
        if any(id(one) in known for one in step.invars):
            known.update(map(id, step.outvars))
    return [id(one) in known for one in program.outvars]
