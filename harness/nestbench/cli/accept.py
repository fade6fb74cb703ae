"""``nestbench accept``: what a run measured becomes what is accepted."""

from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.options import Accepted, CaseFolders, MatrixFile, Results
from nestbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from nestbench.gate.accepting import Acceptance
    from nestbench.gate.baseline import Baseline, Baselines

_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("accept")(accept)


def accept(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STACK]...", help="Ids of stacks, or patterns; those with results if none."),
    ] = None,
    *,
    case: Annotated[
        list[str] | None, typer.Option(help="Only this case (or pattern); other lines stay.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Only this group (or pattern); other lines stay.")
    ] = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Also of a stack of which cells are missing.")
    ] = False,
    results: Results = None,
    accepted: Accepted = None,
    folders: CaseFolders = None,
    matrix: MatrixFile = None,
) -> None:
    """Take what a run measured as what is accepted: results/accepted, a file a stack.

    Accepted are verdicts, counts and the types of exceptions; not messages, names or numbers of Python
    calls. A stack of which a cell is missing or not current is refused, and costs no other stack; with
    --incomplete, lines of cells that are missing stay as they were. Exits with 3 where a stack was
    refused. Look at the difference with git, and commit it.
    """
    from nestbench.catalogue import load_catalogue
    from nestbench.cli.reading import reading
    from nestbench.frames import collect
    from nestbench.gate.accepting import accept as accept_run
    from nestbench.gate.asking import stacks_of
    from nestbench.gate.baseline import Baselines
    from nestbench.matrix import load_matrix
    from nestbench.names import require_known
    from nestbench.run.stored import lock_digests
    from nestbench.run.workspace import find_workspace

    workspace = find_workspace()
    rows = load_matrix(matrix)
    every = load_catalogue(folders or [])
    require_known(*every.asked(case or [], group or []))
    whole = not (case or group)
    catalogue = every.select(case or [], group or [])
    store = reading(results).store
    baselines = Baselines(root=(accepted or workspace.accepted).absolute())
    names = stacks_of(stacks or [], matrix=rows, store=store, baselines=baselines, everything=False)
    locks = lock_digests(rows)
    refused = []
    for stack in names:
        old, why = _old(baselines, stack, whole=whole)
        made = accept_run(stack, collect(store, catalogue.cells([stack]), locks), old, whole=whole)
        if why:
            typer.echo(f"{stack}: {why}")
        nothing = len(made.missing) == len(catalogue.cells([stack]))
        if nothing or (made.missing and not incomplete):
            refused.append(stack)
            _refuse(stack, made, nothing=nothing)
            continue
        if made.differs or old is None:
            baselines.save(made.baseline)
        _tell(stack, made)
    if refused:
        typer.echo(f"Not accepted: {', '.join(refused)}.", err=True)
        raise typer.Exit(int(ExitCode.INCOMPLETE))


def _old(baselines: "Baselines", stack: str, *, whole: bool) -> "tuple[Baseline | None, str]":
    """The baseline that is there; what cannot be read is replaced as a whole, never in part."""
    from nestbench.store import StoreError

    try:
        return baselines.load(stack), ""
    except StoreError as error:
        if not whole:
            raise UsageError(
                f"{error.what}, so no part of it can be accepted anew.",
                why=error.why,
                do=f"Accept the whole stack: `nestbench accept {stack}`.",
            ) from error
        return None, f"{error.what}: it is replaced"


def _refuse(stack: str, made: "Acceptance", *, nothing: bool) -> None:
    from nestbench.names import number_of

    whys: dict[str, list[str]] = {}
    for label, why in made.missing.items():
        whys.setdefault(why, []).append(label)
    typer.echo(f"{stack}: refused: {number_of(len(made.missing), 'cell')} cannot be accepted.")
    for why, labels in whys.items():
        _list(f"{why}:" if not nothing else why, [] if nothing else labels)
    if not nothing:
        typer.echo(
            f"  `nestbench run {stack}` measures what is missing; --incomplete accepts the rest as it is."
        )
    else:
        typer.echo(f"  `nestbench run {stack}` measures it.")


def _tell(stack: str, made: "Acceptance") -> None:
    from nestbench.names import number_of

    if not made.differs:
        typer.echo(f"{stack}: as accepted, {number_of(len(made.baseline.cells), 'cell')}.")
    else:
        counts = f"{len(made.changed)} changed, {len(made.added)} new, {len(made.gone)} gone" + (
            f", {len(made.missing)} missing and left as they were" if made.missing else ""
        )
        typer.echo(f"{stack}: accepted, {number_of(len(made.baseline.cells), 'cell')}: {counts}.")
    _list("changed:", [f"{label}: {'; '.join(map(str, said))}" for label, said in made.changed.items()])
    _list("gone:", made.gone)
    if made.missing:
        _list("missing:", list(made.missing))


def _list(head: str, lines: "list[str] | tuple[str, ...]") -> None:
    if lines or not head.endswith(":"):
        typer.echo(f"  {head}")
    for line in lines[:_SHOWN]:
        typer.echo(f"    {line}")
    if len(lines) > _SHOWN:
        typer.echo(f"    and {len(lines) - _SHOWN} more")
