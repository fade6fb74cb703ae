"""Writes the tables to take away, case by case, so that no table is ever held as a whole."""

import importlib.util
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from nestbench.changes.pairing import COUNTS
from nestbench.frames import Result, cells_frame, variables_frame
from nestbench.site.download import FLAG, NUMBER, SIGNAL_COLUMNS, TABLES, TEXT, Table
from nestbench.site.study import Study
from nestbench.site.survey import Survey

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Takeaway", "has_parquet"]

_DTYPES = {TEXT: "string", NUMBER: "Int64", FLAG: "boolean"}
_JOINT = " | "
#: Rows that are written together: pandas takes as long for a few as for some thousands.
_AT_ONCE = 4000


def has_parquet() -> bool:
    """Whether pyarrow is there, which writes Parquet."""
    return importlib.util.find_spec("pyarrow") is not None


class Takeaway:
    """The tables below one folder. Used as a context: the files are whole when it ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.files = {table.name: _Files(table, folder) for table in TABLES}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.files.values():
            one.close()

    def add(self, study: Study, results: Mapping[str, Sequence[Result]]) -> None:
        """The cells and variables of one case."""
        every = [one for of_stack in results.values() for one in of_stack]
        self.files["cells"].add(_cells(study, every))
        variables = variables_frame(every)
        variables["shape"] = ["x".join(map(str, shape)) for shape in variables["shape"]]
        self.files["variables"].add(variables)

    def finish(self, survey: Survey) -> None:
        """What is known when every case is read: claims and stacks; and the dictionary of all tables."""
        import pandas as pd

        for name, rows in (("claims", _claims(survey)), ("stacks", _stacks(survey))):
            self.files[name].add(pd.DataFrame(rows, columns=list(self.files[name].table.columns)))
        told = {
            table.name: {
                "about": table.about,
                "columns": {
                    name: {"kind": one.kind, "meaning": one.meaning} for name, one in table.columns.items()
                },
            }
            for table in TABLES
        }
        text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
        (self.folder / "dictionary.json").write_text(text, encoding="utf-8")


class _Files:
    """One table in every format, grown by frames."""

    def __init__(self, table: Table, folder: Path) -> None:
        self.table = table
        self.headed = self.begun = False
        self.waiting: list[pd.DataFrame] = []
        self.csv: TextIO = (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="")
        self.json: TextIO = (folder / f"{table.name}.json").open("w", encoding="utf-8", newline="\n")
        self.json.write("[\n")
        self.parquet = _parquet(table, folder) if has_parquet() else None

    def add(self, frame: "pd.DataFrame") -> None:
        """Raises KeyError where a column that the dictionary explains is not there."""
        self.waiting.append(frame[list(self.table.columns)])
        if sum(map(len, self.waiting)) >= _AT_ONCE:
            self._write()

    def _write(self) -> None:
        import pandas as pd

        types = {name: _DTYPES[one.kind] for name, one in self.table.columns.items()}
        frame = pd.concat(self.waiting, ignore_index=True).astype(types)
        self.waiting.clear()
        frame.to_csv(self.csv, index=False, header=not self.headed, lineterminator="\n")
        self.headed = True
        if not len(frame):
            return
        lines = frame.to_json(orient="records", lines=True, force_ascii=False).strip("\n")
        self.json.write((",\n" if self.begun else "") + lines.replace("\n", ",\n"))
        if self.parquet is not None:
            import pyarrow as pa

            self.parquet.write_table(
                pa.Table.from_pandas(frame, schema=self.parquet.schema, preserve_index=False)
            )
        self.begun = True

    def close(self) -> None:
        if self.waiting:
            self._write()
        self.csv.close()
        self.json.write("\n]\n")
        self.json.close()
        if self.parquet is not None:
            self.parquet.close()


def _parquet(table: Table, folder: Path) -> Any:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    kinds = {TEXT: pa.string(), NUMBER: pa.int64(), FLAG: pa.bool_()}
    schema = pa.schema([(name, kinds[one.kind]) for name, one in table.columns.items()])
    return ParquetWriter(folder / f"{table.name}.parquet", schema)


def _cells(study: Study, results: Sequence[Result]) -> "pd.DataFrame":
    frame = cells_frame(results)
    frame["findings"] = frame["findings"].map(" ".join)
    for name in ("evidence", "notes"):
        frame[name] = frame[name].map(_JOINT.join)
    known = {one.variant.label: one for one in study.variants}
    keys = list(zip(frame["variant"], frame["stack"], strict=True))
    for name, words in SIGNAL_COLUMNS.items():
        frame[name] = [_value(known[variant].behaviours, known[variant].counts, stack, words)
                       for variant, stack in keys]  # fmt: skip
    return frame


def _value(behaviours: Any, counts: Any, stack: str, words: str) -> int | None:
    if words in COUNTS:
        found: int | None = counts[words].get(stack)
        return found
    told = behaviours[stack].facts.get(words) if stack in behaviours else None
    return None if told is None else int(told)


def _claims(survey: Survey) -> Iterator[tuple[str, ...]]:
    sentences = {claim.id: claim.sentence for claim in survey.source.claims}
    for claim, rulings in survey.rulings.items():
        for one in rulings:
            yield (claim, sentences[claim], one.stack, str(one.outcome), one.evidence)


def _stacks(survey: Survey) -> Iterable[tuple[str | None, ...]]:
    for block in survey.source.blocks:
        for column in block.columns:
            facts, host = survey.source.facts(column.stack), survey.source.host(column.stack)
            versions = facts.versions if facts else {}
            names = ("python", "tensorflow", "keras", "tf_keras", "jax", "torch", "numpy")
            yield (
                column.stack,
                block.name,
                *(versions.get(name) for name in names),
                facts.device if facts else None,
                facts.lock if facts else None,
                host.host.get("date") if host else None,
            )
