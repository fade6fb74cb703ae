"""Reads a matrix file, and says in one sentence what is wrong with a broken row."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nestbench.errors import UsageError, did_you_mean
from nestbench.given import given_toml
from nestbench.matrix.stack import Matrix, Stack

SHIPPED = Path(__file__).parent / "stacks.toml"
_SCHEMA = 1
_TOP_FIELDS = ("schema", "tools", "stack")
_GIVEN_BY_FILE = ("tools", "matrix_file")
_ROW_FIELDS = tuple(f.name for f in fields(Stack) if f.name not in _GIVEN_BY_FILE)
_ADAPTER = TypeAdapter(Stack)
_SEE_HEAD = "The head of the shipped stacks.toml explains every field."


def load_matrix(path: Path | None = None) -> Matrix:
    """The matrix in the TOML file at ``path``, or the shipped one.

    Raises:
        UsageError: the file cannot be read, is not TOML, or has a broken or repeated row.
    """
    file = (path or SHIPPED).absolute()
    table = _read(file)
    _check_top(file, table)
    stacks = tuple(_stack(file, row, n, table["tools"]) for n, row in enumerate(table["stack"], 1))
    seen: set[str] = set()
    for stack in stacks:
        if stack.id in seen:
            raise UsageError(
                f"{file}: the id '{stack.id}' stands in two rows.",
                why="a row was copied to add a version, and its id was left as it was",
                do="Give each row an id of its own.",
            )
        seen.add(stack.id)
    return Matrix(stacks=stacks, file=file)


def _read(file: Path) -> dict[str, Any]:
    try:
        table = given_toml(file)
    except OSError as error:
        raise UsageError(
            f"The matrix file {file} cannot be read: {error.strerror}.",
            do="Check the path given with --matrix.",
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} is not text: byte {error.start} is not UTF-8.",
            why="it is a file of another kind, or in another encoding",
            do="Give --matrix a TOML file such as the shipped stacks.toml, saved as UTF-8.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{file} is not valid TOML: {error}.",
            why="a quote, a bracket or an equals sign is missing at that place",
            do="Correct that line.",
        ) from error
    if not table:
        raise UsageError(
            f"{file} is empty.", do="Write rows as the shipped stacks.toml has them, or name another file."
        )
    return table


def _check_top(file: Path, table: dict[str, Any]) -> None:
    for name in table:
        if name not in _TOP_FIELDS:
            raise UsageError(
                f"{file}: unknown field '{name}' outside the rows.",
                do=f"{did_you_mean(name, _TOP_FIELDS)} {_SEE_HEAD}".strip(),
            )
    if table.get("schema") != _SCHEMA:
        raise UsageError(
            f"{file}: field 'schema' is {table.get('schema')!r}, this nestbench reads {_SCHEMA}.",
            why="the file was written for another version of nestbench, or lacks the field",
            do=f"Write `schema = {_SCHEMA}` at the top, if the rows follow the shipped file.",
        )
    rows = table.get("stack")
    if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
        raise UsageError(
            f"{file} holds no [[stack]] row.",
            do="Add one; the shipped stacks.toml shows how.",
        )
    table.setdefault("tools", [])


def _stack(file: Path, row: dict[str, Any], number: int, tools: Any) -> Stack:
    name = f"row '{row['id']}'" if isinstance(row.get("id"), str) else f"row number {number}"
    for field in row:
        if field not in _ROW_FIELDS:
            raise UsageError(
                f"{file}, {name}: unknown field '{field}'.",
                do=f"{did_you_mean(field, _ROW_FIELDS)} {_SEE_HEAD}".strip(),
            )
    try:
        return _ADAPTER.validate_python({**row, "tools": tools, "matrix_file": file})
    except ValidationError as error:
        raise UsageError(
            f"{file}, {name}: {_problem(error)}.",
            do=f"Correct the row. {_SEE_HEAD}",
        ) from error


def _problem(error: ValidationError) -> str:
    """Every problem of a row as a phrase."""
    phrases = []
    for problem in error.errors(include_url=False, include_context=False):
        field = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        text = text[:1].lower() + text[1:]
        if problem["type"] == "missing":
            phrases.append(f"field '{field}' is missing")
        elif field:
            phrases.append(f"field '{field}': {text} (it is {problem['input']!r})")
        else:
            phrases.append(text)
    return "; ".join(phrases)
