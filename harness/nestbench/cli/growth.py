"""``nestbench growth``: how the cost of building grows with depth, width and number of calls."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.errors import interruptible
from nestbench.cli.options import Again, CaseFolders, Cases, Environments, MatrixFile, NoDownload, Quiet
from nestbench.errors import ExitCode, IncompleteError, UsageError

if TYPE_CHECKING:
    from nestbench.growth import Line, Shelf
    from nestbench.growth.fitting import Told
    from nestbench.matrix import Matrix
    from nestbench.run.workspace import Workspace


class GrowthFormat(StrEnum):
    """How the tables are written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("growth")(growth)


def growth(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STACK]...",
            help="Stacks or patterns to measure. If none: show what is there; where nothing is, measure the "
            "three that tell most.",
        ),
    ] = None,
    *,
    case: Cases = None,
    folders: CaseFolders = None,
    limit: Annotated[
        float, typer.Option(min=0.1, help="Seconds for one process at one size; above it no larger is tried.")
    ] = 20,
    repeats: Annotated[int, typer.Option(min=1, max=50, help="How often each size is timed.")] = 3,
    again: Again = False,
    no_measure: Annotated[
        bool, typer.Option("--no-measure", "--show", help="Only show what is there.")
    ] = False,
    form: Annotated[GrowthFormat, typer.Option("--format", help="How to print it.")] = GrowthFormat.TEXT,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="DIR", help="Draw it, too: a file per case and quantity.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option("--results", metavar="DIR", help="The folder of what was measured.")
    ] = None,
    envs: Environments = None,
    no_download: NoDownload = False,
    matrix: MatrixFile = None,
    quiet: Quiet = False,
) -> None:
    """With which power do user calls, Python calls and seconds grow with size, and where does it break?

    Every case that has sizes is run over them, each size in processes of its own. What is measured and
    current is not measured again. Exits with 3 where a stack could not be measured.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.growth import Shelf, lines_of
    from nestbench.matrix import load_matrix
    from nestbench.names import require_known
    from nestbench.run.workspace import find_workspace

    if again and no_measure:
        raise UsageError("--again measures and --no-measure does not.", do="Drop one of the two.")
    if svg is not None:
        from nestbench.growth.drawing import require_matplotlib

        require_matplotlib()
    workspace = find_workspace()
    rows, every = load_matrix(matrix), load_catalogue(folders or [])
    require_known(rows.asked(stacks or []), *every.asked(case or [], []))
    lines = lines_of(every.select(case or []))
    if not lines:
        raise UsageError(
            "None of these cases has sizes to grow over.", do="`nestbench cases --group scale` lists those."
        )
    shelf = Shelf(root=_folder(workspace, results, measured=bool(stacks) or again).absolute())
    names = [stack.id for stack in rows.select(stacks).stacks] if stacks else _held(shelf, rows)
    failures: dict[str, str] = {}
    if not no_measure and (stacks or again or not names):
        # Without names, what is there again; and where nothing is, what `nestbench run` would take.
        names, failures = _measure(
            stacks or (names if again else []),
            rows,
            lines,
            shelf,
            workspace,
            limit=limit,
            repeats=repeats,
            again=again,
            envs=envs,
            allow_download=not no_download,
            quiet=quiet,
        )
    else:
        typer.echo(f"Read from {shelf.root}", err=True)
        if not case:  # shown is then what at least one stack has
            lines = [line for line in lines if _told(shelf, names, [line])]
    told = _told(shelf, names, lines)
    _show(told, form, svg)
    missing = _missing(told, names, lines)
    for line in [*_stale(shelf, names, lines, rows), *(missing if told else [])]:
        typer.echo(line, err=True)
    for stack, why in failures.items():
        typer.echo(f"{stack}: {why}", err=True)
    if not told:
        raise IncompleteError(
            f"Nothing of that is in {shelf.root}.", do="`nestbench growth STACK` measures a stack."
        )
    if failures or missing:
        raise typer.Exit(int(ExitCode.INCOMPLETE))


def _folder(workspace: "Workspace", results: Path | None, *, measured: bool) -> Path:
    """Measured is into the local folder, shown is what it holds, or else what is committed."""
    local, committed = (workspace.root / "results" / name for name in ("local-growth", "growth"))
    return results or (local if measured or local.is_dir() or not committed.is_dir() else committed)


def _held(shelf: "Shelf", rows: "Matrix") -> list[str]:
    """The stacks of which anything is there, in the order of the matrix; others after them."""
    held = shelf.stacks()
    known = [stack.id for stack in rows.stacks if stack.id in held]
    return known + [name for name in held if name not in known]


def _measure(
    names: Sequence[str],
    rows: "Matrix",
    lines: Sequence["Line"],
    shelf: "Shelf",
    workspace: "Workspace",
    *,
    limit: float,
    repeats: int,
    again: bool,
    envs: Path | None,
    allow_download: bool,
    quiet: bool,
) -> tuple[list[str], dict[str, str]]:
    """The stacks that were meant, and why some of them could not be measured."""
    from nestbench.growth.measuring import Measuring
    from nestbench.run import session
    from nestbench.run.alone import alone
    from nestbench.run.selection import grouped

    def say(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    chosen = session.select(rows, names, everything=False, allow_download=allow_download)
    for named, out in grouped(chosen.left_out):
        say(f"{named}: left out: {out.reason}.\n  To get it: {out.remedy}.")
    measuring = Measuring(
        shelf=shelf,
        workspace=workspace,
        prepare=session.tox_prepare(chosen.stacks, workspace, envs=envs, allow_download=allow_download),
        limit=limit,
        repeats=repeats,
        say=say,
    )
    kept = "the cases that were finished on a stack are kept"
    with alone("nestbench growth"), interruptible(kept, again=again):
        failures = measuring.run(chosen.stacks, lines, again=again)
    failures |= {out.stack: out.reason for out in chosen.left_out if out.asked}
    return [stack.id for stack in chosen.stacks], failures


def _told(shelf: "Shelf", stacks: Sequence[str], lines: Sequence["Line"]) -> "list[Told]":
    from nestbench.growth.fitting import tell

    held = [(shelf.counts(stack), shelf.times(stack)) for stack in stacks]
    return [told for line in lines for counts, times in held for told in tell(counts, times, line.label)]


def _missing(told: "Sequence[Told]", stacks: Sequence[str], lines: Sequence["Line"]) -> list[str]:
    """By stack, which cases are not there: what was not measured is said to be so."""
    held = {(one.stack, one.label) for one in told}
    found = []
    for stack in stacks:
        labels = [line.label for line in lines if (stack, line.label) not in held]
        if labels:
            found.append(f"{stack}: not measured: {', '.join(labels)}")
    return found


def _show(told: "Sequence[Told]", form: GrowthFormat, svg: Path | None) -> None:
    from nestbench.growth import report
    from nestbench.store.disk import write_text

    if told:
        write = {
            GrowthFormat.TEXT: report.to_text,
            GrowthFormat.MARKDOWN: report.to_markdown,
            GrowthFormat.CSV: report.to_csv,
            GrowthFormat.JSON: report.to_json,
        }[form]
        typer.echo(write(told), nl=False)
    if told and svg is not None:
        from nestbench.growth.drawing import drawings

        drawn = drawings(told)
        for name, text in drawn.items():
            write_text(svg / name, text)
        typer.echo(f"{len(drawn)} drawings in {svg}", err=True)


def _stale(shelf: "Shelf", stacks: Sequence[str], lines: Sequence["Line"], rows: "Matrix") -> list[str]:
    """What was measured with another case, lock or probe than those of now."""
    from nestbench.growth.line import digests_of
    from nestbench.matrix.locks import lock_path

    known = {stack.id: stack for stack in rows.stacks if lock_path(stack).exists()}
    found = []
    for name in stacks:
        held = [one for one in (shelf.counts(name), shelf.times(name)) if one is not None and name in known]
        old = [
            line.label
            for line in lines
            if any(
                line.label in one.series and one.series[line.label].digests != digests_of(line, known[name])
                for one in held
            )
        ]
        if old:
            cases = ", ".join(old)
            found.append(f"{name}: measured with another case, lock or probe, not with those of now: {cases}")
    return found
