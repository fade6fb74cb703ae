"""Writes the tables to take away, row by row, so that no table is ever held as a whole."""

import csv
import gzip
import importlib.util
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self, TextIO

from nestbench.changes.pairing import COUNTS
from nestbench.frames import Result, cell_rows, variable_rows
from nestbench.site.download import FLAG, NUMBER, REAL, SIGNAL_COLUMNS, TABLES, TEXT, Table
from nestbench.site.study import Study, VariantStudy
from nestbench.site.survey import Survey

__all__ = ["Takeaway", "has_parquet"]

Row = Mapping[str, Any]

_JOINT = " | "
#: Rows that go into a Parquet file together.
_AT_ONCE = 20_000
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def has_parquet() -> bool:
    """Whether pyarrow is there, which writes Parquet."""
    return importlib.util.find_spec("pyarrow") is not None


class Takeaway:
    """The tables below one folder. Used as a context: the files are whole when it ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._open = ExitStack()
        self.files = {table.name: self._open.enter_context(_Files(table, folder)) for table in TABLES}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, study: Study, results: Mapping[str, Sequence[Result]]) -> None:
        """The cells and variables of one case."""
        every = [one for of_stack in results.values() for one in of_stack]
        self.files["cells"].add(_cells(study, every))
        self.files["variables"].add(
            {**row, "shape": "x".join(map(str, row["shape"]))} for row in variable_rows(every)
        )

    def finish(self, survey: Survey, beside: Mapping[str, Iterable[Row]]) -> dict[str, int]:
        """What is known when every case is read, and the dictionary; the number of rows of each table.

        ``beside``: rows, by name of the table, of what is measured beside the cells.
        """
        for name, rows in {"claims": _claims(survey), "stacks": _stacks(survey), **beside}.items():
            self.files[name].add(rows)
        counts = {name: one.count for name, one in self.files.items()}
        told = {
            table.name: {
                "about": table.about,
                "rows": counts[table.name],
                "files": table.files(parquet=has_parquet()),
                "columns": {
                    name: {"kind": one.kind, "meaning": one.meaning} for name, one in table.columns.items()
                },
            }
            for table in TABLES
        }
        text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
        (self.folder / "dictionary.json").write_text(text, encoding="utf-8")
        return counts


class _Files:
    """One table in every format, grown row by row."""

    def __init__(self, table: Table, folder: Path) -> None:
        self.names = list(table.columns)
        self.count = 0
        self._open = ExitStack()
        csv_name, json_name, *_ = table.files()
        self._json = self._open.enter_context(_stream(folder / json_name))
        self._csv = csv.writer(self._open.enter_context(_stream(folder / csv_name)), lineterminator="\n")
        self._parquet = self._open.enter_context(_Parquet(table, folder)) if has_parquet() else None
        self._csv.writerow(self.names)
        self._begins = "[\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._json.write("[\n]\n" if self._begins == "[\n" else "\n]\n")
        self._open.close()

    def add(self, rows: Iterable[Row]) -> None:
        """Raises KeyError where a column that the dictionary explains is not there."""
        for row in rows:
            self.count += 1
            values = [row[name] for name in self.names]
            self._csv.writerow(values)
            self._json.write(self._begins + _JSON.encode(dict(zip(self.names, values, strict=True))))
            self._begins = ",\n"
            if self._parquet is not None:
                self._parquet.add(values)


class _Parquet:
    """A Parquet file, grown row by row."""

    def __init__(self, table: Table, folder: Path) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        kinds = {TEXT: pa.string(), NUMBER: pa.int64(), FLAG: pa.bool_(), REAL: pa.float64()}
        self.schema = pa.schema([(name, kinds[one.kind]) for name, one in table.columns.items()])
        *_, name = table.files(parquet=True)
        self.writer = ParquetWriter(folder / name, self.schema, compression="zstd")
        self.waiting: list[list[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._write()
        self.writer.close()

    def add(self, values: list[Any]) -> None:
        self.waiting.append(values)
        if len(self.waiting) >= _AT_ONCE:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa

        if self.waiting:
            columns = zip(self.schema.types, zip(*self.waiting, strict=True), strict=True)
            arrays = [pa.array(values, type=kind) for kind, values in columns]
            self.writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
            self.waiting.clear()


def _stream(path: Path) -> TextIO:
    """For text; compressed where the name ends so, with no name or time in it: the same bytes each time."""
    if path.suffix != ".gz":
        return path.open("w", encoding="utf-8", newline="\n")
    return io.TextIOWrapper(_Packed(path), encoding="utf-8", newline="\n")


class _Packed(gzip.GzipFile):
    """Closes its file, too."""

    def __init__(self, path: Path) -> None:
        self._below = path.open("wb")
        super().__init__(filename="", mode="wb", compresslevel=6, fileobj=self._below, mtime=0)

    def close(self) -> None:
        super().close()
        self._below.close()


def _cells(study: Study, results: Sequence[Result]) -> Iterator[Row]:
    known = {one.variant.label: one for one in study.variants}
    for row in cell_rows(results):
        one, stack = known[row["variant"]], row["stack"]
        yield {
            **row,
            "findings": " ".join(row["findings"]),
            "evidence": _JOINT.join(row["evidence"]),
            "notes": _JOINT.join(row["notes"]),
            "second_try": one.unstable.get(stack, ""),
            **{name: _value(one, stack, words) for name, words in SIGNAL_COLUMNS.items()},
        }


def _value(one: VariantStudy, stack: str, words: str) -> int | None:
    if words in COUNTS:
        return one.counts[words].get(stack)
    told = one.behaviours[stack].facts.get(words) if stack in one.behaviours else None
    return None if told is None else int(told)


def _claims(survey: Survey) -> Iterator[Row]:
    sentences = {claim.id: claim.sentence for claim in survey.source.claims}
    for claim, rulings in survey.rulings.items():
        for one in rulings:
            yield {
                "claim": claim,
                "sentence": sentences[claim],
                "stack": one.stack,
                "outcome": str(one.outcome),
                "evidence": one.evidence,
            }


def _stacks(survey: Survey) -> Iterator[Row]:
    for block in survey.source.blocks:
        for column in block.columns:
            facts, host = survey.source.facts(column.stack), survey.source.host(column.stack)
            versions = facts.versions if facts else {}
            names = ("python", "tensorflow", "keras", "tf_keras", "jax", "torch", "numpy")
            yield {
                "stack": column.stack,
                "line": block.name,
                **{name: versions.get(name) for name in names},
                "device": facts.device if facts else None,
                "lock": facts.lock if facts else None,
                "date": host.host.get("date") if host else None,
            }
