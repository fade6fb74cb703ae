"""``nestbench check``: a run held against what is accepted."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.options import (
    Accepted,
    CaseFolders,
    Environments,
    MatrixFile,
    Quiet,
    Results,
    on_stdout,
)
from nestbench.errors import ExitCode, NestbenchError

if TYPE_CHECKING:
    from nestbench.catalogue import Catalogue
    from nestbench.gate import Checked
    from nestbench.matrix import Matrix
    from nestbench.run.session import How
    from nestbench.run.workspace import Workspace
    from nestbench.store import Store


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("check")(check)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a check stands on. ``whole``: the catalogue is all of it."""

    store: "Store"
    workspace: "Workspace"
    catalogue: "Catalogue"
    matrix: "Matrix"
    accepted: Path
    whole: bool

    @property
    def root(self) -> Path:
        """What paths of cases are told from: the repository, as CI knows it, where there is one."""
        given = os.environ.get("GITHUB_WORKSPACE")
        return Path(given).resolve() if given else self.workspace.root


@dataclass(frozen=True, kw_only=True)
class Writing:
    """What is written beside the screen."""

    junit: Path | None = None
    json: Path | None = None
    markdown: Path | None = None
    everything: bool = False


def check(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STACK]...", help="Ids of stacks, or patterns; those with results if none."),
    ] = None,
    *,
    every: Annotated[
        bool,
        typer.Option(
            "--every-stack",
            help="Every stack that has a baseline or results; to require all of the matrix, give '*'.",
        ),
    ] = False,
    case: Annotated[list[str] | None, typer.Option(help="Only this case (or pattern).")] = None,
    group: Annotated[list[str] | None, typer.Option(help="Only this group (or pattern).")] = None,
    improvements: Annotated[
        bool, typer.Option("--allow-improvements", help="What only became better fails nothing.")
    ] = False,
    no_retry: Annotated[
        bool, typer.Option("--no-retry", help="Try no failure once more in a fresh process.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write Markdown.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every finding, not the gravest.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Cells tried again at once; one per CPU if left out.")
    ] = None,
    results: Results = None,
    accepted: Accepted = None,
    folders: CaseFolders = None,
    envs: Environments = None,
    matrix: MatrixFile = None,
    quiet: Quiet = False,
) -> None:
    """Hold a run against what is accepted (results/accepted), and fail where it differs.

    Exits with 1 for a regression, any other difference that nobody accepted, and a deviation that
    ended or matches nothing any more, whatever is missing beside it; else with 4 where a file could
    not be read, with 3 where a cell or a baseline is missing, with 0 where all is as accepted. A
    failure is tried once more in a fresh process, where the stack's environment is at hand.

    In GitHub Actions it also writes annotations and the step summary.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.cli.reading import reading
    from nestbench.gate import Baselines
    from nestbench.gate.asking import stacks_of
    from nestbench.matrix import load_matrix
    from nestbench.names import require_known
    from nestbench.output import check_output
    from nestbench.run.confirming import not_confirmed
    from nestbench.run.session import How
    from nestbench.run.workspace import find_workspace
    from nestbench.store import Store

    for path, option in ((junit, "--junit"), (json, "--json"), (markdown, "--markdown")):
        if path is not None:
            check_output(path, option=option)
    workspace = find_workspace()
    rows = load_matrix(matrix)
    whole = load_catalogue(folders or [])
    require_known(*whole.asked(case or [], group or []))
    # Stacks that were asked for and have no results are missing, and told as that.
    store = Store(results.absolute()) if results else reading(None).store
    for line in not_confirmed(store) if results else ():
        typer.echo(line, err=True)
    ground = Ground(
        store=store,
        workspace=workspace,
        catalogue=whole.select(case or [], group or []),
        matrix=rows,
        accepted=(accepted or workspace.accepted).absolute(),
        whole=not (case or group),
    )
    typer.echo(f"Held against {ground.accepted}", err=True)
    names = stacks_of(
        stacks or [], matrix=rows, store=store, baselines=Baselines(root=ground.accepted), everything=every
    )
    if every and not stacks:
        _tell_unlooked(names, rows)
    how = None if no_retry else How(workers=workers or len(os.sched_getaffinity(0)))
    code = gate(
        names,
        ground,
        how=how,
        envs=envs,
        improvements=improvements,
        writing=Writing(junit=junit, json=json, markdown=markdown, everything=everything),
        quiet=quiet,
    )
    raise typer.Exit(int(code))


def _tell_unlooked(names: Sequence[str], matrix: "Matrix") -> None:
    """Say how much of the matrix has neither a baseline nor results: that it is as accepted is not known."""
    from nestbench.names import number_of

    unlooked = matrix.meant(["*"]).difference(names)
    if unlooked:
        typer.echo(
            f"Not looked at: {number_of(len(unlooked), 'stack')} of the matrix with neither a baseline nor "
            "results; `nestbench check '*'` expects every one.",
            err=True,
        )


def gate(
    stacks: Sequence[str],
    ground: Ground,
    *,
    how: "How | None",
    envs: Path | None,
    improvements: bool = False,
    writing: Writing | None = None,
    quiet: bool = False,
) -> ExitCode:
    """Check ``stacks``, try failures again (unless ``how`` is None), tell, and return the exit code."""
    from nestbench.faults import explained
    from nestbench.gate import Baselines
    from nestbench.gate import check as compare
    from nestbench.gate.asking import ask
    from nestbench.gate.checking import tried_again
    from nestbench.gate.retrying import Trying, try_again
    from nestbench.run.progress import reporter

    question = ask(
        stacks,
        store=ground.store,
        catalogue=ground.catalogue,
        matrix=ground.matrix,
        baselines=Baselines(root=ground.accepted),
        whole=ground.whole,
        today=datetime.now(UTC).date(),
    )
    checked = compare(question)
    if how is not None and checked.failed:
        told = reporter(quiet=quiet)
        told.say(f"Tried once more, in fresh processes: {len(checked.failed)} that failed.")
        trying = Trying(
            store=ground.store,
            workspace=ground.workspace,
            matrix=ground.matrix,
            catalogue=ground.catalogue,
            how=how,
            reporter=told,
            envs=envs,
        )
        try:
            tried = try_again(checked.failed, trying)
            checked = tried_again(checked, question, tried.results, tried.why_not)
        except (NestbenchError, OSError) as error:  # the first stands, and why there was no second is told
            why = explained(error).what.rstrip(".")
            checked = tried_again(checked, question, {}, dict.fromkeys(stacks, why))
    code = checked.exit_code(improvements=improvements)
    _tell(checked, code, ground, writing or Writing(), improvements=improvements)
    return code


def _tell(
    checked: "Checked", code: ExitCode, ground: Ground, writing: Writing, *, improvements: bool
) -> None:
    from nestbench.gate import report
    from nestbench.gate.annotations import annotations
    from nestbench.gate.junit import to_junit
    from nestbench.output import write_output

    root = ground.root
    shown = ground.accepted.relative_to(root) if ground.accepted.is_relative_to(root) else ground.accepted
    console = on_stdout()
    lines = report.to_text(checked, code, root=root, folder=shown, everything=writing.everything)
    style = {ExitCode.CLEAN: "bold green", ExitCode.FOUND: "bold red"}.get(code, "bold yellow")
    console.print(next(lines), style=style, markup=False, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations(checked, root=root, folder=ground.accepted, improvements=improvements):
            typer.echo(line)
    markdown = report.to_markdown(checked, code, root=root, folder=shown)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as stream:  # other steps wrote there, too
            stream.write(markdown)
    for path, option, content in (
        (writing.junit, "--junit", to_junit(checked, root=root, improvements=improvements)),
        (writing.json, "--json", report.to_json(checked, code, root=root).encode()),
        (writing.markdown, "--markdown", markdown.encode()),
    ):
        if path is not None:
            write_output(path, content, option=option)
