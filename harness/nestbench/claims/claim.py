"""A claim as data: a sentence, its source, the stacks it speaks of, and the signals that decide it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from nestbench.catalogue import CaseEntry, Catalogue, Variant
from nestbench.claims.signal import parse
from nestbench.errors import UsageError
from nestbench.matrix import Backend, Flavour, Stack

__all__ = ["SHIPPED", "Claim", "Decider", "Scope", "load_claims"]

SHIPPED = Path(__file__).parent / "claims.toml"
_CLOSED = ConfigDict(extra="forbid")


def _specifier(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError("not a range of versions, such as >=3.0,<3.5") from error
    return text


def _expression(text: str) -> str:
    parse(text)
    return text


Range = Annotated[str, AfterValidator(_specifier)]
Expression = Annotated[str, AfterValidator(_expression)]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which stacks a claim speaks of, by their facts; what is left out does not restrict.

    Of multi-backend Keras 2 only a claim speaks that says so with ``multi_backend``: guides and issues
    that say Keras 2 mean ``tf.keras``.
    """

    __pydantic_config__ = _CLOSED

    keras: Range | None = None
    tensorflow: Range | None = None
    flavour: Flavour | None = None
    backend: Backend | None = None
    multi_backend: bool = False

    def holds(self, stack: Stack) -> bool:
        """Whether the claim speaks of ``stack``. TensorFlow's own ``2.3.0-tf`` counts as Keras 2.3.0."""
        return not self.leaves_out(stack)

    def leaves_out(self, stack: Stack) -> str:
        """Why the claim does not speak of ``stack``; empty where it does."""
        if stack.is_multi_backend_2 and not self.multi_backend:
            return "it says nothing of multi-backend Keras 2"
        if self.flavour not in (None, stack.flavour):
            return f"it is about Keras as {self.flavour}"
        if self.backend not in (None, stack.backend):
            return f"it is about Keras on {self.backend}"
        if not _within(self.keras, stack.keras.removesuffix("-tf")):
            return f"it is about Keras {self.keras}"
        if not _within(self.tensorflow, stack.tensorflow):
            return f"it is about TensorFlow {self.tensorflow}"
        return ""


def _within(asked: str | None, version: str | None) -> bool:
    return asked is None or (version is not None and Version(version) in SpecifierSet(asked))


@dataclass(frozen=True, kw_only=True)
class Decider:
    """Expressions that must all hold on a case; on those of its variants that ``variant`` names."""

    __pydantic_config__ = _CLOSED

    case: str
    variant: Mapping[str, str] = field(default_factory=dict)
    holds: Annotated[tuple[Expression, ...], Field(min_length=1)]

    def variants(self, case: CaseEntry) -> list[Variant]:
        """The variants of ``case`` that decide."""
        return [one for one in case.variants if self.variant.items() <= one.names.items()]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One sentence and what decides it. ``sources``: full links to where it is said."""

    __pydantic_config__ = _CLOSED

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    sentence: Annotated[str, Field(min_length=20)]
    sources: Annotated[tuple[Annotated[str, Field(pattern=r"^https://\S+$")], ...], Field(min_length=1)]
    stacks: Scope = field(default_factory=Scope)
    decided_by: Annotated[tuple[Decider, ...], Field(min_length=1)]


def load_claims(catalogue: Catalogue, path: Path = SHIPPED) -> tuple[Claim, ...]:
    """The claims in the TOML file at ``path``, each with cases that ``catalogue`` has.

    Raises UsageError, naming the claim, for a field, an expression, a case or a variant that is not
    known, and for an id that is there twice.
    """
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["claim"]
    claims = tuple(_claim(row, path) for row in rows)
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise UsageError(
                f"{path}: the claim {claim.id} is there twice.", do="Give each an id of its own."
            )
        seen.add(claim.id)
        for decider in claim.decided_by:
            if not decider.variants(catalogue.get(decider.case)):
                raise UsageError(
                    f"{path}, claim {claim.id}: {decider.case} has no variant {dict(decider.variant)}.",
                    do=f"`nestbench cases show {decider.case}` lists its variants.",
                )
    return claims


def _claim(row: Mapping[str, object], path: Path) -> Claim:
    try:
        return TypeAdapter(Claim).validate_python(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"{path}, claim {row.get('id')!r}: {where}: {first['msg']}.",
            do="The head of the file explains every field.",
        ) from error
