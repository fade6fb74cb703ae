"""``nestbench audit``: a person's own model on an old stack and a new one."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nestbench.cli.options import (
    CaseFolders,
    Environments,
    MatrixFile,
    NoDownload,
    Quiet,
    say_is_code,
)
from nestbench.errors import UsageError
from nestprobe import subject

if TYPE_CHECKING:
    from nestbench.audit.result import Audit
    from nestbench.run.workspace import Workspace
    from nestbench.store import Store


class AuditFormat(StrEnum):
    """How an audit is written; ``terminal`` is what ``text`` was called, as a table still calls it."""

    TEXT = "text"
    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("audit")(audit)


def audit(
    ctx: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", help="package.module:factory or path/to/file.py:factory."),
    ] = None,
    *,
    before: Annotated[str | None, typer.Option("--from", metavar="STACK", help="Where you are.")] = None,
    after: Annotated[str | None, typer.Option("--to", metavar="STACK", help="Where you go.")] = None,
    via: Annotated[
        str | None, typer.Option(metavar="STACK,...", help="Stacks between, to see at which step it comes.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="TOML", help="All of this in a file; options override it."),
    ] = None,
    shapes: Annotated[
        list[str] | None,
        typer.Option(
            "--input-shape", metavar="[NAME=]2,5[:int32]", help="An input, batch included; may be repeated."
        ),
    ] = None,
    signature: Annotated[
        str | None,
        typer.Option(metavar="MODULE:FUNCTION", help="What returns a tf.data.Dataset or its element_spec."),
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Option("--argument", metavar="NAME=VALUE", help="For the factory; VALUE as JSON, else text."),
    ] = None,
    path: Annotated[
        list[Path] | None,
        typer.Option("--path", metavar="DIR", help="Where modules are looked up, beside this folder."),
    ] = None,
    requirements: Annotated[
        list[Path] | None,
        typer.Option("-r", "--requirement", metavar="FILE", help="A requirements.txt or a pyproject.toml."),
    ] = None,
    files: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,...", help="Files that you keep: weights, model, checkpoint; all of them."
        ),
    ] = None,
    attribute: Annotated[
        bool, typer.Option("--attribute", help="Mix the stacks to tell which part carries a difference.")
    ] = False,
    blocks: Annotated[
        int, typer.Option(min=0, max=30, help="Blocks of a timing session; no time is measured with 0.")
    ] = 0,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for the model on one stack.")] = 120,
    memory: Annotated[int, typer.Option(min=256, help="Megabytes for the model on one stack.")] = 4096,
    form: Annotated[AuditFormat, typer.Option("--format", help="How to write it.")] = AuditFormat.TEXT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Into this file.")
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option("--results", metavar="DIR", help="Results of cases; they only date the causes."),
    ] = None,
    folders: CaseFolders = None,
    envs: Environments = None,
    matrix: MatrixFile = None,
    no_download: NoDownload = False,
    quiet: Quiet = False,
) -> None:
    """What changes for your model from one stack to another, what is lost silently first.

    Runs the protocol of the cases on it, on both stacks, with your requirements beside; and loads what the
    old stack saved on the new. Exits with 1 where something is lost silently, 3 where a stack, what
    becomes of its files, or the time that was asked could not be measured.
    """
    from nestbench.audit.asked import asked_for, input_of
    from nestbench.audit.auditing import Auditing
    from nestbench.audit.explaining import Archive
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import load_matrix
    from nestbench.names import require_known
    from nestbench.output import check_output
    from nestbench.run.probe_process import Limits
    from nestbench.run.progress import reporter
    from nestbench.run.workspace import find_workspace
    from nestbench.statistics.comparison import LEAST_PAIRS

    asked = asked_for(
        file,
        {
            "from": before,
            "to": after,
            "via": [name for name in (via or "").split(",") if name],
            "requirements": requirements,
            "signature": signature,
            "files": [name for name in (files or "").split(",") if name],
            "input": [input_of(text) for text in shapes or ()],
        },
        {"factory": model, "arguments": dict(map(_argument, arguments or ())), "path": path},
    )
    if 0 < blocks < LEAST_PAIRS:
        raise UsageError(
            f"Of {blocks} blocks nothing can be compared.",
            do=f"Ask for {LEAST_PAIRS} or more; 10 are the fewest of which a difference can be called one.",
        )
    if output is not None:
        check_output(output, option="-o")
    rows, workspace = load_matrix(matrix), find_workspace()
    require_known(rows.asked(asked.stacks))
    say_is_code(ctx, asked.model.factory)
    archive = Archive(_published(workspace, results), rows, load_catalogue(folders or []))
    found = Auditing(
        asked=asked,
        matrix=rows,
        workspace=workspace,
        archive=archive,
        limits=Limits(seconds=timeout, megabytes=memory),
        workers=len(os.sched_getaffinity(0)),
        reporter=reporter(quiet=quiet),
        blocks=blocks,
        attribute=attribute,
        envs=envs,
        allow_download=not no_download,
    ).run()
    _write(found, form, output)
    raise typer.Exit(int(found.exit_code))


def _published(workspace: "Workspace", results: Path | None) -> "Store":
    """The store of all stacks: the one asked for, that of this folder, or that of nestbench's own checkout.

    It may hold nothing: then it is not known since when a difference is there.
    """
    from nestbench.catalogue import default_folder
    from nestbench.store import Store

    if results is not None:
        return Store(results.absolute())
    shipped = default_folder().parent / "results" / "published"
    stores = [Store(folder) for folder in (workspace.published, shipped)]
    return next((store for store in stores if store.stacks()), stores[0])


def _argument(text: str) -> tuple[str, Any]:
    try:
        return subject.parse_argument(text)
    except subject.SubjectError as error:
        raise UsageError(error.what, why=error.why, do=error.do) from error


def _write(found: "Audit", form: AuditFormat, output: Path | None) -> None:
    from nestbench.audit import report
    from nestbench.output import write_output

    text = {
        AuditFormat.TEXT: report.to_text,
        AuditFormat.TERMINAL: report.to_text,
        AuditFormat.MARKDOWN: report.to_markdown,
        AuditFormat.JSON: report.to_json,
        AuditFormat.HTML: report.to_html,
    }[form](found)
    if output is None:
        typer.echo(text, nl=False)
        return
    write_output(output, text.encode(), option="-o")
    typer.echo(f"{report.plain(found.headline)}\nWritten to {output}", err=True)
