"""A stack: one combination of Python, backend and Keras, as fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, ConfigDict, Field, Strict

from nestbench.names import Asked, matching, require_known, the_one


class Flavour(StrEnum):
    """Where a stack's Keras comes from."""

    BUILT_IN = "tf.keras"  # inside the TensorFlow wheel
    KERAS2 = "keras2"  # the keras distribution, before 3: what tf.keras was made of, or multi-backend
    KERAS3 = "keras3"
    TF_KERAS = "tf-keras"  # Keras 2 kept alive beside Keras 3


class Backend(StrEnum):
    """What Keras computes with."""

    TENSORFLOW = "tensorflow"
    JAX = "jax"
    TORCH = "torch"


class Module(StrEnum):
    """Under which name cases are handed Keras."""

    TF_KERAS_ATTRIBUTE = "tf.keras"
    KERAS = "keras"
    TF_KERAS_PACKAGE = "tf_keras"


class Platform(StrEnum):
    """Operating system and processor that a stack's wheels are made for."""

    LINUX_X86_64 = "linux-x86_64"


class Device(StrEnum):
    """What a stack computes on."""

    CPU = "cpu"
    GPU = "gpu"


def _version(text: str) -> str:
    try:
        Version(text)
    except InvalidVersion as error:
        raise ValueError("not a version, such as 2.15.1") from error
    return text


def _requirement(text: str) -> str:
    try:
        Requirement(text)
    except InvalidRequirement as error:
        raise ValueError(f"not a requirement, such as numpy<2 ({error})") from error
    return text


# The id names files and folders, so that a separator must not get in.
StackId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+_-]*$", max_length=60)]
VersionText = Annotated[str, AfterValidator(_version)]
RequirementText = Annotated[str, AfterValidator(_requirement)]
Name = Annotated[str, AfterValidator(lambda text: str(canonicalize_name(text, validate=True)))]
Reason = Annotated[str, Field(min_length=10)]
Day = Annotated[date, Strict()]

VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Address = Annotated[str, Field(pattern=r"^https://\S+$")]

_CLOSED = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True)
class HoldBack:
    """A requirement added to a lock's input to keep a dependency back."""

    __pydantic_config__ = _CLOSED

    requirement: RequirementText
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Sdist:
    """A package that may be built from source, because no wheel of it fits."""

    __pydantic_config__ = _CLOSED

    name: Name
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class NotInstalled:
    """A package that the lock is resolved with and that is not installed."""

    __pydantic_config__ = _CLOSED

    name: Name
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One row of the matrix; see the head of stacks.toml for the meaning of each field.

    ``tools`` and ``matrix_file`` come from the file as a whole, not from the row.
    """

    __pydantic_config__ = _CLOSED

    id: StackId
    backend: Backend = Backend.TENSORFLOW
    tensorflow: VersionText | None = None
    wheel: Name | None = None
    jax: VersionText | None = None
    torch: VersionText | None = None
    extras: tuple[Name, ...] = ()
    keras: Annotated[str, Field(pattern=r"^\d+\.\d+(\.\d+)?(-tf)?$")]
    flavour: Flavour
    distribution: Name | None = None
    module: Module = Module.TF_KERAS_ATTRIBUTE
    environ: Mapping[VariableName, str] = field(default_factory=dict, hash=False)
    find_links: Address | None = None
    python: Annotated[str, Field(pattern=r"^3\.\d+$")]
    platform: Platform
    device: Device
    uploaded: Day
    resolved: Day
    sdists: tuple[Sdist, ...] = ()
    hold_backs: tuple[HoldBack, ...] = ()
    not_installed: tuple[NotInstalled, ...] = ()
    tools: tuple[RequirementText, ...]
    matrix_file: Path

    def __post_init__(self) -> None:
        if self.resolved < self.uploaded:
            raise ValueError(f"field 'resolved': {self.resolved} is before 'uploaded', {self.uploaded}")
        if getattr(self, self.backend) is None:
            raise ValueError(f"field '{self.backend}' is missing: the version that the backend has")
        if (self.tensorflow is None) != (self.wheel is None):
            raise ValueError("fields 'tensorflow' and 'wheel' come together: the version and what carries it")
        if self.backend is not Backend.TENSORFLOW and self.module is not Module.KERAS:
            raise ValueError(f"field 'module': {self.backend} is used through 'keras' alone")

    @property
    def requirements(self) -> tuple[str, ...]:
        """What the lock is resolved from, jointly."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        asked = (
            (self.wheel, extras, self.tensorflow),
            (Backend.JAX, extras, self.jax),
            ("jaxlib", "", self.jax),  # early releases of jax install without it
            (Backend.TORCH, extras, self.torch),
            (self.distribution, "", self.keras),
        )
        return (
            *(f"{name}{more}=={version}" for name, more, version in asked if name and version),
            *self.tools,
            *(held.requirement for held in self.hold_backs),
        )

    @property
    def is_keras_2(self) -> bool:
        """Whether its Keras is older than 3, and no tf-keras."""
        return self.flavour in (Flavour.BUILT_IN, Flavour.KERAS2)

    @property
    def is_multi_backend_2(self) -> bool:
        """Whether its Keras is the one that was multi-backend before Keras 3: no ``tf.keras``."""
        return self.flavour is Flavour.KERAS2 and self.module is Module.KERAS

    @property
    def engine(self) -> str | None:
        """The probe's engine, where it is another than that of the backend."""
        return "symbolic" if self.is_multi_backend_2 else None

    @property
    def imports(self) -> dict[str, str]:
        """Versions, by module, that a process of this stack must find itself with."""
        return {str(self.backend): str(getattr(self, self.backend)), "keras": self.keras}

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables by which the probe and Keras know what to import."""
        return {
            **self.environ,
            "KERAS_BACKEND": str(self.backend),
            "NESTPROBE_KERAS": str(self.module),
        }


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """All stacks of a matrix file, in the file's order."""

    stacks: tuple[Stack, ...]
    file: Path

    def get(self, stack_id: str) -> Stack:
        """The stack of that id.

        Raises:
            UsageError: there is none; the error names the nearest ids, or those that a pattern matches.
        """
        asked = self.asked([stack_id])
        return self.stacks[asked.known.index(the_one(asked, stack_id))]

    def asked(self, patterns: Sequence[str]) -> Asked:
        """What ``select`` is asked for, to be checked together with other names."""
        known = [stack.id for stack in self.stacks]
        return Asked(kind="stack", patterns=patterns, known=known, lists="`nestbench matrix`")

    def meant(self, patterns: Sequence[str]) -> frozenset[str]:
        """The ids that ``patterns`` insist on.

        A pattern that matches stacks on both devices means those on the CPU.
        """
        found: set[str] = set()
        for pattern in patterns:
            stacks = self.select([pattern]).stacks
            on_cpu = [stack.id for stack in stacks if stack.device is Device.CPU]
            found.update(on_cpu or [stack.id for stack in stacks])
        return frozenset(found)

    def select(self, patterns: Sequence[str]) -> Self:
        """The matrix cut down to those stacks, in the order asked for; all of them for none.

        Raises:
            UsageError: an id or pattern matches nothing; the error names all of these.
        """
        if not patterns:
            return self
        asked = self.asked(patterns)
        require_known(asked)
        found = dict.fromkeys(name for one in patterns for name in matching(one, asked.known))
        return type(self)(stacks=tuple(self.get(name) for name in found), file=self.file)
