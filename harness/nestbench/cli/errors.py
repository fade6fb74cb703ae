"""The one place where an error becomes words on stderr and an exit code."""

import contextlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from nestbench import __version__
from nestbench.errors import ExitCode, NestbenchError
from nestbench.faults import explained

#: Typer's own (usage errors among them) keep their way of being shown; typer has no public name
#: for their base since it carries its own copy of click.
_TYPERS_OWN: tuple[type[BaseException], ...] = (
    typer.Exit,
    typer.Abort,
    typer.BadParameter.__mro__[2],
)


class Commands(TyperGroup):
    """The root command; every command runs inside its ``invoke``.

    It reads its own options by hand: declared to typer, even ``--help`` as its default makes
    every command, and every command's help, pay for the import of pydantic (0.3 s).
    """

    debug = False

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the process. What its terminal cannot show is spelled out, never an error."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return super().main(*arguments, **options)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the options that stand before the command."""
        self.debug = args[:1] == ["--debug"]
        args = args[1:] if self.debug else args
        with self._to_the_end():
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
        with self._to_the_end():
            result = super().invoke(ctx)
            sys.stdout.flush()
        return result

    @contextlib.contextmanager
    def _to_the_end(self) -> Iterator[None]:
        try:
            yield
        except _TYPERS_OWN:
            raise
        except NestbenchError as error:
            _end(str(error), error.exit_code)
        except KeyboardInterrupt:
            _end("Interrupted.", ExitCode.INCOMPLETE)
        except BrokenPipeError:
            silence_stdout()
            raise typer.Exit(ExitCode.CLEAN) from None
        except Exception as error:  # noqa: BLE001 - this is where they end
            if self.debug:
                traceback.print_exc()
            _end(str(explained(error)), ExitCode.GROUND)


def silence_stdout() -> None:
    """Nothing more is to be written there: its reader (head, less) has seen enough, or it is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(message: str, code: int) -> NoReturn:
    try:
        sys.stdout.flush()
    except OSError:  # else Python tries again at its end, and complains
        silence_stdout()
    typer.echo(f"nestbench: {message}", err=True)
    raise typer.Exit(int(code))


def _as_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
