"""Names of files and places of the site: safe in a path, in an address and in HTML, one for each label."""

import hashlib
import re

from nestbench.catalogue import Variant
from nestbench.verdicts import Entry

__all__ = ["cell_anchor", "file_name", "row_anchor"]

_SAFE = re.compile(r"[A-Za-z0-9_+-]+")
_SAFE_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._+-]*")
_UNSAFE = re.compile(r"[^A-Za-z0-9_+-]+")


def file_name(name: str) -> str:
    """``name`` where it can stand in a path and an address; else what can, with a digest of it."""
    return name if _SAFE_FILE.fullmatch(name) else _spelled(name)


def row_anchor(case: str, variant: Variant, entry: Entry = Entry.CALL) -> str:
    """Name of a row: ``list-of-layers.owner-layer``, with ``.build`` for build(shape) alone."""
    parts = [file_name(case), *(_part(name, value) for name, value in variant.values)]
    return ".".join([*parts, *(["build"] if entry is Entry.BUILD else [])])


def cell_anchor(row: str, stack: str) -> str:
    """Name of a square of the matrix: ``list-of-layers.owner-layer@tf2.15``."""
    return f"{row}@{stack}"


def _part(name: str, value: str) -> str:
    return f"{name}-{value if _SAFE.fullmatch(value) else _spelled(value)}"


def _spelled(text: str) -> str:
    """Of two texts that are alike once cleaned, each stays apart from the other."""
    return f"{_UNSAFE.sub('-', text)[:40].strip('-')}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"
