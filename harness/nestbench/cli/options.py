"""Options that several commands share, declared once."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console


class ListFormat(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"


Cases = Annotated[
    list[str] | None, typer.Option("--case", help="Only this case id (or pattern); may be repeated.")
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Only this group (or pattern); may be repeated.")
]
Again = Annotated[bool, typer.Option("--again", help="Measure also what is there and current.")]
#: Read before all others, so that what other options say can be left out.
Quiet = Annotated[bool, typer.Option("--quiet", "-q", is_eager=True, help="No progress.")]


def say_is_code(ctx: typer.Context, what: str) -> None:
    """Say on stderr that ``what`` is code that runs with the user's rights: once a command, not with -q."""
    from nestprobe import subject

    if not ctx.params.get("quiet") and not ctx.meta.setdefault(__name__, False):
        ctx.meta[__name__] = True
        typer.echo(f"nestbench: {subject.is_code(what)}", err=True)


def _own_cases(ctx: typer.Context, folders: list[Path] | None) -> list[Path] | None:
    # Already to read what a case is called runs its file.
    if folders:
        from nestbench.catalogue import case_files

        for folder in folders:
            case_files(folder.resolve())  # where nothing would run, that is what is said
        say_is_code(ctx, ", ".join(map(str, folders)))
    return folders


CaseFolders = Annotated[
    list[Path] | None,
    typer.Option(
        "--cases",
        metavar="DIR",
        callback=_own_cases,
        help="A folder of your own cases, beside the shipped ones.",
    ),
]
Form = Annotated[ListFormat, typer.Option("--format", help="How to print it.")]
MatrixFile = Annotated[
    Path | None,
    typer.Option(
        "--matrix",
        metavar="FILE",
        help="Another matrix than the shipped one. Its locks are in the folder locks beside it.",
    ),
]
NoDownload = Annotated[bool, typer.Option("--no-download", help="Never download a Python interpreter.")]
Results = Annotated[Path | None, typer.Option("--results", metavar="DIR", help="The folder of the results.")]
Variants = Annotated[
    list[str] | None, typer.Option("--variant", metavar="NAME=VALUE", help="Only variants with this value.")
]
Accepted = Annotated[
    Path | None,
    typer.Option("--accepted", metavar="DIR", help="The folder of what is accepted: results/accepted."),
]
Environments = Annotated[
    Path | None,
    typer.Option("--envs", metavar="DIR", help="Where environments are made and kept."),
]


def screen() -> "Console":
    """Stdout as rich sees it; as wide as its lines where it is no terminal."""
    console = on_stdout()
    return console if console.is_terminal else on_stdout(width=10_000)


def on_stdout(width: int | None = None) -> "Console":
    """Stdout as rich sees it, as wide as rich thinks; a reader that leaves is a BrokenPipeError."""
    from rich.console import Console

    class Stdout(Console):
        def on_broken_pipe(self) -> None:  # rich's own ends the process with 1
            raise  # noqa: PLE0704 - rich calls this where it caught the error

    return Stdout(width=width)
