"""The last line of a result file: a digest of all others, so that what was damaged is never believed.

A flipped bit can leave valid JSON that says something else.
"""

import hashlib
import re
from pathlib import Path

from nestbench.store.codec import newer_schema
from nestbench.store.disk import StoreError
from nestprobe.observation import SCHEMA

__all__ = ["sealed", "unsealed"]

_END = "\n}\n"
_SEAL = re.compile(r',\n "seal": "([0-9a-f]{16})"\n}\n?\Z')
_SCHEMA = re.compile(r'{\s*"schema": ([0-9]{1,9})\b')  # a newer nestbench may lay it out in another way


def sealed(text: str) -> str:
    """The text of an encoded record with its seal."""
    return f'{text.removesuffix(_END)},\n "seal": "{_digest(text)}"{_END}'


def unsealed(text: str, path: Path) -> str:
    """The text without its seal.

    Raises StoreError, naming ``path``, where it has none, or is not what was sealed.
    """
    found = _SEAL.search(text, max(0, len(text) - 60))
    if found is None:
        why = "It has no seal, so it is not what was written: cut short, or changed by hand or by a merge."
    else:
        body = text[: found.start()] + _END
        if _digest(body) == found[1]:
            return body
        why = "Its seal says that it is not what was written: damaged, or changed by hand or by a merge."
    schema = _SCHEMA.match(text)
    if schema and int(schema[1]) > SCHEMA:  # another nestbench may seal in another way
        raise newer_schema(path, int(schema[1]), SCHEMA)
    raise StoreError(
        f"{path} is broken",
        why=why,
        do="Delete it, or bring it back from git, and run again: a run measures what is missing.",
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
