"""``nestbench doctor`` and ``nestbench rules``: what a model loses, why, and what is known of it."""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from nestbench.cli.options import Quiet
from nestbench.errors import ExitCode, GroundError, IncompleteError, UsageError
from nestbench.given import given_toml
from nestbench.output import check_output

#: For a process that is within an operation of the backend at its limit.
_GRACE_SECONDS = 15.0


class DiagnosisFormat(StrEnum):
    """How a diagnosis is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command("doctor")(doctor)
    app.command("rules")(rules)


def doctor(
    factory: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODULE:FUNCTION]", help="package.module:function or file.py:function that makes it."
        ),
    ] = None,
    *,
    input_shape: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]SHAPE[:DTYPE]", help="E.g. 2,5 or left=2,5:int32; once for each input."),
    ] = None,
    argument: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="An argument of the function.")
    ] = None,
    path: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A folder of modules, put first.")
    ] = None,
    request: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="All of it in a TOML file.")
    ] = None,
    python: Annotated[
        Path | None, typer.Option(metavar="PYTHON", help="The Python that has your Keras; else this one.")
    ] = None,
    no_fit: Annotated[bool, typer.Option("--no-fit", help="Try no optimizer step.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Give up after that; 0: never.")
    ] = 600,
    form: Annotated[
        DiagnosisFormat, typer.Option("--format", help="How to write it.")
    ] = DiagnosisFormat.TEXT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Into this file.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Say which variables of your model are not counted, trained or saved, and why.

    For each: where it lives, the line that made it, the cause, and what to write instead. It runs in the
    environment of this Python, or of another with --python. Exits with 1 where something was found, 3 where
    it could not look.
    """
    from nestbench import staging
    from nestbench.run.workspace import find_workspace

    if output is not None:
        check_output(output, option="--output")
    data = _request(request, factory, argument or [], path or [], input_shape or [])
    command = [str(python or sys.executable), *(["-s"] if python else []), "-m", "nestprobe", "doctor"]
    command += ["--format", str(form), "--timeout", str(timeout), *(["--no-fit"] if no_fit else [])]
    command += ["--quiet"] if quiet else []
    command += ["-o", str(output.absolute())] if output is not None else []
    environ = dict(os.environ)
    # The probe alone: nestbench's own packages must not be on the path of another environment.
    probe = staging.stage(find_workspace().folder("probe")) if python else staging.package().parent
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(probe), environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory(prefix="nestbench-doctor-") as folder:
        file = Path(folder) / "request.json"
        file.write_text(json.dumps(data), encoding="utf-8")
        environ["TMPDIR"] = folder  # also what is left where the process has to be ended
        try:
            done = subprocess.run(
                [*command, "--request", str(file)],
                env=environ,
                check=False,
                timeout=timeout + _GRACE_SECONDS if timeout else None,
            )
        except subprocess.TimeoutExpired as error:
            raise IncompleteError(
                f"It took more than {timeout:g} s and would not be interrupted: it was ended.",
                do="Give it more with --timeout, or leave the optimizer step out with --no-fit.",
            ) from error
        except OSError as error:
            raise UsageError(
                f"{command[0]} cannot be run: {error.strerror}.", do="Name a Python with --python."
            ) from error
    if done.returncode < 0:
        raise _ended_by(done.returncode)
    if done.returncode not in {int(code) for code in ExitCode}:
        typer.echo(f"nestbench: the process ended with status {done.returncode}.", err=True)
        raise typer.Exit(int(ExitCode.GROUND))
    raise typer.Exit(done.returncode)


def _ended_by(status: int) -> GroundError:
    """What to say of a process that a signal ended."""
    from nestbench.run.probe_process import describe_status

    what = f"The process that looked at the model was ended by {describe_status(status)}."
    if status == -signal.SIGKILL:
        why = "the memory was used up: the model is made several times, with all its weights"
        return GroundError(what, why=why, do="Diagnose a smaller model made by the same code.")
    return GroundError(
        what,
        why="compiled code of the backend failed, or someone ended it",
        do="Call the model by itself with the same Python; leave the optimizer step out with --no-fit.",
    )


def _request(
    file: Path | None,
    factory: str | None,
    arguments: list[str],
    folders: list[Path],
    shapes: list[str],
) -> dict[str, Any]:
    """The request as data, checked: what the command line says goes before what the file says."""
    from nestprobe import subject

    data = _of_file(file)
    try:
        model = data.setdefault("model", {})
        if factory is not None:
            model["factory"] = factory
        if not model.get("factory"):
            do = "Name a function: nestbench doctor package.module:function."
            raise UsageError("It is not said which model.", do=do)
        if arguments:
            model["arguments"] = {
                **model.get("arguments", {}),
                **dict(map(subject.parse_argument, arguments)),
            }
        if folders:
            model["path"] = [str(folder.absolute()) for folder in folders]
        asked = subject.read(data)
        if shapes:
            asked = subject.with_shapes(asked, shapes)
        return dict(subject.to_data(asked))
    except subject.SubjectError as error:
        raise UsageError(error.what, why=error.why, do=error.do) from error


def _of_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return given_toml(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", do="Correct the path.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"{file} is no TOML: {error}.",
            do='It holds [model] with factory = "module:function", and [[input]] with shape = [2, 5].',
        ) from error


def rules(
    name: Annotated[str | None, typer.Argument(metavar="[RULE]", help="The id of one rule.")] = None,
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Renew what is known of versions, from results/published.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 where that is not current.")
    ] = False,
) -> None:
    """List the causes that the doctor knows, or tell all of one: why, what to write, on which versions."""
    from nestbench.doctoring import update
    from nestbench.run.workspace import find_workspace
    from nestprobe.doctor.rules import RULES

    if write or check:
        changed = update(find_workspace().published / "table.csv", write=not check)
        told = "was made current" if changed else "is current"
        if check and changed:
            typer.echo("versions.json is not current; `nestbench rules --write` makes it so.", err=True)
            raise typer.Exit(int(ExitCode.FOUND))
        typer.echo(f"versions.json {told}.", err=True)
        return
    if name is None:
        width = max(len(rule.id) for rule in RULES)
        for rule in RULES:
            typer.echo(f"{rule.id:{width}}  {rule.title}")
        return
    chosen = next((rule for rule in RULES if rule.id == name), None)
    if chosen is None:
        known = [rule.id for rule in RULES]
        raise UsageError.unknown("rule", name, known, do="`nestbench rules` lists them.")
    typer.echo(f"{chosen.id}: {chosen.title}\n\n{chosen.cause}\n\n{chosen.code()}\n")
    for kind, of_lines in _known_of(chosen.id).items():
        typer.echo(f"{kind}:")
        for line, said in of_lines.items():
            typer.echo(f"  {line}: " + "; ".join(f"{_WORDS[word]} {said[word]}" for word in said))
    if chosen.cases:
        typer.echo("cases: " + ", ".join(chosen.cases))
        typer.echo(f"  `nestbench table --case {shlex.quote(chosen.cases[0])}` shows the first of them.")


_WORDS = {"lost": "shown on", "clean": "not on", "other": "other trouble on"}


def _known_of(rule: str) -> dict[str, dict[str, dict[str, str]]]:
    from nestbench import staging
    from nestbench.doctoring import VERSIONS

    data = json.loads((staging.package() / VERSIONS).read_text(encoding="utf-8"))
    return dict(data["rules"].get(rule, {}))
