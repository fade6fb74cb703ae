"""``nestbench cases``: what is in the catalogue."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from nestbench.cli.options import CaseFolders, Form, Groups, ListFormat, screen

if TYPE_CHECKING:
    from nestbench.catalogue import CaseEntry, Catalogue, Variant


class ListsByDefault(TyperGroup):
    """``cases`` and ``cases PATTERN`` mean ``cases list [PATTERN]``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name first where it was left out."""
        if args[:1] == ["--help"]:
            typer.echo(ctx.get_help())
            raise typer.Exit
        if args[:1] not in (["list"], ["show"]):
            args = ["list", *args]
        return super().parse_args(ctx, args)


cases_app = typer.Typer(
    cls=ListsByDefault,
    help="List the catalogue (`nestbench cases [PATTERN]`), or show one case.",
    rich_markup_mode=None,
    add_help_option=False,  # see nestbench.cli.errors.Commands
)


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.add_typer(cases_app, name="cases")


@cases_app.command("list")
def list_cases(
    pattern: Annotated[list[str] | None, typer.Argument(help="Case ids or patterns, e.g. 'list-*'.")] = None,
    *,
    group: Groups = None,
    folders: CaseFolders = None,
    form: Form = ListFormat.TABLE,
) -> None:
    """List cases: id, group, variants, and what a reader with the problem would type."""
    from nestbench.catalogue import load_catalogue

    chosen = load_catalogue(folders or []).select(pattern or [], group or [])
    if form is ListFormat.JSON:
        typer.echo(json.dumps([_data(entry) for entry in chosen], indent=1))
    else:
        _print_table(chosen)


@cases_app.command("show")
def show_case(
    case: Annotated[str, typer.Argument(metavar="ID", help="One case id, no pattern.")],
    *,
    folders: CaseFolders = None,
    form: Form = ListFormat.TABLE,
) -> None:
    """Show one case: its symptom, what is meant to be counted, where it comes from, and its source."""
    from nestbench.catalogue import load_catalogue

    entry = load_catalogue(folders or []).get(case)
    if form is ListFormat.JSON:
        typer.echo(json.dumps(_data(entry) | {"source": entry.source}, indent=1))
        return
    console = screen()
    console.print(f"{entry.id}  ({entry.group})", style="bold", markup=False)
    console.print(f"{entry.doc}\n", markup=False, highlight=False)
    console.print("By the case's own arithmetic:", style="bold")
    for variant in entry.variants:
        console.print(f"  {_meant(variant)}", markup=False, highlight=False)
    if entry.sizes:
        sizes = ", ".join(map(str, entry.sizes))
        console.print(f"\n`nestbench growth` runs it at {entry.growing} = {sizes}", markup=False)
    console.print("\nWhere users met it:", style="bold")
    for source in entry.sources or ("no source given",):
        console.print(f"  {source}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"\n{entry.file}:{entry.line}", style="bold", markup=False, soft_wrap=True)
    if console.is_terminal:
        from rich.syntax import Syntax

        console.print(Syntax(entry.source, "python", background_color="default"))
    else:
        typer.echo(entry.source)


def _print_table(chosen: "Catalogue") -> None:
    from rich.table import Table

    from nestbench.names import number_of

    table = Table("case", "group", "variants", "what a reader would type", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for entry in chosen:
        table.add_row(entry.id, entry.group, str(len(entry.variants)), entry.symptom)
    console = screen()
    console.print(table, markup=False)
    cells = sum(len(entry.variants) for entry in chosen)
    console.print(f"\n{number_of(len(chosen), 'case')}, {number_of(cells, 'variant')}", highlight=False)


def _meant(variant: "Variant") -> str:
    counts = f"{variant.parameters} parameters are used, {variant.trainable} are to be trained"
    return f"{variant.label}: {counts}" if variant.label else counts


def _data(entry: "CaseEntry") -> dict[str, Any]:
    return {
        "id": entry.id,
        "group": entry.group,
        "symptom": entry.symptom,
        "file": str(entry.file),
        "line": entry.line,
        "sources": list(entry.sources),
        "needs": list(entry.needs),
        "growing": entry.growing or None,
        "sizes": list(entry.sizes),
        "variants": [
            {
                "variant": variant.names,
                "parameters": variant.parameters,
                "trainable": variant.trainable,
            }
            for variant in entry.variants
        ],
        "digest": entry.digest,
    }
