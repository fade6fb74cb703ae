"""What loading stacks found, one file a stack: the same bytes for the same findings."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import nestprobe
from nestbench.catalogue import CaseEntry, Variant, row_label
from nestbench.digests import probe_digest
from nestbench.matrix import Stack
from nestbench.matrix.locks import lock_digest
from nestbench.portability.chosen import Chosen
from nestbench.store.disk import StoreError, read_text, write_text

__all__ = ["KINDS", "UNAVAILABLE", "Loaded", "Loads", "Shelf", "basis", "loaded_from"]

KINDS: Final = ("weights", "model", "checkpoint")
UNAVAILABLE: Final = "unavailable"  # nobody knows what the stack would have saved: it could not be asked
_SCHEMA = 2


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What became of one file: ``result`` is a word of ``nestprobe.exchange.Result`` or an outcome.

    ``detail``: the exception, or why there was nothing to load. ``warnings``: those of loading.
    ``back``: whose values came back, and in which variable, as places among the floating variables of
    the stack that saved and of the one that loaded; None where nobody asked, or it could not be told.
    """

    result: str
    detail: str = ""
    warnings: tuple[str, ...] = ()
    back: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Loads:
    """Everything that one stack loaded, by case variant, saver and kind; and what it rests on."""

    stack: str
    basis: str
    found: Mapping[str, Mapping[str, Mapping[str, Loaded]]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether all the stacks that were to save could be asked."""
        files = (one for savers in self.found.values() for kinds in savers.values() for one in kinds.values())
        return all(one.result != UNAVAILABLE for one in files)


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The folder of the files. Raises StoreError where one is broken or cannot be written."""

    root: Path

    def path(self, stack: str) -> Path:
        """Where what ``stack`` loaded is kept."""
        return self.root / f"{stack}.json"

    def load(self, stack: str) -> Loads | None:
        """What ``stack`` loaded; None where nothing is kept."""
        path = self.path(stack)
        text = read_text(path)
        if text is None:
            return None
        try:
            data = json.loads(text)
            if data["schema"] != _SCHEMA:
                raise ValueError(f"schema {data['schema']}")
            said = dict(enumerate(data["said"]))
            found = {
                label: {
                    saver: {kind: _from_data(one, said) for kind, one in kinds.items()}
                    for saver, kinds in savers.items()
                }
                for label, savers in data["found"].items()
            }
            return Loads(stack=data["stack"], basis=data["basis"], found=found)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"{path} is broken",
                why=f"It is not laid out as what portability writes ({error}).",
                do="Delete it, and run `nestbench portability` again.",
            ) from error

    def save(self, loads: Loads) -> None:
        """Keep what a stack loaded."""
        said: dict[str, int] = {}
        found = {
            label: {
                saver: {kind: _to_data(kinds[kind], said) for kind in KINDS if kind in kinds}
                for saver, kinds in savers.items()
            }
            for label, savers in loads.found.items()
        }
        data = {
            "schema": _SCHEMA,
            "stack": loads.stack,
            "basis": loads.basis,
            "said": list(said),
            "found": found,
        }
        write_text(self.path(loads.stack), _rendered(data))


def basis(chosen: Chosen, stack: Stack) -> str:
    """Fingerprint of all that the findings of ``stack`` depend on: probe, cases, every lock."""
    exchange = (Path(nestprobe.__file__).parent / "exchange.py").read_bytes()
    parts = [
        probe_digest(),
        hashlib.sha256(exchange).hexdigest(),
        stack.id,
        *(f"{one.id} {lock_digest(one)}" for one in chosen.stacks),
        *(f"{label_of(entry, variant)} {entry.digest}" for entry, variant in chosen.cells),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def label_of(entry: CaseEntry, variant: Variant) -> str:
    """``case`` or ``case[owner=layer]``."""
    return row_label(entry.id, variant.label)


def _to_data(one: Loaded, said: dict[str, int]) -> Any:
    """A word where there is nothing to add. ``said``: texts with their places; most stand for many files."""
    if not one.detail and not one.warnings and one.back is None:
        return one.result
    data: dict[str, Any] = {"result": one.result}
    if one.detail:
        data["detail"] = said.setdefault(one.detail, len(said))
    if one.warnings:
        data["warnings"] = [said.setdefault(text, len(said)) for text in one.warnings]
    if one.back is not None:
        data["back"] = [list(pair) for pair in one.back]
    return data


def _from_data(data: Any, said: Mapping[int, str]) -> Loaded:
    if isinstance(data, str):
        return Loaded(result=data)
    texts = {"warnings": [said[place] for place in data.get("warnings", ())]}
    return loaded_from({**data, "detail": said[data["detail"]] if "detail" in data else "", **texts})


def loaded_from(entry: Mapping[str, Any]) -> Loaded:
    """An entry of the probe's answer."""
    back = entry.get("back")
    return Loaded(
        result=entry["result"],
        detail=entry.get("detail", ""),
        warnings=tuple(entry.get("warnings", ())),
        back=None if back is None else tuple((saved, held) for saved, held in back),
    )


def _rendered(data: dict[str, Any]) -> str:
    """A line for each saver and each text: what changes is seen in a diff."""
    lines = ["{", *(f' "{name}": {json.dumps(data[name])},' for name in ("schema", "stack", "basis"))]
    texts = ",\n".join(f"  {json.dumps(text, ensure_ascii=False)}" for text in data["said"])
    lines.append(f' "said": [\n{texts}\n ],' if texts else ' "said": [],')
    lines.append(' "found": {')
    labels = list(data["found"].items())
    for place, (label, savers) in enumerate(labels):
        lines.append(f"  {json.dumps(label)}: {{")
        rows = [
            f"   {json.dumps(saver)}: {json.dumps(kinds, ensure_ascii=False)}"
            for saver, kinds in savers.items()
        ]
        lines.append(",\n".join(rows))
        lines.append("  }" + ("," if place < len(labels) - 1 else ""))
    return "\n".join([*lines, " }", "}", ""])
