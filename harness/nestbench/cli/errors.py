"""The one place where an error becomes words on stderr and an exit code."""

import contextlib
import signal
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from nestbench import __version__
from nestbench.cli import streams
from nestbench.errors import ExitCode, IncompleteError, NestbenchError, UsageError
from nestbench.faults import explained

#: Typer has no public name for the bases of its errors since it carries its own copy of click.
_USAGE: Any = typer.BadParameter.__mro__[1]
#: One of them is no error but the help of a command that was given nothing.
_IS_HELP = "NoArgsIsHelpError"
#: Typer's own that keep their way of being shown, but for wrong usage.
_TYPERS_OWN: tuple[type[BaseException], ...] = (
    typer.Exit,
    typer.Abort,
    typer.BadParameter.__mro__[2],
)
#: What pydantic calls the values that typer has it refuse, and what they are.
_REFUSED = {
    "float_parsing": "'{input}' is no number",
    "int_parsing": "'{input}' is no whole number",
    "greater_than_equal": "{input} is less than {ge}",
}


class Commands(TyperGroup):
    """The root command; every command runs inside its ``invoke``.

    It reads its own options by hand: declared to typer, even ``--help`` as its default makes
    every command, and every command's help, pay for the import of pydantic (0.3 s).
    """

    debug = False

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the process."""
        streams.prepare()
        return super().main(*arguments, **options)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the options that stand before the command."""
        self.debug = args[:1] == ["--debug"]
        args = args[1:] if self.debug else args
        with self._to_the_end(ctx):
            if args[:1] in ([], ["--help"]):
                typer.echo(ctx.get_help(), err=not args)
                raise typer.Exit(0 if args else int(ExitCode.USAGE))
            if args[:1] == ["--version"]:
                typer.echo(f"nestbench {__version__}")
                raise typer.Exit
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Every exception ends as a message and an exit code."""
        signal.signal(signal.SIGTERM, _as_ctrl_c)
        with self._to_the_end(ctx):
            return super().invoke(ctx)

    @contextlib.contextmanager
    def _to_the_end(self, ctx: Any) -> Iterator[None]:
        try:
            yield
            _end_with_stdout()
        except _TYPERS_OWN as error:
            if isinstance(error, _USAGE) and type(error).__name__ != _IS_HELP:
                _end(str(_as_ours(error, error.ctx or ctx)), ExitCode.USAGE)
            _end_with_stdout()
            raise
        except NestbenchError as error:
            _end(str(error), error.exit_code)
        except KeyboardInterrupt:
            _end(str(IncompleteError("Interrupted.", do="Run the same command again.")), ExitCode.INCOMPLETE)
        except BrokenPipeError:  # the reader (head, less) has seen enough
            streams.silence_stdout()
            raise typer.Exit(ExitCode.CLEAN) from None
        except Exception as error:  # noqa: BLE001 - this is where they end
            if self.debug:
                traceback.print_exc()
            _end(str(explained(error)), ExitCode.GROUND)


def _as_ours(error: Any, ctx: Any) -> UsageError:
    """Wrong usage that typer found, in the form of all other errors."""
    problems = getattr(error.__cause__, "errors", None)
    if problems is not None:
        problem = problems(include_url=False)[0]
        words = _REFUSED.get(problem["type"])
        error.message = (
            words.format(input=problem["input"], **problem.get("ctx", {}))
            if words
            else problem["msg"].removeprefix("Value error, ")  # before a message of typer's own
        )
    near = " or ".join(f"'{name}'" for name in getattr(error, "possibilities", None) or ())
    what = error.message if near else error.format_message()
    command = " ".join(filter(None, [ctx.command_path, ctx.invoked_subcommand]))
    return UsageError(
        what if what.endswith((".", "?")) else f"{what}.",
        do=f"Did you mean {near}? " * bool(near) + f"`{command} --help` lists what it takes.",
    )


@contextlib.contextmanager
def interruptible(kept: str, *, again: bool = False, more: str = "") -> Iterator[None]:
    """Ctrl-C within is an IncompleteError that says what is ``kept`` and how to go on; see ``going_on``."""
    try:
        yield
    except KeyboardInterrupt:
        raise IncompleteError("Interrupted.", do=going_on(kept, again=again, more=more)) from None


def going_on(kept: str, *, again: bool = False, more: str = "") -> str:
    """How to go on after an interrupt: without --again, which keeps nothing, and with ``more`` options."""
    options = " without --again" * again + f" with {more}" * bool(more)
    return f"The same command{options} goes on from here: {kept}."


def _end_with_stdout() -> None:
    """Nothing is done before standard output has it; that its reader left changes no exit code."""
    fault = streams.flushed()
    if fault is not None and not isinstance(fault, BrokenPipeError):
        _end(str(explained(fault)), ExitCode.GROUND)


def _end(message: str, code: int) -> NoReturn:
    streams.flushed()
    typer.echo(f"nestbench: {message}", err=True)
    raise typer.Exit(int(code))


def _as_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
