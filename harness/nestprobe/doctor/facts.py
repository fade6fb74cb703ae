"""What was seen of one model: variables, phases that raised, and what could not be looked at."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from nestprobe.protocol.messages import raised

#: Phases in which a variable may be made.
MADE, CALLED, AGAIN, TRAINING = "constructed", "called", "called-again", "called-in-training"


@dataclass
class VariableFacts:
    """One variable. ``None`` means that it was not measured; the examination's ``unseen`` says why.

    ``phase``: in which it was made, ``before`` where the model was there already. ``listed``: how often
    ``model.weights`` names it. ``listed_early``: whether it did so before the first call in training.
    ``misplaced``: came back as the value of another. ``read_while_made``: its value was taken then.
    """

    position: int
    variable: Any
    name: str
    shape: Tuple[int, ...]
    dtype: str
    trainable: bool
    phase: str
    used_in_inference: bool
    used_in_training: Optional[bool]
    listed: int
    listed_early: bool
    in_trainable: bool
    gradient: Optional[bool] = None
    changed: Optional[bool] = None
    in_file: Optional[bool] = None
    restored: Optional[bool] = None
    in_checkpoint: Optional[bool] = None
    back_from_checkpoint: Optional[bool] = None
    misplaced: bool = False
    read_while_made: bool = False
    lines: Tuple[Any, ...] = ()
    node: Any = None  # its Node in the object graph, None where no way leads to it
    unwatched: bool = False  # it lies where its reads cannot be seen

    @property
    def used(self):
        """Whether the forward pass reads it, in inference or in training."""
        return self.used_in_inference or bool(self.used_in_training)

    @property
    def is_float(self):
        """Whether it is a parameter and no counter or seed."""
        return "float" in self.dtype


@dataclass
class Failure:
    """A phase that raised. ``text``: all that the exception says, as the reader would see it."""

    phase: str
    type: str
    message: str
    text: str
    error: Any = None

    @classmethod
    def of(cls, phase, error):
        """That of an exception."""
        said = raised(error)
        try:
            text = "%s: %s" % (said.type, error)
        except Exception:  # a broken __str__
            text = said.type
        return cls(phase, said.type, said.message, text, error)


@dataclass(frozen=True)
class Unseen:
    """What could not be looked at, why, and what would let it be seen.

    ``by_design``: the way in which the doctor was asked leaves it out; else something failed.
    """

    what: str
    why: str
    do: str = ""
    by_design: bool = False


@dataclass
class Facts:
    """All that an examination found.

    ``flags``: id of a layer -> its ``trainable`` before and after ``compile()``. ``counted``: what
    ``count_params()`` says after the call; ``counted_by_build``: after ``build(shape)`` alone.
    """

    kit: Any
    model: Any = None
    graph: Any = None
    watch: Any = None
    variables: List[VariableFacts] = field(default_factory=list)
    failures: Dict[str, Failure] = field(default_factory=dict)
    unseen: List[Unseen] = field(default_factory=list)
    flags: Dict[int, Tuple[bool, bool]] = field(default_factory=dict)
    same_output: Optional[bool] = None
    same_output_of_checkpoint: Optional[bool] = None
    counted: Optional[int] = None
    counted_by_build: Optional[int] = None
    unbuilt_by_build: List[str] = field(default_factory=list)
    fitted: bool = False

    def flags_changed(self):
        """Whether ``compile()`` changed what is to be trained."""
        return any(before != after for before, after in self.flags.values())
