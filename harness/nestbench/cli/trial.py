"""``nestbench bench doctor``: whether the doctor is right, on each stack."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.options import Environments, Form, ListFormat, MatrixFile, NoDownload
from nestbench.errors import ExitCode, IncompleteError, NestbenchError, UsageError

if TYPE_CHECKING:
    from nestbench.catalogue import Catalogue
    from nestbench.doctoring.scoring import Score
    from nestbench.doctoring.trials import Asked, Trials
    from nestbench.frames import Result
    from nestbench.run.orchestrate import Prepared
    from nestbench.run.workspace import Workspace

STACKS = (
    "tf2.1", "tf2.4", "tf2.9", "tf2.12", "tf2.15", "keras3.0", "tf2.21", "keras3.15-jax", "tf2.21-tfkeras",
)  # fmt: skip


def doctor(
    stacks: Annotated[
        list[str] | None, typer.Argument(metavar="[STACK]...", help="Stacks or patterns; nine of all eras.")
    ] = None,
    *,
    case: Annotated[list[str] | None, typer.Option(help="Only this case (or pattern).")] = None,
    healthy: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of models without a fault; tests/healthy.")
    ] = None,
    no_healthy: Annotated[bool, typer.Option("--no-healthy", help="Leave those out.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--results", metavar="DIR", help="Where figures are kept: results/doctor.")
    ] = None,
    envs: Environments = None,
    matrix: MatrixFile = None,
    no_download: NoDownload = False,
    form: Form = ListFormat.TABLE,
) -> None:
    """Examine every published case that is not tracked, and models without a fault.

    Says precision and recall of variable and of cause, and keeps that of whole stacks. Exits with 3 where a
    stack could not be tried.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.doctoring.report import keep, to_data, to_markdown
    from nestbench.doctoring.trials import Trials
    from nestbench.matrix import load_matrix
    from nestbench.run.session import tox_prepare
    from nestbench.run.workspace import find_workspace

    workspace = find_workspace()
    chosen = load_matrix(matrix).select(stacks or list(STACKS)).stacks
    catalogue = load_catalogue([]).select(case or [], [])
    sound = None if no_healthy else _healthy(healthy or workspace.root / "tests" / "healthy")
    trials = Trials(workspace=workspace, say=_say)
    prepare = tox_prepare(chosen, workspace, envs=envs, allow_download=not no_download)
    scores, failures = {}, {}
    shelf = folder or workspace.root / "results" / "doctor"
    for stack in chosen:
        try:
            results = _published(workspace, catalogue, stack.id)
            scores[stack.id] = _try(trials, stack.id, prepare(stack.id, _say), results, sound)
            if case is None and sound is not None:
                keep(shelf, {stack.id: scores[stack.id]})
        except NestbenchError as error:
            failures[stack.id] = error.what
    if form is ListFormat.JSON:
        typer.echo(json.dumps(to_data(scores), indent=1))
    else:
        typer.echo(to_markdown(scores), nl=False)
    for stack_id, why in failures.items():
        typer.echo(f"{stack_id}: not tried: {why}", err=True)
    if failures or not scores:
        raise typer.Exit(int(ExitCode.INCOMPLETE))


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _healthy(folder: Path) -> "Catalogue":
    from nestbench.catalogue import load_catalogue

    if not folder.is_dir():
        raise UsageError(
            f"There is no folder {folder} of models without a fault.",
            why="they are part of a checkout, not of what is installed",
            do="Name a folder with --healthy, or leave them out with --no-healthy.",
        )
    return load_catalogue([folder], shipped=False)


def _published(workspace: "Workspace", catalogue: "Catalogue", stack: str) -> "list[Result]":
    """The cells of the stack that are not tracked, and whose cause is known to the doctor."""
    from nestbench.doctoring.scoring import known_causes
    from nestbench.frames import collect
    from nestbench.store import Store
    from nestbench.verdicts import Entry, Verdict

    fine = {Verdict.TRACKED, Verdict.NOT_APPLICABLE, Verdict.UNAVAILABLE, Verdict.CASE_WRONG}
    found, measured = [], 0
    for result in collect(Store(workspace.published), catalogue.cells([stack])):
        judged = result.judgement(Entry.CALL)
        if judged is None or result.observation is None:
            continue
        measured += 1
        known = known_causes(result.cell.case.id)
        if judged.headline not in fine and known and not result.cell.case.about:
            found.append(result)
    if not measured:
        raise IncompleteError(f"results/published has nothing of {stack}")
    return found


def _try(
    trials: "Trials",
    stack: str,
    prepared: "Prepared",
    results: "Sequence[Result]",
    sound: "Catalogue | None",
) -> "Score":
    from nestbench.doctoring.scoring import Score, score_cell, score_healthy
    from nestbench.doctoring.trials import Asked

    def asked(cells: "Sequence[Result]") -> "list[Asked]":
        return [
            Asked(file=one.cell.case.file, case=one.cell.case.id, variant=one.cell.variant.names)
            for one in cells
        ]

    score = Score()
    for result, said in zip(results, trials.run(stack, prepared, asked(results)), strict=True):
        assert result.observation is not None
        label = f"{result.cell.case.id}[{result.cell.variant.label}]"
        score_cell(score, label, result.cell.case.id, result.observation, said)
    if sound is not None:
        cells = sound.cells([stack])
        wanted = [Asked(file=one.case.file, case=one.case.id, variant=one.variant.names) for one in cells]
        for one, said in zip(cells, trials.run(stack, prepared, wanted), strict=True):
            score_healthy(score, f"{one.case.id}[{one.variant.label}]", said)
    return score
