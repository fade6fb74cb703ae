"""``python -m nestprobe doctor``: the diagnosis of a model that a function makes, in this environment."""

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import sys
import threading

from nestprobe import resultfile, subject

OK, FOUND, USAGE, INCOMPLETE, FAILED = 0, 1, 2, 3, 4

FORMATS = ("text", "markdown", "html", "json")


class _TooLong(BaseException):
    """The time is over; no ``except Exception`` on the way may take it for an error of the model."""


def main(arguments):
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    complaint = resultfile.complaint(options.output)
    if complaint:
        return _complain(complaint, USAGE)
    try:
        request = asked(options)
        if not options.quiet:
            sys.stderr.write("nestprobe: %s\n" % subject.is_code(request.factory))
        with contextlib.redirect_stdout(sys.stderr), _limit(options.timeout):
            diagnosis = examine(request, fit=not options.no_fit)
    except subject.SubjectError as error:
        return _complain(str(error), INCOMPLETE if error.kind == "raised" else USAGE)
    except _TooLong:
        return _complain(
            "It took more than %g s.\n  what to do: Give it more with --timeout, or leave the optimizer step "
            "out with --no-fit." % options.timeout,
            INCOMPLETE,
        )
    except KeyboardInterrupt:
        return _complain("Interrupted.", INCOMPLETE)
    except Exception as error:
        return _complain("%s: %s" % (type(error).__name__, error), FAILED)
    return _write(shown(diagnosis, options.format), options.output, diagnosis.exit_status)


def examine(request, fit=True):
    """The Diagnosis of a Request. Raises SubjectError, NoGround, and Unobservable of the engine."""
    from nestprobe.doctor import ground
    from nestprobe.doctor.examination import Examination
    from nestprobe.doctor.judge import judge

    factory = subject.find(request.factory, request.path)
    engine = ground.engine()

    def make():
        return subject.make(factory, request.arguments, ground.model_classes(engine), request.factory)

    return judge(Examination(engine, make=make, inputs=request.inputs or None, fit=fit).run())


def shown(diagnosis, form):
    """The diagnosis in one of FORMATS, ended by a line break."""
    from nestprobe.doctor import rendering

    if form == "json":
        data = dict(dataclasses.asdict(diagnosis), exit_status=diagnosis.exit_status)
        return json.dumps(data, indent=1, sort_keys=True) + "\n"
    if form == "html":
        return rendering.page(diagnosis)
    return (rendering.markdown if form == "markdown" else rendering.text)(diagnosis).rstrip("\n") + "\n"


def asked(options):
    """The Request of a command line: of ``--request FILE`` (JSON), what the line says before what it says."""
    data = {"model": {}}
    if options.request:
        try:
            with open(options.request) as stream:
                data = json.load(stream)
        except (OSError, ValueError) as error:
            raise subject.SubjectError(
                "request", "%s cannot be read: %s" % (options.request, error)
            ) from error
    model = data.setdefault("model", {}) if isinstance(data, dict) else {}
    if options.factory:
        model["factory"] = options.factory
    if options.argument:
        model["arguments"] = dict(
            model.get("arguments", {}), **dict(map(subject.parse_argument, options.argument))
        )
    if options.path:
        model["path"] = options.path
    request = subject.read(data)
    return subject.with_shapes(request, options.input_shape) if options.input_shape else request


def _parser():
    parser = argparse.ArgumentParser(
        prog="nestprobe doctor",
        allow_abbrev=False,
        description="Say which variables of a model are not counted, not trained or not saved, where they "
        "live, why, and what to write instead. Saved: to model.weights.h5, and with TensorFlow to a "
        "tf.train.Checkpoint, of which a loss is a note; not to a model file. Exit codes: 0 no finding, 1 "
        "findings, 2 wrong usage, 3 not everything could be looked at, 4 the ground failed.",
    )
    parser.add_argument(
        "factory", nargs="?", help="package.module:name or file.py:name, a function that returns the model"
    )
    parser.add_argument(
        "--input-shape",
        action="append",
        metavar="[NAME=]SHAPE[:DTYPE]",
        help="e.g. 2,5 or left=2,5:int32; once for each input",
    )
    parser.add_argument("--argument", action="append", metavar="NAME=VALUE", help="of the function")
    parser.add_argument("--path", action="append", metavar="DIR", help="a folder of modules")
    parser.add_argument("--request", metavar="FILE", help="all of it as JSON, see nestprobe/subject.py")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not say that the model is code")
    parser.add_argument("--no-fit", action="store_true", help="try no optimizer step")
    parser.add_argument(
        "--timeout",
        type=float,
        default=600,
        metavar="SECONDS",
        help="give up after that; 0: never (default: 600)",
    )
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("-o", "--output", metavar="FILE", help="result file (default: stdout)")
    return parser


@contextlib.contextmanager
def _limit(seconds):
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not seconds or not usable:
        yield
        return

    def end(*_):
        raise _TooLong

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _complain(text, status):
    sys.stderr.write("nestprobe: %s\n" % text)
    return status


def _write(text, path, status):
    if path is None:
        sys.stdout.write(text)
        return status
    try:
        resultfile.write(path, text)
    except OSError as error:
        return _complain("%s could not be written: %s" % (path, error.strerror), FAILED)
    return status
