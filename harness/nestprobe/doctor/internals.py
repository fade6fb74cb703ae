"""The names under which Keras, TensorFlow and torch keep things in a layer of the reader's."""

from nestprobe.doctor.origins import is_own_module
from nestprobe.doctor.source import functions

#: What Keras, TensorFlow and torch keep in a layer's own dictionary, beside names that start as these do.
_INTERNAL = ("_self_", "_keras_", "_obj_", "_auto_", "_tf_", "_torch_", "_jit_", "_is_", "_saved_model")
_INTERNAL_NAMES = frozenset(
    (
        "_buffers",
        "_build_shapes_dict",
        "_call_fn_args",
        "_call_spec",
        "_cluster_coordinator",
        "_compile_loss",
        "_compile_metrics",
        "_config",
        "_distribute_strategy",
        "_dtype_policy",
        "_feed_inputs",
        "_functional",
        "_gradients",
        "_inbound_nodes",
        "_inbound_nodes_value",
        "_input_coordinates",
        "_input_layers",
        "_inputs",
        "_inputs_struct",
        "_layer_call_argspecs",
        "_layers",
        "_layers_by_depth",
        "_lock",
        "_loss_tracker",
        "_losses",
        "_metrics",
        "_metrics_lock",
        "_modules",
        "_name_based_restores",
        "_nested_inputs",
        "_nested_outputs",
        "_network_nodes",
        "_nodes",
        "_nodes_by_depth",
        "_non_trainable_variables",
        "_non_trainable_weights",
        "_operations",
        "_operations_by_depth",
        "_optimizer",
        "_outbound_nodes",
        "_outbound_nodes_value",
        "_output_coordinates",
        "_output_layers",
        "_outputs",
        "_outputs_struct",
        "_parameters",
        "_parent_path",
        "_predict_counter",
        "_seed_generators",
        "_self_tracked_trackables",
        "_tensor_conversion",
        "_tensor_usage_count",
        "_test_counter",
        "_thread_local",
        "_trackable_children_cache",
        "_tracker",
        "_train_counter",
        "_trainable_variables",
        "_trainable_weights",
        "_unconditional_checkpoint_dependencies",
        "_unconditional_dependency_names",
        "_undeletable",
        "_updates",
        "callbacks",
        "compiled_loss",
        "compiled_metrics",
        "history",
        "inputs",
        "loss",
        "optimizer",
        "outputs",
        "predict_function",
        "test_function",
        "train_function",
    )
)


def is_keras_name(layer, name):
    """Whether an attribute of a layer is one in which Keras, not the reader, keeps something."""
    if name in _INTERNAL_NAMES or name.startswith(_INTERNAL):
        return not _assigned(type(layer), name)
    return False


def _assigned(cls, name):
    """Whether a class of the reader's own has a method that names the attribute."""
    return any(
        name in function.__code__.co_names
        for base in cls.__mro__
        if is_own_module(base.__module__)
        for function in functions(base)
    )
