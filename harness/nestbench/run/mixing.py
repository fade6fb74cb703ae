"""Stacks that have some parts of one stack and the rest of another: what carries a difference."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from packaging.version import Version

from nestbench.errors import GroundError
from nestbench.matrix import Backend, Flavour, Matrix, Module, Stack
from nestbench.matrix.index import releases_of
from nestbench.run.derived import Answer, locked

__all__ = ["Mixture", "Part", "Ruling", "conclusion", "mixtures", "parts", "rule", "settled"]

_DAYS = timedelta(days=14)


class Part(StrEnum):
    """What two stacks can differ in."""

    PYTHON = "Python"
    BACKEND = "backend"
    KERAS = "Keras"


class Ruling(StrEnum):
    """What a mixture says of the part that was exchanged."""

    CARRIES = "carries the difference"
    ALONG = "and the Python that travels along carry the difference"
    NOT_ALONE = "does not carry it alone"
    ELSE = "gives a third behaviour"
    UNTOLD = "cannot be told"


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """``base`` with one part of ``giver``.

    ``stack`` is None where none can be thought of; ``note`` says why, or what stands in for a version
    that does not exist on the other side. ``instead``: the same with the giver's Python, for where nothing
    fits that of the base; ``along``: it was taken, so that Python was exchanged, too.
    """

    part: Part
    base: Stack
    giver: Stack
    stack: Stack | None
    note: str = ""
    instead: Stack | None = None
    along: bool = False


def parts(one: Stack, other: Stack) -> tuple[Part, ...]:
    """The parts in which two stacks differ."""
    facts: dict[Part, Callable[[Stack], object]] = {
        Part.PYTHON: lambda stack: stack.python,
        Part.BACKEND: lambda stack: (stack.backend, stack.tensorflow, stack.jax, stack.torch, stack.device),
        Part.KERAS: lambda stack: (stack.keras, stack.flavour, stack.module, dict(stack.environ)),
    }
    return tuple(part for part, of in facts.items() if of(one) != of(other))


def mixtures(one: Stack, other: Stack, matrix: Matrix, matrix_file: Path) -> Iterator[Mixture]:
    """``one`` with each of the parts of ``other``, and the other way round.

    Where they differ in one part alone, each with that part of the other is the other.
    """
    differing = parts(one, other)
    for part in differing:
        for base, giver in ((one, other), (other, one)):
            alone = len(differing) == 1
            stack, note = (giver, "") if alone else _made(part, base, giver, matrix, matrix_file)
            mixture = Mixture(part=part, base=base, giver=giver, stack=stack, note=note)
            yield mixture if part is Part.PYTHON else _with_base_python(mixture, matrix_file)


def settled(mixture: Mixture, matrix_file: Path, say: Callable[[str], None]) -> Mixture:
    """The mixture as it can be had: with the giver's Python, too, where nothing fits that of the base."""
    if mixture.stack is None or mixture.instead is None:
        return mixture
    try:
        locked(mixture.stack, matrix_file, say)
    except GroundError:
        note = f"Python {mixture.instead.python} travels along"
        note = f"{mixture.note}; {note}" if mixture.note else note
        return replace(mixture, stack=mixture.instead, instead=None, note=note, along=True)
    return mixture


def rule(mixed: Answer, base: Answer, giver: Answer, *, along: bool = False) -> Ruling:
    """Whether the part that was exchanged made the base behave as the giver does.

    ``along``: Python was exchanged with it.
    """
    if not mixed.behaviours:
        return Ruling.UNTOLD
    if mixed.same(giver):
        return Ruling.ALONG if along else Ruling.CARRIES
    return Ruling.NOT_ALONE if mixed.same(base) else Ruling.ELSE


def conclusion(said: AbstractSet[Ruling]) -> str:
    """What the mixtures of one part say together."""
    # Where one side tells the part by itself, the other one, told with Python, adds nothing.
    vague = {Ruling.UNTOLD, Ruling.ALONG} if Ruling.CARRIES in said else {Ruling.UNTOLD}
    known = said - vague
    if not known:
        return str(Ruling.UNTOLD)
    one_side = " (told from one side only)" if said & vague else ""
    if known == {Ruling.CARRIES}:
        return f"{Ruling.CARRIES}{one_side}"
    if known == {Ruling.ALONG}:
        return f"carries the difference with the Python that travels along: not told apart{one_side}"
    if known == {Ruling.NOT_ALONE}:
        return f"does not carry the difference{one_side}"
    return "carries it in one direction only, or together with another part"


_Made = tuple[Stack | None, str]


def _with_base_python(mixture: Mixture, file: Path) -> Mixture:
    """A backend and a Keras come from rows that may have another Python, which is a part of its own."""
    if mixture.stack is None:
        return mixture
    own, other = (_on(mixture.stack, one.python, file) for one in (mixture.base, mixture.giver))
    return replace(mixture, stack=own, instead=other if other.python != own.python else None)


def _on(stack: Stack, python: str, file: Path) -> Stack:
    if stack.python == python:
        return stack
    return _named(stack, f"{stack.id}-python{python}", file, python=python)


def _made(part: Part, base: Stack, giver: Stack, matrix: Matrix, file: Path) -> _Made:
    """The base with that part of the giver."""
    if part is Part.PYTHON:
        return _named(base, f"{base.id}-python{giver.python}", file, python=giver.python), ""
    backend, keras = (giver, base) if part is Part.BACKEND else (base, giver)
    return _pair(backend, keras, matrix, file)


def _pair(backend: Stack, keras: Stack, matrix: Matrix, file: Path) -> _Made:
    """A stack with the backend of one and the Keras of the other."""
    if _major(keras) == 2:  # noqa: PLR2004 - Keras 2 is never asked for by itself: it comes with a TensorFlow
        return _keras_2_on(backend, keras, matrix, file)
    facts = {
        "keras": keras.keras,
        "flavour": Flavour.KERAS3,
        "distribution": "keras",
        "module": Module.KERAS,
        "environ": {},
        "not_installed": (),
    }
    later = max(backend.uploaded, keras.uploaded)
    name = f"{backend.id}-with-keras{keras.keras}"
    return _named(backend, name, file, uploaded=later, resolved=later + _DAYS, **facts), ""


def _keras_2_on(backend: Stack, keras: Stack, matrix: Matrix, file: Path) -> _Made:
    """The Keras 2 that was released for a TensorFlow: its own, or tf-keras of the same minor."""
    if backend.backend is not Backend.TENSORFLOW or backend.tensorflow is None:
        return None, f"Keras {keras.keras} runs on TensorFlow alone"
    rows = [
        stack
        for stack in matrix.stacks
        if (stack.tensorflow, stack.device) == (backend.tensorflow, backend.device) and _major(stack) == 2  # noqa: PLR2004 - as above
    ]
    # As tf.keras, if there is one: that is how the other side reaches it.
    rows = rows or _tf_keras_for(backend, matrix, file)
    row = next((one for one in rows if one.module is keras.module), rows[0] if rows else None)
    if row is None:
        return None, f"no Keras 2 was released for TensorFlow {backend.tensorflow}"
    if row.keras == keras.keras:
        return row, ""
    return row, f"{row.keras} stands for Keras {keras.keras}: the Keras 2 of that TensorFlow"


def _tf_keras_for(backend: Stack, matrix: Matrix, file: Path) -> list[Stack]:
    """The last tf-keras of the backend's minor, under each of its names."""
    minor = Version(str(backend.tensorflow)).release[:2]
    oldest = ".".join(map(str, minor))
    releases = [one for one in releases_of("tf-keras", oldest) if Version(one.version).release[:2] == minor]
    if not releases:
        return []
    last = releases[-1]
    uploaded = max(last.uploaded or backend.uploaded, backend.uploaded)
    return [
        replace(
            template,
            id=f"{backend.id}-with-{template.module.replace('.', '-')}-{last.version}",
            tensorflow=backend.tensorflow,
            wheel=backend.wheel,
            extras=backend.extras,
            device=backend.device,
            # tf-keras asks for TensorFlow by that name: where it is the wheel, it is to be installed.
            not_installed=tuple(one for one in template.not_installed if one.name != backend.wheel),
            python=backend.python,
            keras=last.version,
            uploaded=uploaded,
            resolved=uploaded + _DAYS,
            matrix_file=file,
        )
        for template in matrix.stacks
        if template.flavour is Flavour.TF_KERAS
    ]


def _major(stack: Stack) -> int:
    return Version(stack.keras.removesuffix("-tf")).major


def _named(base: Stack, name: str, file: Path, **facts: object) -> Stack:
    return replace(base, id=name, matrix_file=file, **facts)  # type: ignore[arg-type]
