"""Records that are kept as they are, in files of their own: as data with a schema, and back from text."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from nestbench.store.codec import newer_schema
from nestbench.store.disk import StoreError

__all__ = ["STRICT", "from_text", "to_data"]

#: Of a record that takes no unknown field and no wrong type.
STRICT = ConfigDict(strict=True, extra="forbid")

Record = TypeVar("Record")

_AGAIN = "Delete it: what it stood for is measured again by the command that made it."


def to_data(record: Any, schema: int) -> dict[str, Any]:
    """The fields of a dataclass that are not at their default, in their order, after its schema."""
    data = json.loads(TypeAdapter(type(record)).dump_json(record, exclude_defaults=True))
    return {"schema": schema, **data}


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def from_text(kind: type[Record], text: str, path: Path, schema: int, *, do: str = _AGAIN) -> Record:
    """The record that ``text`` holds; ``schema``: the newest that can be read; ``do``: where it is broken.

    Raises StoreError, naming ``path``, for anything that is not exactly such a record; NewerSchemaError
    for one of a newer nestbench.
    """
    try:
        data: Any = json.loads(text, parse_constant=_refused)
        if isinstance(data, dict) and isinstance(data.get("schema"), int) and data["schema"] > schema:
            raise newer_schema(path, data["schema"], schema)
        record: Record = TypeAdapter(kind).validate_json(text)
    except (ValueError, ValidationError, RecursionError) as error:
        raise StoreError(
            f"{path} is broken",
            why=str(error).splitlines()[0],
            do=do,
        ) from error
    return record
