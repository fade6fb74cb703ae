"""The wire types: what the probe reports of one case variant on one stack.

Plain dataclasses of the standard library, shared with the controller (which validates them strictly).
Nothing here may hold a time, an address, an absolute path or a random number: two runs of one stack
give the same bytes. ``None`` means "not measured"; the phase's status says why.
"""

from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Dict, List, Optional

SCHEMA = 1

#: Phases in the order in which they are tried; each stands alone where it can.
PHASES = (
    "built",  # an instance that is given build(shape) and nothing else
    "constructed",  # a second one, before it is called
    "called",  # its first call on data
    "called-in-training",  # called with training=True under a gradient tape
    "saved-weights",  # save_weights() to model.weights.h5
    "saved-model",  # save() to the single-file format of the version (.h5, later .keras)
    "saved-checkpoint",  # tf.train.Checkpoint
    "reloaded-weights",  # each into a fresh instance that was called once
    "reloaded-model",
    "reloaded-checkpoint",
    "cloned",  # from_config(get_config()), then called
    "trained",  # compile() and one optimizer step by fit()
)


class Status:
    """How a phase ended."""

    DONE = "done"
    RAISED = "raised"
    SKIPPED = "skipped"


class OutcomeKind:
    """How the process that observed a case variant ended."""

    OBSERVED = "observed"
    NOT_APPLICABLE = "not-applicable"
    CRASHED = "crashed"  # killed by a signal, e.g. SIGSEGV
    EXITED = "exited"  # ended itself before the protocol did, e.g. os._exit(0)
    TIMED_OUT = "timed-out"
    OUT_OF_MEMORY = "out-of-memory"
    NOT_LOADED = "not-loaded"  # the case file does not import on this stack


@dataclass(frozen=True)
class Raised:
    """An exception: class name and first line of its text, free of paths and addresses."""

    type: str
    message: str


@dataclass(frozen=True)
class ModelRecord:
    """What Keras says of the model in a phase; counts are numbers of scalars.

    ``raised`` maps the name of a field that could not be read to what happened.
    """

    built: Optional[bool] = None
    count_params: Optional[int] = None
    trainable_count: Optional[int] = None  # scalars in trainable_weights
    non_trainable_count: Optional[int] = None
    summary_total: Optional[int] = None  # as summary() prints them
    summary_trainable: Optional[int] = None
    summary_non_trainable: Optional[int] = None
    weights: Optional[int] = None  # len(model.weights)
    trainable_weights: Optional[int] = None
    layers: Optional[List[str]] = None  # "name (Class)"
    losses: Optional[int] = None  # len(model.losses)
    metrics: Optional[List[str]] = None  # names in model.metrics
    raised: Dict[str, Raised] = field(default_factory=dict)


@dataclass(frozen=True)
class PhaseRecord:
    """One phase of one case variant."""

    status: str
    reason: Optional[str] = None  # why it was skipped
    raised: Optional[Raised] = None
    warnings: List[str] = field(default_factory=list)  # "Category: first line", in order, once each
    model: Optional[ModelRecord] = None
    # Of the phases built and called; None there where the stack ran out and counting with it.
    python_calls: Optional[int] = None  # Python function calls
    user_calls: Optional[Dict[str, int]] = None  # class of the case -> runs of its call()
    variables_created: Optional[int] = None
    same_output: Optional[bool] = None  # reloaded: the fresh instance computes what the saved one did


@dataclass(frozen=True)
class VariableRecord:
    """One variable that was seen at its creation in the instance that is called.

    ``used``: the forward pass reads it (second inference call, or a call with training=True).
    ``in_weights`` and ``in_trainable_weights`` count occurrences: 2 means listed twice.
    """

    name: str
    shape: List[int]
    dtype: str
    trainable: bool  # the variable's own flag
    created_in: str  # phase
    used: bool
    used_in_inference: bool
    used_in_training: bool
    in_weights: int
    in_trainable_weights: int
    gradient: Optional[bool] = None
    changed_by_step: Optional[bool] = None
    in_weights_file: Optional[bool] = None
    in_model_file: Optional[bool] = None
    in_checkpoint: Optional[bool] = None
    restored_from_weights_file: Optional[bool] = None
    restored_from_model_file: Optional[bool] = None
    restored_from_checkpoint: Optional[bool] = None


@dataclass(frozen=True)
class Outcome:
    """Whether the variant was observed to the end, and where not, what ended it."""

    kind: str
    detail: str = ""  # e.g. "SIGSEGV", "exit status 0", "limit of 60 s"
    phase: Optional[str] = None  # where it ended


@dataclass(frozen=True)
class Observation:
    """Everything measured for one case variant on one stack."""

    case: str
    variant: Dict[str, str]
    outcome: Outcome
    phases: Dict[str, PhaseRecord] = field(default_factory=dict)
    variables: List[VariableRecord] = field(default_factory=list)


def to_data(record):
    """The record as JSON-ready data; a field that holds its default is left out."""
    if is_dataclass(record):
        return {
            item.name: to_data(getattr(record, item.name))
            for item in fields(record)
            if getattr(record, item.name) != _default(item)
        }
    if isinstance(record, dict):
        return {key: to_data(value) for key, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [to_data(value) for value in record]
    return record


def _default(item):
    return item.default if item.default_factory is MISSING else item.default_factory()
