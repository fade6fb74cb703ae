"""What an audit is asked: a model, how to make and call it, and the stacks; from a file, or as options."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from nestbench.errors import UsageError, did_you_mean
from nestbench.given import given_toml
from nestbench.portability.record import KINDS
from nestprobe import subject

__all__ = ["Asked", "Input", "Model", "asked_for", "input_of"]

_EXAMPLE = "2,5, or 2,16:int32, or with a name left=2,5"
_CLOSED = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)
# The probe is written for Python 3.7 and carries no annotations; these are theirs.
_parse_shape: Callable[[str], subject.InputSpec] = subject.parse_shape


def _target(text: str) -> str:
    place, colon, name = text.rpartition(":")
    if text and not (colon and place.isprintable() and place and name.replace(".", "").isidentifier()):
        raise ValueError("not of the form package.module:factory or path/to/file.py:factory")
    return text


class Input(BaseModel):
    """One input: ``shape`` with the batch axis, -1 where a size is open; integers stay below ``below``."""

    model_config = _CLOSED

    shape: tuple[int, ...] = Field(min_length=1)
    dtype: str = "float32"
    name: str | None = None
    below: int = Field(default=2, ge=1)

    @field_validator("shape")
    @classmethod
    def _sizes(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if any(size < 1 and size != -1 for size in sizes):
            raise ValueError("sizes are whole numbers from 1 on, or -1 for one that is open")
        return sizes


class Model(BaseModel):
    """``factory`` makes the model with ``arguments``; modules are looked up in ``path``, too."""

    model_config = _CLOSED

    factory: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    path: tuple[Path, ...] = ()

    @field_validator("factory")
    @classmethod
    def _form(cls, text: str) -> str:
        return _target(text)


class Asked(BaseModel):
    """Everything that an audit needs to know.

    ``inputs``: what the model is called with; ``signature``: a function instead, named as a factory is,
    that returns a batched ``tf.data.Dataset`` or its ``element_spec``. With neither of them the factory
    returns ``(model, inputs)``. ``files``: the kinds of file that the person keeps, and is told of.
    """

    model_config = _CLOSED

    before: str = Field(alias="from")
    after: str = Field(alias="to")
    via: tuple[str, ...] = ()
    requirements: tuple[Path, ...] = ()
    signature: str = ""
    files: tuple[Literal["weights", "model", "checkpoint"], ...] = KINDS
    model: Model
    inputs: tuple[Input, ...] = Field(default=(), alias="input")

    @field_validator("signature")
    @classmethod
    def _form(cls, text: str) -> str:
        return _target(text)

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks on the way, the oldest first."""
        return (self.before, *self.via, self.after)

    @property
    def shown(self) -> str:
        """The model as a person names it: a path below this folder is relative to it."""
        place, colon, name = self.model.factory.rpartition(":")
        path = Path(place)
        below = path.is_absolute() and path.is_relative_to(Path.cwd())
        return f"{path.relative_to(Path.cwd()) if below else place}{colon}{name}"

    def spec(self) -> dict[str, Any]:
        """The model as ``nestprobe.audited`` takes it."""
        return {
            "model": self.model.model_dump(mode="json"),
            "input": [one.model_dump(mode="json") for one in self.inputs],
            "signature": self.signature,
        }


def input_of(text: str) -> dict[str, Any]:
    """The table of an input written as ``left=2,5:int32``. Raises UsageError."""
    try:
        spec = _parse_shape(text)
    except subject.SubjectError as error:
        raise UsageError(str(error.what), do=f"Write it as {_EXAMPLE}.") from error
    shape = [-1 if size is None else size for size in spec.shape]
    return {"shape": shape, "dtype": spec.dtype, "name": spec.name, "below": spec.below}


def asked_for(path: Path | None, options: Mapping[str, Any], model: Mapping[str, Any]) -> Asked:
    """What is asked: the file's words, each replaced by an option of that name where one is given.

    ``options``: words of the file's top; ``model``: of its table ``[model]``. Arguments of the
    factory are replaced one by one. Paths in the file are relative to it, in options to the current
    folder. Raises UsageError for a file that cannot be read, a word that is unknown or has the wrong form,
    and for what is missing.
    """
    folder = path.absolute().parent if path is not None else Path.cwd()
    table = _absolute(_read(path), folder) if path is not None else {}
    given = {word: value for word, value in options.items() if value}
    here = _absolute({**given, "model": {word: value for word, value in model.items() if value}}, Path.cwd())
    own = table.get("model", {})
    if isinstance(own, dict):
        said = here.pop("model")
        if isinstance(own.get("arguments"), dict):
            said["arguments"] = {**own["arguments"], **said.get("arguments", {})}
        table["model"] = {**own, **said}
        # As Python has it, what lies in the folder can be imported.
        table["model"]["path"] = [*table["model"].get("path", ()), folder]
    table |= here
    where = str(path) if path is not None else "The command line"
    try:
        asked = Asked.model_validate(table)
    except ValidationError as error:
        raise UsageError(f"{where}: {_problems(error)}.", do=_remedy(error)) from error
    _check(asked, where)
    return asked


def _absolute(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same with the paths in it absolute; what has the wrong form is left for the validation."""
    found = dict(table)
    found["requirements"] = _paths(found.get("requirements", []), folder)
    found["signature"] = _file_made_absolute(found.get("signature", ""), folder)
    model = found.get("model")
    if isinstance(model, Mapping):
        model = dict(model)
        if "factory" in model:
            model["factory"] = _file_made_absolute(model["factory"], folder)
        model["path"] = _paths(model.get("path", []), folder)
        found["model"] = {word: value for word, value in model.items() if value != []}
    return {word: value for word, value in found.items() if value not in ("", [])}


def _paths(given: Any, folder: Path) -> Any:
    if isinstance(given, str | Path):
        given = [given]
    if isinstance(given, Sequence) and all(isinstance(one, str | Path) for one in given):
        return [folder / one for one in given]
    return given


def _file_made_absolute(target: Any, folder: Path) -> Any:
    """``path/to/file.py:name`` with the path absolute; a module's name as it is."""
    if not isinstance(target, str):
        return target
    place, colon, name = target.rpartition(":")
    return (
        f"{(folder / place).resolve()}{colon}{name}"
        if place.endswith(".py") and place.isprintable()
        else target
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return given_toml(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", do="Correct the path given with --file."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", do="Name a TOML file with --file.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{path} is not valid TOML: {error}.",
            why="a quote, a bracket or an equals sign is missing at that place",
            do="Correct that line.",
        ) from error


def _check(asked: Asked, where: str) -> None:
    if asked.inputs and asked.signature:
        raise UsageError(f"{where}: there are inputs and a signature.", do="Give one of the two.")
    names = [one.name for one in asked.inputs]
    if any(names) and (not all(names) or len(set(names)) < len(names)):
        raise UsageError(
            f"{where}: the inputs have names in part, or one name twice.",
            do="Name each, for a model that takes a dict; or none, for one that takes a list.",
        )
    doubled = sorted({one for one in asked.stacks if asked.stacks.count(one) > 1})
    if doubled:
        raise UsageError(f"{where}: {', '.join(doubled)} is named twice.", do="Name each stack once.")
    for target in filter(None, (asked.model.factory, asked.signature)):
        file = target.rpartition(":")[0]
        if file.endswith(".py") and not Path(file).is_file():
            raise UsageError(f"{where}: there is no file {file}.", do="Correct the path.")


def _problems(error: ValidationError) -> str:
    """Every problem as a phrase."""
    known: dict[str, type[BaseModel]] = {"": Asked, "model": Model, "input": Input}
    phrases = []
    for one in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in one["loc"])
        if one["type"] == "missing":
            phrases.append(f"'{name}' is missing")
        elif one["type"] == "extra_forbidden":
            table = known[str(one["loc"][0]) if len(one["loc"]) > 1 else ""]
            words = [field.alias or word for word, field in table.model_fields.items()]
            near = did_you_mean(str(one["loc"][-1]), words).rstrip("?")
            phrases.append(f"unknown '{name}'" + (f" ({near[:1].lower()}{near[1:]}?)" if near else ""))
        else:
            text = one["msg"].removeprefix("Value error, ")
            phrases.append(f"'{name}': {text[:1].lower()}{text[1:]} (it is {one['input']!r})")
    return "; ".join(phrases)


def _remedy(error: ValidationError) -> str:
    missing = [str(one["loc"][-1]) for one in error.errors() if one["type"] == "missing"]
    options = {"from": "--from STACK", "to": "--to STACK", "model": "MODEL", "factory": "MODEL"}
    if missing:
        words = " and ".join(dict.fromkeys(options.get(one, one) for one in missing))
        return f"Give {words} on the command line, or write it in the file named with --file."
    return "docs/audit.md shows what an audit file holds."
