"""What to do where a person's model could not be made or called on a stack, by what it said."""

from nestbench.audit.side import Side
from nestprobe.observation import OutcomeKind, Raised

__all__ = ["is_of_request", "remedy"]

_BY_ENDING = {
    OutcomeKind.TIMED_OUT: "Give it longer with --timeout, or audit a smaller model made by the same code.",
    OutcomeKind.OUT_OF_MEMORY: "Allow more with --memory, or audit a smaller model made by the same code.",
    OutcomeKind.CRASHED: "Its last words are in .nestbench/logs; a smaller model may tell which part it is.",
    OutcomeKind.EXITED: "Take the call that ends the process out of the factory or of what it imports.",
}
_BY_ERROR = {
    "Missing": "Name a package with -r, a folder of modules with --path, or correct the name.",
    "WrongArguments": "Give them with --argument NAME=VALUE, or under [model] in the file.",
    "NotAModel": "Return a Model of the stack's own Keras, or (model, inputs).",
    "NoInputs": "Give a shape with --input-shape 2,5, or --signature, or return (model, inputs).",
}
_ELSE = "Correct the model or its inputs (--input-shape) so that it runs on this stack."


def is_of_request(raised: Raised) -> bool:
    """Whether the probe raised it of how the model is asked for: that says nothing of the model."""
    return raised.type in {*_BY_ERROR, "BadRequest"}


def remedy(side: Side) -> str:
    """One sentence."""
    observation = side.observation
    if observation is not None and observation.outcome.kind in _BY_ENDING:
        return _BY_ENDING[observation.outcome.kind]
    failed = side.failed
    return _BY_ERROR.get(failed[1].type, _ELSE) if failed is not None else _ELSE
