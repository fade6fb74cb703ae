"""The matrix saved-on by loaded-on, as text, Markdown and CSV."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from nestbench.portability.record import KINDS, Loaded, Loads

__all__ = ["LEGEND", "LETTERS", "TITLES", "WEIGHTS_FILE", "squares", "to_csv", "to_text"]

TITLES = {
    "weights": "Weights files (save_weights to model.weights.h5, to no other name)",
    "model": "Model files (save to the single-file format of the release: .h5 to TF 2.11, .keras since)",
    "checkpoint": "TF checkpoints (tf.train.Checkpoint)",
}
LETTERS = {
    "equal": "=", "differs": "D", "refuses": "R", "not-saved": "-", "not-applicable": "-",
    "timed-out": "H", "crashed": "X", "exited": "X", "out-of-memory": "X", "unavailable": "?",
}  # fmt: skip
LEGEND = (
    "= equal: loads, and gives the output that was saved; w with a warning; D loads without an error and "
    "gives another output; R refuses: an exception; H hangs until the limit; X the process dies; - nothing "
    "was saved, or the kind does not exist there; ? could not be measured."
)


#: What is measured where a weights file is spoken of.
WEIGHTS_FILE = (
    "The weights file is what `save_weights()` writes to `model.weights.h5`; no other name is tried. In "
    "tf.keras of Keras 2 the name decides the format: from TensorFlow 2.12 on, `.weights.h5` is a format "
    "of its own, any other `.h5` is the older HDF5 format, and a name such as `weights` gives a TF "
    "checkpoint. Up to 2.11, `.weights.h5` is the older HDF5 format, too. Keras 3 writes no `.h5` but "
    "`.weights.h5`, and reads the older `.h5`. A loss of the weights file is not said of the other "
    "formats. Do not rename a good `.h5` to `.weights.h5`: from 2.12 on it is then taken for the other "
    "format, and refused, or read without a word as if it held nothing."
)


def to_text(loads: Sequence[Loads], cases: Sequence[str] = (), *, markdown: bool = False) -> str:
    """One matrix a kind: how many of the files that were saved come back equal, and what the others do.

    ``cases``: labels; with one of them the squares are letters. Rows save, columns load.
    """
    parts = []
    for kind in KINDS:
        rows = squares(loads, kind, cases)
        parts.append(_title(TITLES[kind], markdown=markdown))
        parts.append(_table(rows, markdown=markdown))
    return "\n".join(
        [*parts, f"Columns load. {_COUNTED if len(cases) != 1 else ''}{LEGEND}", WEIGHTS_FILE, ""]
    )


def squares(loads: Sequence[Loads], kind: str, cases: Sequence[str] = ()) -> list[list[str]]:
    """The matrix of one kind of file: a head, then a row for each saver, a square for each loader."""
    head = ["saved on", *(one.stack for one in loads)]
    rows = [
        [saver, *(_square(_entries(one, saver, kind, cases)) for one in loads)] for saver in _savers(loads)
    ]
    return [head, *rows]


_COUNTED = "The number is of files that come back equal, of all that were saved; then what the others do. "


def to_csv(loads: Sequence[Loads]) -> str:
    """One row a file and loading stack."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["case", "kind", "saved_on", "loaded_on", "result", "detail", "warnings"])
    for one in loads:
        for label, savers in one.found.items():
            for saver, kinds in savers.items():
                for kind, loaded in kinds.items():
                    warnings = " | ".join(loaded.warnings)
                    writer.writerow([label, kind, saver, one.stack, loaded.result, loaded.detail, warnings])
    return out.getvalue()


def _savers(loads: Sequence[Loads]) -> list[str]:
    return list(dict.fromkeys(saver for one in loads for rows in one.found.values() for saver in rows))


def _entries(one: Loads, saver: str, kind: str, cases: Sequence[str]) -> Iterator[Loaded]:
    for label, savers in one.found.items():
        kinds: Mapping[str, Loaded] = savers.get(saver, {})
        if (not cases or label in cases) and kind in kinds:
            yield kinds[kind]


def _square(entries: Iterator[Loaded]) -> str:
    letters = Counter(LETTERS.get(one.result, "?") + ("w" if one.warnings else "") for one in entries)
    if sum(letters.values()) == 1:
        return next(iter(letters))
    equal = letters.pop("=", 0) + letters.pop("=w", 0)
    letters.pop("-", None)
    saved = equal + sum(letters.values())
    if not saved:
        return "-"
    others = "".join(sorted({letter[0] for letter in letters}))
    return f"{equal}/{saved}{' ' + others if others else ''}"


def _title(text: str, *, markdown: bool) -> str:
    return f"\n## {text}\n" if markdown else f"\n{text}"


def _table(rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    if markdown:
        head, *body = rows
        lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body), ""])
    first = max(len(row[0]) for row in rows)
    # Long names of columns stand upright: a digit for each, and the names below.
    head, *body = rows
    widths = [max(2, *(len(row[place]) for row in body)) for place in range(1, len(head))]
    numbers = [str(place) for place in range(1, len(head))]
    lines = ["".ljust(first + 5) + "  ".join(n.rjust(w) for n, w in zip(numbers, widths, strict=True))]
    for place, row in enumerate(body, 1):
        squares = "  ".join(square.rjust(w) for square, w in zip(row[1:], widths, strict=True))
        lines.append(f"{place:>2} {row[0].ljust(first)}  {squares}")
    return "\n".join(lines)
