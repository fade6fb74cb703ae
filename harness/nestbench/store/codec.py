"""Records to JSON text and back: stable, readable in a diff, strictly validated.

Fields that hold their default are left out, and what most records say is written short (``short``).
"""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from nestbench.store.disk import StoreError
from nestbench.store.short import lengthen, shorten
from nestprobe.observation import PHASES, SCHEMA, OutcomeKind, Status

__all__ = ["MIGRATIONS", "NewerSchemaError", "decode", "encode", "names_of", "newer_schema"]

#: Schema number -> what turns data of that schema into data of the next. Empty as long as there is
#: one schema only.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

Record = TypeVar("Record")

_adapters: dict[Any, TypeAdapter[Any]] = {}  # slow to make

_WIDTH = 160
#: Ten times what a stack's whole result file has. Decoded, an item takes up to 700 bytes.
_MOST_ITEMS = 1_000_000
_WHOLE_LINES = "variables"  # its items are one line each, however long


class NewerSchemaError(StoreError):
    """The file was written by a newer nestbench; never treated as broken, so never overwritten."""


def newer_schema(path: Path, schema: int, newest: int) -> NewerSchemaError:
    """The error for the file at ``path``; ``newest``: the schema that this nestbench reads."""
    return NewerSchemaError(
        f"{path} has schema {schema}; this nestbench reads up to {newest}",
        why="It was written by a newer nestbench.",
        do="A newer nestbench is needed: update it, or leave out the folder that holds this file.",
    )


def encode(record: Any) -> str:
    """The text of a record: UTF-8, keys in a fixed order, newline at the end."""
    data = _data(record)
    for observation in data.get("observations", ()):
        shorten(observation)
    return "".join(_rendered(data, "", 0)) + "\n"


def decode(type_: type[Record], text: str, path: Path) -> Record:
    """The record that ``text`` holds, migrated to the current schema.

    Raises StoreError, naming ``path``, for anything that is not exactly such a record.
    """
    if text.count(",") > _MOST_ITEMS:
        raise _broken(path, f"It has more than {_MOST_ITEMS:,} items, as no result has.")
    try:
        data = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        cause = "a copy or a disk cut it short" if "EOF" in str(error) else "nestbench writes nothing like it"
        raise _broken(path, f"It is not whole JSON ({error}): {cause}.") from error
    data = _migrated(data, path)
    try:
        for observation in data.get("observations", ()):
            lengthen(observation)
        record: Record = _adapter(type_).validate_json(to_json(data))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _broken(path, f"At {where}: {first['msg']}.") from error
    except (AttributeError, TypeError, LookupError, ValueError) as error:
        raise _broken(path, f"It is not laid out as a result is ({error}).") from error
    _check_words(record, path)
    _check_counts(record, path)
    return record


def _broken(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} is broken",
        why=why,
        do="Delete it, or bring it back from git, and run again: a run measures what is missing.",
    )


def _adapter(type_: Any) -> TypeAdapter[Any]:
    if type_ not in _adapters:
        _adapters[type_] = TypeAdapter(type_)
    return _adapters[type_]


def _migrated(data: Any, path: Path) -> dict[str, Any]:
    schema = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool):
        raise _broken(path, "It has no schema number, so it is not a result of nestbench.")
    if schema > SCHEMA:
        raise newer_schema(path, schema, SCHEMA)
    while schema < SCHEMA:
        if schema not in MIGRATIONS:
            raise _broken(path, f"Its schema {schema} is older than any that can be read.")
        data = MIGRATIONS[schema](data)
        schema += 1
        data["schema"] = schema
    return dict(data)


def names_of(words: type[Any]) -> frozenset[str]:
    """The values of a class that only names words, such as ``OutcomeKind``."""
    return frozenset(value for name, value in vars(words).items() if not name.startswith("_"))


_OUTCOMES, _STATUSES, _PHASES = names_of(OutcomeKind), names_of(Status), frozenset(PHASES)


def _check_words(record: Any, path: Path) -> None:
    """What the wire types leave to plain text: phases, statuses and outcomes have fixed names."""
    for observation in getattr(record, "observations", ()):
        found = {observation.outcome.kind} - _OUTCOMES
        found |= observation.phases.keys() - _PHASES
        found |= {phase.status for phase in observation.phases.values()} - _STATUSES
        if found:
            raise _broken(path, f"It uses words that are not in the vocabulary: {sorted(found)}.")


def _check_counts(record: Any, path: Path) -> None:
    """What the probe counts itself is never below zero; what a model says of itself (count_params) may be."""
    for observation in getattr(record, "observations", ()):
        counts: list[int | None] = []
        for phase in observation.phases.values():
            counts += [phase.python_calls, phase.variables_created, *(phase.user_calls or {}).values()]
            if phase.model is not None:
                counts += [phase.model.weights, phase.model.trainable_weights, phase.model.losses]
        for one in observation.variables:
            counts += [one.in_weights, one.in_trainable_weights]
            counts += [size + 1 for size in one.shape]  # -1: of no fixed size
        if any(count is not None and count < 0 for count in counts):
            raise _broken(path, f"It holds a number of things below zero, of {observation.case}.")
    times = [*getattr(record, "seconds", {}).values(), getattr(record, "import_seconds", None)]
    if any(seconds is not None and not 0 <= seconds < math.inf for seconds in times):
        raise _broken(path, "It holds a time that is below zero or without end.")


def _data(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _data(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name == "schema" or getattr(value, field.name) != _default(field)
        }
    if isinstance(value, Mapping):
        order = {name: place for place, name in enumerate(PHASES)}
        keys = sorted(value, key=lambda key: (order.get(key, len(order)), key))
        return {key: _data(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return [_data(item) for item in value]
    return value


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default  # MISSING where there is none: equal to no value


def _rendered(value: Any, key: str, depth: int) -> list[str]:
    """Pieces of text: a container stays on one line while it fits."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or (depth and _fits(flat, key, depth)):
        return [flat]
    inner = "\n" + " " * (depth + 1)
    pieces = ["{" if isinstance(value, dict) else "["]
    items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for place, (name, item) in enumerate(items):
        pieces.append(("," if place else "") + inner)
        if name is not None:
            pieces.append(json.dumps(name, ensure_ascii=False) + ": ")
        if key == _WHOLE_LINES:
            pieces.append(json.dumps(item, ensure_ascii=False))
        else:
            pieces += _rendered(item, name or "", depth + 1)
    pieces.append("\n" + " " * depth + ("}" if isinstance(value, dict) else "]"))
    return pieces


def _fits(flat: str, key: str, depth: int) -> bool:
    return key not in (_WHOLE_LINES, "observations") and depth + len(key) + 4 + len(flat) <= _WIDTH
