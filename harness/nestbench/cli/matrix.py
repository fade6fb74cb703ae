"""``nestbench matrix`` and ``nestbench lock``: the stacks, what this machine can make, their locks."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nestbench.cli.errors import interruptible
from nestbench.cli.options import Environments, MatrixFile, NoDownload, screen
from nestbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from nestbench.interpreters import Available, Unavailable
    from nestbench.matrix import Stack
    from nestbench.matrix.advisories import Vulnerable


class MatrixFormat(StrEnum):
    """How the matrix is printed."""

    TABLE = "table"
    JSON = "json"
    GITHUB = "github"


Stacks = Annotated[
    list[str] | None,
    typer.Argument(metavar="[STACK]...", help="Ids of stacks, or patterns; all where left out."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("matrix")(matrix)
    app.command("lock")(lock)


def matrix(
    stacks: Stacks = None,
    *,
    form: Annotated[
        MatrixFormat, typer.Option("--format", help="How to print it; github: as the matrix of a job.")
    ] = MatrixFormat.TABLE,
    shards: Annotated[
        int | None, typer.Option(min=1, help="With --format github: so many jobs a stack, by case.")
    ] = None,
    file: MatrixFile = None,
    no_download: NoDownload = False,
    disk: Annotated[
        bool, typer.Option("--disk", help="What the environments that are made take on disk.")
    ] = False,
    envs: Environments = None,
) -> None:
    """List the stacks, what this machine can run of them, and why not.

    In the order in which other commands say a range of stacks, such as tf2.14-tfkeras to tf2.21-legacy.
    With --format github: a job a stack (those on a GPU only where they are named), as JSON on one line.
    """
    from nestbench.interpreters import availabilities
    from nestbench.matrix import load_matrix

    rows_of = load_matrix(file)
    chosen = rows_of.select(stacks or []).stacks
    if shards is not None and form is not MatrixFormat.GITHUB:
        raise UsageError("--shards goes with --format github.", do="`nestbench run --shard I/N` runs one.")
    if form is MatrixFormat.GITHUB:
        from nestbench.matrix.jobs import jobs

        meant = rows_of.meant(stacks or ["*"])
        typer.echo(json.dumps(jobs([one for one in chosen if one.id in meant], shards or 1)))
        return
    if disk:
        _print_disk(chosen, envs)
        return
    # Looking must not install anything: what could be downloaded is said to be so.
    found = availabilities(chosen, allow_download=False)
    rows = [_row(stack, found[stack.id], downloads=not no_download) for stack in chosen]
    if form is MatrixFormat.JSON:
        typer.echo(json.dumps(rows, indent=1))
        return
    _print_table(rows)


def _row(stack: "Stack", found: "Available | Unavailable", *, downloads: bool) -> dict[str, Any]:
    from nestbench.interpreters import Available
    from nestbench.matrix.advisories import vulnerable
    from nestbench.matrix.locks import lock_command, lock_path, without_lock

    known = vulnerable(stack)
    row: dict[str, Any] = {
        "id": stack.id,
        "backend": str(stack.backend),
        "tensorflow": stack.tensorflow,
        "wheel": stack.wheel,
        "jax": stack.jax,
        "torch": stack.torch,
        "extras": list(stack.extras),
        "keras": stack.keras,
        "flavour": str(stack.flavour),
        "module": str(stack.module),
        "environ": dict(stack.environ),
        "python": stack.python,
        "platform": str(stack.platform),
        "device": str(stack.device),
        "uploaded": stack.uploaded.isoformat(),
        "resolved": stack.resolved.isoformat(),
        "sdists": [{"name": one.name, "reason": one.reason} for one in stack.sdists],
        "lock": lock_path(stack).exists(),
        "not_installed": [{"name": one.name, "reason": one.reason} for one in stack.not_installed],
        "find_links": stack.find_links,
        "hold_backs": [{"requirement": one.requirement, "reason": one.reason} for one in stack.hold_backs],
        "known_vulnerabilities": None if known is None else [_vulnerable(one) for one in known],
    }
    if not lock_path(stack).exists():
        row |= {"runs": False, "interpreter": None, "source": None}
        return row | {"reason": without_lock(stack), "remedy": f"make its lock: `{lock_command(stack)}`"}
    if isinstance(found, Available):
        row |= {"runs": True, "interpreter": str(found.interpreter.path)}
        return row | {"source": str(found.interpreter.source), "reason": "", "remedy": ""}
    fetched = downloads and found.downloadable
    row |= {"runs": fetched, "interpreter": None, "source": "download by uv" if fetched else None}
    return row | {
        "reason": "" if fetched else found.reason,
        "remedy": "" if fetched else found.remedy,
    }


def _vulnerable(one: "Vulnerable") -> dict[str, Any]:
    sources = {advisory.id: advisory.source for advisory in one.advisories}
    return {"package": one.package, "version": one.version, "fixed": one.fixed, "advisories": sources}


def _print_disk(stacks: "tuple[Stack, ...]", envs: Path | None) -> None:
    from rich.table import Table

    from nestbench.environments import environment_folder
    from nestbench.environments.disk import disk_use
    from nestbench.run.workspace import find_workspace

    root = find_workspace().root
    folders = {one.id: envs / one.id if envs else environment_folder(one, root) for one in stacks}
    made = {name: folder for name, folder in folders.items() if folder.is_dir()}
    uses, total = disk_use(made)
    table = Table(box=None, pad_edge=False)
    table.add_column("stack")
    for name in ("MB", "of them in no other"):
        table.add_column(name, justify="right")
    for name, use in uses.items():
        table.add_row(name, f"{use.apparent / 1e6:.0f}", f"{use.own / 1e6:.0f}")
    console = screen()
    console.print(table, markup=False)
    apart = sum(use.apparent for use in uses.values())
    console.print(
        f"\n{len(made)} of {len(folders)} environments are made. Together {total / 1e9:.1f} GB; "
        f"without shared files it would be {apart / 1e9:.1f} GB.",
        highlight=False,
    )


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    from nestbench.matrix.advisories import listed
    from nestbench.names import number_of

    table = Table(box=None, pad_edge=False)
    for name in ("stack", "backend", "keras", "flavour", "python", "resolved", "vulnerable", "runs here"):
        table.add_column(name)
    fixed: dict[str, str] = {}
    for row in rows:
        known = row["known_vulnerabilities"]
        fixed |= {one["package"]: one["fixed"] for one in known or ()}
        runs = f"yes ({row['source']})" if row["runs"] else f"no: {row['reason']}"
        backend = f"{row['backend']} {row[row['backend']]}"
        names = "?" if known is None else ", ".join(one["package"] for one in known) or "none listed"
        facts = (row[name] for name in ("keras", "flavour", "python", "resolved"))
        table.add_row(row["id"], backend, *facts, names, runs)
    console = screen()
    console.print(table, markup=False)
    can = sum(row["runs"] for row in rows)
    console.print(f"\n{can} of {number_of(len(rows), 'stack')} run on this machine.", highlight=False)
    console.print(
        f"vulnerable: what advisories as of {listed().as_of} name; --format json has them."
        + "".join(f" Fixed from {name} {fixed[name]} on." for name in sorted(fixed)),
        markup=False,
        highlight=False,
    )
    for remedy in dict.fromkeys(row["remedy"] for row in rows if row["remedy"]):
        console.print(f"For the others: {remedy}.", markup=False, highlight=False)


def lock(
    stacks: Stacks = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; say which locks are not current.")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="List releases on the index without a row.")
    ] = False,
    file: MatrixFile = None,
) -> None:
    """Resolve the locks again, each at its own date, or check them.

    Exits with 1 where --check or --missing found something, with 3 where a lock could not be made.
    """
    from nestbench.matrix import load_matrix

    loaded = load_matrix(file)
    if missing:
        if check or stacks:
            raise UsageError("--missing stands alone.", do="Leave out --check and the stacks.")
        from nestbench.matrix.index import missing_releases

        releases = missing_releases(loaded)
        for release in releases:
            typer.echo(str(release))
        typer.echo(f"{len(releases)} releases on the index have no row.", err=True)
        raise typer.Exit(int(ExitCode.FOUND if releases else ExitCode.CLEAN))
    _make_or_check(loaded.select(stacks or []).stacks, check=check)


def _make_or_check(stacks: "tuple[Stack, ...]", *, check: bool) -> None:
    from nestbench.matrix.locks import LockState, check_locks, write_locks

    work = check_locks if check else write_locks
    # A log of both streams would tell everything twice.
    say = (lambda line: typer.echo(line, err=True)) if sys.stderr.isatty() else None
    with interruptible("locks that were written stay, and come out the same"):
        results = work(stacks, on_progress=say)
    for result in results:
        detail = f": {result.detail}" if result.detail else ""
        typer.echo(f"{result.stack_id}: {result.state}{detail}")
    states = {result.state for result in results}
    if LockState.FAILED in states:
        raise typer.Exit(int(ExitCode.INCOMPLETE))
    if states & {LockState.STALE, LockState.MISSING}:
        raise typer.Exit(int(ExitCode.FOUND))
