"""Lines of releases: stacks that differ in the version of one part, in the order of that version."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from packaging.version import Version

from nestbench.matrix.stack import Backend, Device, Flavour, Module, Stack

__all__ = ["Line", "lines"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of releases.

    ``name``: as a heading. ``part``: what its version is the version of. ``stacks``: oldest first.
    """

    id: str
    name: str
    part: str
    stacks: tuple[Stack, ...]

    def version(self, stack: Stack) -> str:
        """The stack's version of the part, e.g. ``2.15.1``."""
        return _version(self.part, stack)


@dataclass(frozen=True, kw_only=True)
class _Kind:
    id: str
    name: str
    part: str
    holds: Callable[[Stack], bool]


_KINDS = (
    _Kind(
        id="tensorflow",
        name="TensorFlow and its tf.keras",
        part="TensorFlow",
        holds=lambda stack: stack.distribution is None,
    ),
    _Kind(
        id="keras",
        name="Keras 3 on TensorFlow",
        part="Keras",
        holds=lambda stack: stack.flavour is Flavour.KERAS3 and stack.backend is Backend.TENSORFLOW,
    ),
    _Kind(
        id="keras2",
        name="Multi-backend Keras 2 on TensorFlow",
        part="Keras",
        holds=lambda stack: stack.flavour is Flavour.KERAS2 and stack.backend is Backend.TENSORFLOW,
    ),
    _Kind(
        id="tf-keras",
        name="tf-keras as tf_keras",
        part="tf-keras",
        holds=lambda stack: stack.flavour is Flavour.TF_KERAS and stack.module is Module.TF_KERAS_PACKAGE,
    ),
    _Kind(
        id="tf-keras-legacy",
        name="tf-keras as tf.keras (TF_USE_LEGACY_KERAS=1)",
        part="tf-keras",
        holds=lambda stack: stack.flavour is Flavour.TF_KERAS and stack.module is not Module.TF_KERAS_PACKAGE,
    ),
    _Kind(
        id="keras-jax",
        name="Keras 3 on JAX",
        part="Keras",
        holds=lambda stack: stack.backend is Backend.JAX,
    ),
    _Kind(
        id="keras-torch",
        name="Keras 3 on torch",
        part="Keras",
        holds=lambda stack: stack.backend is Backend.TORCH,
    ),
)


def lines(stacks: Sequence[Stack]) -> tuple[Line, ...]:
    """The lines that ``stacks`` are of; each stack is in one of them, an empty line is left out.

    Those on the CPU come first: a line is of one device.
    """
    return tuple(line for device in Device for line in _lines_on(device, stacks))


def _lines_on(device: Device, stacks: Sequence[Stack]) -> Iterator[Line]:
    left = [stack for stack in stacks if stack.device is device]
    suffix, where = ("", "") if device is Device.CPU else (f"-{device}", f", on a {device.upper()}")
    for kind in _KINDS:
        members = [stack for stack in left if kind.holds(stack)]
        left = [stack for stack in left if stack not in members]
        members.sort(key=lambda stack, part=kind.part: Version(_version(part, stack)))  # type: ignore[misc]
        if members:
            name, part = f"{kind.name}{where}", kind.part
            yield Line(id=f"{kind.id}{suffix}", name=name, part=part, stacks=tuple(members))


def _version(part: str, stack: Stack) -> str:
    return stack.keras if part != "TensorFlow" else str(stack.tensorflow)
