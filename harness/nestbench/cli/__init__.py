"""The command line: arguments and words only. Heavy imports happen inside the commands."""

import typer

from nestbench.cli import cases, matrix, results, run
from nestbench.cli.errors import Commands

_EPILOG = (
    "Exit codes: 0 everything that was expected is there; 1 a gate found something; 2 wrong usage; "
    "3 incomplete or nothing measured; 4 the tool or its ground failed."
)

app = typer.Typer(
    name="nestbench",
    help="How nested Keras layers are counted, tracked and built, from TensorFlow 2.0 to today.",
    epilog=_EPILOG,
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich's help costs more time than everything else in --help
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from nestbench import __version__

        typer.echo(f"nestbench {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an unexpected error."),
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_version, help="Print the version and end."
    ),
) -> None:
    """Options that every command has."""
    del debug, version  # read where an error is told, and in the callback


run.add_to(app)
matrix.add_to(app)
cases.add_to(app)
results.add_to(app)


def main() -> None:
    """Run the command line of this process and end it with the command's exit code."""
    app(prog_name="nestbench")
