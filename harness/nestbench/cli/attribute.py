"""``nestbench attribute``: which part of two stacks carries a difference, told by mixing them."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.errors import interruptible
from nestbench.cli.options import CaseFolders, Variants
from nestbench.errors import ExitCode, IncompleteError, UsageError

if TYPE_CHECKING:
    from nestbench.matrix import Stack
    from nestbench.run.derived import Answer


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("attribute")(attribute)


@interruptible("environments that were made and what was measured are kept")
def attribute(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Id of a case.")],
    one: Annotated[str, typer.Argument(metavar="A", help="A stack.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another stack.")],
    *,
    variant: Variants = None,
    folders: CaseFolders = None,
) -> None:
    """Say which part of two stacks carries a difference: Python, the backend or Keras.

    Makes the mixed stacks that can exist, each with one part of the other stack, and runs the case on
    them. Exits with 3 where there is no difference or no mixture tells.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.matrix import load_matrix
    from nestbench.run.derived import Answer, Asker
    from nestbench.run.mixing import Ruling, conclusion, mixtures, parts, rule, settled
    from nestbench.run.session import How
    from nestbench.run.variants import asked_for
    from nestbench.run.workspace import find_workspace

    matrix = load_matrix()
    stacks = matrix.get(one), matrix.get(other)
    if one == other:
        raise UsageError(f"{one} is named twice.", do="Name two stacks.")
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
    ends = {stack.id: asker.ask(stack) for stack in stacks}
    for end in ends.values():
        _tell(end.stack.id, end)
        if not end.behaviours:
            raise IncompleteError(f"{end.stack.id} cannot be asked: {end.why}.", do="Name another stack.")
    if ends[one].same(ends[other]):
        typer.echo(f"No difference: {case} behaves on {other} as on {one}.")
        raise typer.Exit(int(ExitCode.INCOMPLETE))
    typer.echo(f"They differ in: {', '.join(parts(*stacks))}.\n")
    rulings: dict[str, set[Ruling]] = {}
    for thought_of in mixtures(*stacks, matrix, asker.matrix_file):
        mixture = settled(thought_of, asker.matrix_file, asker.say)
        name = f"{mixture.base.id} with the {mixture.part} of {mixture.giver.id}"
        if mixture.stack is None:
            answer = Answer(stack=mixture.base, behaviours={}, why=mixture.note)
        else:
            answer = asker.ask(mixture.stack)
            name += f" ({mixture.note})" if mixture.note else ""
        _tell(name, answer)
        ruling = rule(answer, ends[mixture.base.id], ends[mixture.giver.id], along=mixture.along)
        typer.echo(f"  so the {mixture.part} {ruling}")
        rulings.setdefault(mixture.part, set()).add(ruling)
    typer.echo("")
    for part, said in rulings.items():
        typer.echo(f"{part}: {conclusion(said)}")
    _along(*stacks)
    if not any(Ruling.CARRIES in said or Ruling.NOT_ALONE in said for said in rulings.values()):
        raise typer.Exit(int(ExitCode.INCOMPLETE))


def _along(one: "Stack", other: "Stack") -> None:
    from nestbench.matrix.locks import pins, read_lock

    before, after = pins(read_lock(one)), pins(read_lock(other))
    names = [name for name in ("numpy", "h5py", "protobuf") if name in before and name in after]
    along = [f"{name} {before[name]} and {after[name]}" for name in names if before[name] != after[name]]
    if along:
        typer.echo(f"What travels along and was not told apart: {', '.join(along)}.")


def _tell(name: str, answer: "Answer") -> None:
    said = "; ".join(f"{label}: {one.words}" for label, one in answer.behaviours.items())
    typer.echo(f"{name}: {said or 'cannot exist here: ' + answer.why}")
