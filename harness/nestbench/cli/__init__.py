"""The command line: arguments and words only. Heavy imports happen inside the commands."""

import gc

import typer

from nestbench.cli import (
    accept,
    attribute,
    audit,
    bench,
    bisect,
    cases,
    check,
    claims,
    collect,
    compare,
    doctor,
    growth,
    history,
    matrix,
    portability,
    readme,
    report,
    repro,
    results,
    run,
    time,
)
from nestbench.cli.errors import Commands

_EPILOG = (
    "Before the command: --help, --version, and --debug, which shows the traceback of an "
    "unexpected error. "
    "Exit codes: 0 everything that was expected is there; 1 a gate found something; 2 wrong usage; "
    "3 incomplete or nothing measured; 4 the tool or its ground failed."
)

app = typer.Typer(
    name="nestbench",
    help="How nested Keras layers are counted, tracked and built, from TensorFlow 2.0 to today.",
    epilog=_EPILOG,
    cls=Commands,
    add_help_option=False,  # see Commands
    add_completion=False,
    rich_markup_mode=None,  # rich's help costs more time than everything else in --help
    pretty_exceptions_enable=False,
)


run.add_to(app)
matrix.add_to(app)
cases.add_to(app)
results.add_to(app)
claims.add_to(app)
history.add_to(app)
compare.add_to(app)
accept.add_to(app)
check.add_to(app)
collect.add_to(app)
bisect.add_to(app)
attribute.add_to(app)
repro.add_to(app)
audit.add_to(app)
portability.add_to(app)
time.add_to(app)
growth.add_to(app)
doctor.add_to(app)
report.add_to(app)
readme.add_to(app)
bench.add_to(app)


def main() -> None:
    """Run the command line of this process and end it with the command's exit code."""
    # A table keeps millions of objects, none of them in a circle: to look for one at Python's own rate,
    # every 700 objects, takes as long as all the rest.
    gc.set_threshold(1_000_000, 20, 20)
    try:
        app(prog_name="nestbench")
    finally:
        gc.freeze()  # the process ends: Python would look for circles in all that is left, to free it
