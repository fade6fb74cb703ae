"""``nestbench bench method``: whether the method of comparing times works, tried on one stack."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nestbench.cli.errors import interruptible
from nestbench.cli.options import (
    CaseFolders,
    Cases,
    Environments,
    Form,
    Groups,
    ListFormat,
    MatrixFile,
    NoDownload,
    Quiet,
    screen,
)
from nestbench.cli.timed import (
    Cpus,
    Measure,
    Measures,
    Seconds,
    Seed,
    SessionName,
    TimedLaunches,
    launch_for,
)
from nestbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from nestbench.bench.method import Count, Figures, Proof
    from nestbench.timing import Session, Shelf


def method(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The stack that is timed against itself.")],
    *,
    case: Cases = None,
    group: Groups = None,
    measure: Measures = None,
    blocks: Annotated[int, typer.Option(min=5, max=30, help="Blocks of four launches each.")] = 20,
    launch: TimedLaunches = None,
    timeout: Seconds = 60,
    cpus: Cpus = None,
    seed: Seed = 0,
    kept: Annotated[bool, typer.Option("--kept", help="Measure nothing, show what is kept.")] = False,
    session: SessionName = None,
    results: Annotated[
        Path | None, typer.Option("--results", metavar="DIR", help="The folder of these sessions.")
    ] = None,
    envs: Environments = None,
    folders: CaseFolders = None,
    matrix: MatrixFile = None,
    no_download: NoDownload = False,
    quiet: Quiet = False,
    form: Form = ListFormat.TABLE,
) -> None:
    """Try the method of comparing times: false alarms, and which planted slowdowns are found.

    One stack is launched as four arms: itself, itself again, itself with every case slowed by a known
    factor, and its control; of each case, the first variant. Rules of others are counted on the same
    samples. The session is kept, by default as the stack is called, and gone on with where it was
    interrupted. Exits with 1 where the method does not do what it has to, with 3 where too little was
    measured to say so.
    """
    from nestbench.bench.method import prove
    from nestbench.run.workspace import find_workspace
    from nestbench.timing import Shelf
    from nestbench.timing.samples import samples

    workspace = find_workspace()
    shelf = Shelf(root=(results or workspace.root / "results" / "local-method").absolute())
    if kept:
        held = shelf.load(session or stack)
        most = None
    else:
        from nestbench.bench.planting import CASES, arms_for, parts_for
        from nestbench.catalogue import load_catalogue
        from nestbench.matrix import load_matrix
        from nestbench.names import require_known
        from nestbench.run.alone import alone
        from nestbench.run.session import tox_prepare
        from nestbench.timing.beginning import begin
        from nestbench.timing.host import set_aside
        from nestbench.timing.running import Timing, check_same

        rows, every = load_matrix(matrix), load_catalogue(folders or [])
        require_known(rows.asked([stack]), *every.asked(case or [], group or []))
        chosen = rows.get(stack)
        catalogue = every.select(case or ([] if group else CASES), group or [])
        parts = parts_for(catalogue)
        asked = begin(
            session or chosen.id,
            arms_for(chosen, parts),
            parts,
            measures=tuple(map(str, measure or list(Measure))),
            launch=launch_for([chosen], launch),
            limit=timeout,
            cpus=set_aside(cpus),
            seed=seed,
            planned=blocks,
        )
        if shelf.has(asked.name):
            held = shelf.load(asked.name)
            check_same(held, asked)
        else:
            shelf.require_new(asked.name)
            held = asked

        def say(text: str) -> None:
            if not quiet:
                typer.echo(text, err=True)

        most = blocks
        with alone("nestbench bench method"), interruptible("finished blocks are kept"):
            prepare = tox_prepare([chosen], workspace, envs=envs, allow_download=not no_download)
            made = prepare(chosen.id, say)
            shelf.save(held)
            Timing(
                session=held,
                shelf=shelf,
                workspace=workspace,
                made={chosen.id: made},
                files=sorted({entry.file for entry in catalogue}),
                most=blocks,
                say=say,
            ).measure(blocks)
    try:
        proof = prove(held, samples(shelf, held), most=most)
    except LookupError as error:
        raise UsageError(
            f"The session {held.name} was not made by `nestbench bench method`.",
            do=f"Sessions of `nestbench time` are shown by `nestbench timings --results {shelf.root}`.",
        ) from error
    _show(shelf, held, proof, form)
    if proof.missing:
        raise typer.Exit(int(ExitCode.INCOMPLETE))
    if proof.shortfalls:
        raise typer.Exit(int(ExitCode.FOUND))


def _show(shelf: "Shelf", session: "Session", proof: "Proof", form: ListFormat) -> None:
    if form is ListFormat.JSON:
        typer.echo(json.dumps(_data(session, proof), indent=1))
        return
    from rich.table import Table

    factors = list(proof.ours.found)
    table = Table(
        "rule",
        "launches",
        "false alarms",
        *(f"found at {factor}" for factor in factors),
        title=f"{session.name}: one stack against itself, {proof.cases} cases, {proof.blocks} blocks",
    )
    for one in proof.figures:
        found = (_told(one.found[factor]) for factor in factors)
        table.add_row(one.rule, one.order, _told(one.false), *found)
    screen().print(table)
    for line in _lines(session, proof):
        typer.echo(line)
    typer.echo(f"Kept in {shelf.root / session.name}", err=True)


def _told(count: "Count") -> str:
    return f"{count.hits} of {count.of} ({count.share:.1%})" if count.of else "-"


def _lines(session: "Session", proof: "Proof") -> list[str]:
    ours = proof.ours
    planted = ", ".join(
        f"{factor} times: {count.planted_hits} of {count.planted} found"
        + (f", measured as {proof.came_out[factor]:.3f}" if factor in proof.came_out else "")
        for factor, count in ours.found.items()
    )
    host = session.host
    processors = (
        f"processor {', '.join(map(str, session.cpus))} of {host.get('cpus')} ({host.get('processor')})"
    )
    noise = ", ".join(f"{measure} {value:.1%}" for measure, value in proof.noise.items())
    told = [
        f"Of the slowdowns, really planted by the probe: {planted}; the others are real times multiplied.",
        "One after the other: not launched so but made of the same session's launches, in the order of time.",
        f"Noise by the control: {noise}; {proof.controls} controls, {len(proof.broken)} with a difference.",
        f"{proof.short} comparisons could not be made, too few blocks have both.",
        f"{session.launch} launches of {session.arms[0].stack} on {processors}, begun {session.began}.",
    ]
    if proof.missing:  # nor is it shown then that the method falls short
        told.append(f"NOTHING IS SHOWN YET: too little was measured ({'; '.join(proof.missing)}).")
    elif proof.shortfalls:
        told.append(f"The method falls short: {'; '.join(proof.shortfalls)}.")
    else:
        told.append("The method does what it has to.")
    return told


def _data(session: "Session", proof: "Proof") -> dict[str, object]:
    return {
        "session": session.name,
        "began": session.began,
        "host": dict(session.host),
        "launch": session.launch,
        "blocks": proof.blocks,
        "cases": proof.cases,
        "rules": [_rule(one) for one in proof.figures],
        "planted_came_out": {str(factor): ratio for factor, ratio in proof.came_out.items()},
        "noise": dict(proof.noise),
        "controls": proof.controls,
        "broken_controls": list(proof.broken),
        "not_compared": proof.short,
        "missing": proof.missing,
        "shortfalls": proof.shortfalls,
    }


def _rule(one: "Figures") -> dict[str, object]:
    return {
        "rule": one.rule,
        "launches": one.order,
        "false_alarms": one.false.hits,
        "comparisons": one.false.of,
        "found": {
            str(factor): {
                "found": count.hits,
                "of": count.of,
                "share": count.share,
                "planted_found": count.planted_hits,
                "planted": count.planted,
            }
            for factor, count in one.found.items()
        },
    }
