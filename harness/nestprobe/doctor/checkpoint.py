"""A TF checkpoint of the model: which values it holds, and what is told of those that it loses.

What the weights file loses is a finding; a checkpoint is another file, which many never write, so that what
it alone loses is a note.
"""

RULE = "lost-from-checkpoint"
WRITTEN, READ = "written-checkpoint", "read-checkpoint"

_FEW = 8  # names in a sentence


def can_be_tried(engine):
    """Whether the models of this Keras are objects of TensorFlow, which alone it can write."""
    return engine.checkpoints and not type(engine).__module__.endswith("symbolic")


def arrays(engine, prefix):
    """What the checkpoint that ``engine.write_checkpoint`` wrote holds of the model, without its optimizer.

    An optimizer of Keras 3 lists the variables that it trains. Of a model that was trained the file may hold
    under that name alone what the model itself does not save.
    """
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    reader = engine.tf.train.load_checkpoint(prefix)
    graph = TrackableObjectGraph()
    graph.ParseFromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
    there = reader.get_variable_to_shape_map()
    return [reader.get_tensor(key) for key in sorted(_keys(graph.nodes)) if key in there]


def _keys(nodes):
    """The keys of what is reached from the first node, which holds the model."""
    keys, seen, left = set(), set(), [0]
    while left:
        number = left.pop()
        if number in seen:
            continue
        seen.add(number)
        keys.update(one.checkpoint_key for one in nodes[number].attributes)
        left.extend(one.node_id for one in nodes[number].children if one.local_name != "optimizer")
    return keys


def lost(facts):
    """The variables that the weights file keeps whole, and a TF checkpoint does not."""
    return [
        one
        for one in facts.variables
        if one.is_float and one.used and one.listed and one.in_file and one.restored
        if one.in_checkpoint is False or one.back_from_checkpoint is False
        # As with the weights file: what comes back by another way is not lost.
        if not (facts.same_output_of_checkpoint and one.used_in_inference)
    ]


def said(facts, names):
    """What is to be told: of those variables, by their names, or why there is nothing to tell; or None."""
    for phase, what in ((WRITTEN, "written"), (READ, "read back")):
        if phase in facts.failures:
            failure = facts.failures[phase]
            return (
                "a TF checkpoint (tf.train.Checkpoint) could not be %s, and the weights file could: %s: %s"
                % (
                    what,
                    failure.type,
                    failure.message,
                )
            )
    if not names:
        return None
    more = ", and %d more" % (len(names) - _FEW) if len(names) > _FEW else ""
    return (
        "the weights file keeps %s that a TF checkpoint (tf.train.Checkpoint) loses: %s%s. Save the weights "
        "file, or tf.train.Checkpoint(variables=model.variables), which goes by their order"
        % (
            "a variable" if len(names) == 1 else "%d variables" % len(names),
            ", ".join(names[:_FEW]),
            more,
        )
    )
