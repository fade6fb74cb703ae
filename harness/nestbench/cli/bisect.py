"""``nestbench bisect``: the exact release in which a behaviour changed, found by making those between."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.errors import interruptible
from nestbench.cli.options import CaseFolders, Variants
from nestbench.errors import ExitCode, IncompleteError, UsageError

if TYPE_CHECKING:
    from nestbench.matrix import Matrix, Stack
    from nestbench.matrix.lines import Line
    from nestbench.run.derived import Answer


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("bisect")(bisect)


@interruptible("environments that were made and what was measured are kept")
def bisect(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id of a case.")],
    *,
    ends: Annotated[
        tuple[str, str], typer.Option("--between", metavar="A B", help="Two stacks of one line of releases.")
    ],
    variant: Variants = None,
    folders: CaseFolders = None,
) -> None:
    """Find the exact release in which a case changed, by making the releases between two stacks.

    Patch releases are among them. Each is resolved at its own date, made and asked for this case
    alone; one that cannot be made is passed over, and named. Exits with 3 where nothing changes or it
    cannot be told.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.changes.bisection import bisect as search
    from nestbench.matrix import load_matrix
    from nestbench.run.derived import Asker, between
    from nestbench.run.session import How
    from nestbench.run.variants import asked_for
    from nestbench.run.workspace import find_workspace

    matrix = load_matrix()
    line, older, newer = _ends(matrix, *ends)
    catalogue = load_catalogue(folders or [])
    entry = catalogue.get(case)
    chosen = asked_for([entry], variant or [])[entry.id]
    asker = Asker(
        workspace=find_workspace(),
        catalogue=catalogue.select([case]),
        case=entry,
        variants=chosen,
        how=How(workers=len(os.sched_getaffinity(0))),
        say=lambda text: typer.echo(text, err=True),
    )
    first, last = asker.ask(older), asker.ask(newer)
    for end in (first, last):
        _tell(line, end)
        if not end.behaviours:
            raise IncompleteError(f"{end.stack.id} cannot be asked: {end.why}.", do="Name another stack.")
    if first.same(last):
        typer.echo(f"No change: {case} behaves on {newer.id} as on {older.id}.")
        raise typer.Exit(int(ExitCode.INCOMPLETE))
    stacks = between(line, older, newer, matrix, asker.matrix_file)
    answers: dict[int, Answer] = {}

    def is_old(place: int) -> bool | None:
        answers[place] = asker.ask(stacks[place])
        _tell(line, answers[place])
        return answers[place].same(first) if answers[place].behaviours else None

    found = search(len(stacks), is_old)
    old = stacks[found.last_old] if found.last_old >= 0 else older
    new = stacks[found.first_new] if found.first_new < len(stacks) else newer
    arrived = answers.get(found.first_new, last)
    typer.echo("")
    typer.echo(f"last with the old behaviour: {line.part} {line.version(old)}")
    typer.echo(f"first with another: {line.part} {line.version(new)}")
    for place in found.between:
        typer.echo(f"not told: {line.part} {line.version(stacks[place])}: {answers[place].why}")
    if not arrived.same(last):
        typer.echo(f"It is not yet that of {newer.id}: there is another change after it.")
    for label, behaviour in first.behaviours.items():
        for difference in behaviour.differences(arrived.behaviours[label]):
            typer.echo(f"  {label}: {difference}")


def _ends(matrix: "Matrix", one: str, other: str) -> "tuple[Line, Stack, Stack]":
    """The line that holds both stacks, the older, the newer. Raises UsageError."""
    from nestbench.matrix.lines import lines

    stacks = [matrix.get(one), matrix.get(other)]
    if one == other:
        raise UsageError(f"{one} stands at both ends.", do="Name two stacks.")
    for line in lines(matrix.stacks):
        if all(stack in line.stacks for stack in stacks):
            older, newer = sorted(stacks, key=line.stacks.index)
            return line, older, newer
    raise UsageError(
        f"{one} and {other} are not on one line of releases: they differ in more than one part.",
        do="Take two of one line; `nestbench history CASE` shows the lines.",
    )


def _tell(line: "Line", answer: "Answer") -> None:
    version = line.version(answer.stack)
    said = "; ".join(f"{label}: {one.words}" for label, one in answer.behaviours.items())
    typer.echo(f"{line.part} {version}: {said or 'passed over: ' + answer.why}")
