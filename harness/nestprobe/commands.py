"""The probe's own command line: ``observe`` and ``doctor`` for people, the others for programs."""

import argparse
import difflib
import fnmatch
import hashlib
import importlib
import json
import os
import platform
import signal
import sys
import time

from nestprobe import casefiles, device, resultfile, subject, temporary
from nestprobe.cell import Cell, keep_in, observe_into
from nestprobe.child import Limits
from nestprobe.observation import SCHEMA
from nestprobe.observer import Observer

_FEW = 10  # names in a sentence
#: Commands of other modules that answer a request file; imported when they are called.
_ELSEWHERE = {
    "exchange": ("nestprobe.exchange", "exchange"),
    "launch": ("nestprobe.timing.launch", "launch"),
    "timing-cell": ("nestprobe.timing.launch", "fresh_cell"),
    "list-weights": ("nestprobe.audited", "list_weights"),
    "grow": ("nestprobe.timing.gone", "grow"),
    "grow-point": ("nestprobe.timing.gone", "point"),
    "trial": ("nestprobe.doctor.trial", "trial"),
}
FOR_PROGRAMS = ("serve", "cell") + tuple(_ELSEWHERE)
OK, USAGE, INCOMPLETE, FAILED = 0, 2, 3, 4


def main(arguments):
    """Run a command; returns the exit status."""
    if arguments[:1] == ["doctor"]:
        from nestprobe.doctor.command import main as doctor

        return doctor(arguments[1:])
    if arguments[:1] == ["device"]:
        return _device(*arguments[1:2])
    if arguments[:1] and arguments[0] in FOR_PROGRAMS:
        device.settle()
        return _answer(*arguments[:2])
    if arguments[:1] == ["observe"]:
        arguments = arguments[1:]
    return _observe(_parser().parse_args(arguments))


def _answer(command, path):
    """Answer the request in the JSON file ``path``; returns the exit status."""
    if command == "serve":
        return _serve(path)
    if command == "cell":
        return _cell(path)
    module, function = _ELSEWHERE[command]
    return getattr(importlib.import_module(module), function)(path)


def _serve(path):
    # Whatever TensorFlow or a case prints goes to the log; the events keep the real stdout.
    events = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def emit(event):
        events.write(json.dumps(event) + "\n")
        events.flush()

    with open(path) as stream:
        request = json.load(stream)
    files = _files_by_case(request["files"])
    cells = [Cell(files.get(item["case"], ""), item["case"], item["variant"]) for item in request["cells"]]
    observer = Observer(
        cells,
        emit,
        request["scratch"],
        launch=request.get("launch", "auto"),
        jobs=request.get("jobs", 1),
        limits=Limits(**request.get("limits", {})),
        alive=0,
    )
    return _run(observer, emit)


def _run(observer, emit):
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        observer.run()
    except KeyboardInterrupt:
        return INCOMPLETE
    except device.DeviceError as error:
        emit({"event": "failed", "what": type(error).__name__, "detail": str(error)})
        return INCOMPLETE
    except Exception as error:
        emit({"event": "failed", "what": type(error).__name__, "detail": str(error)})
        return FAILED
    return OK


def _interrupt(*_):
    raise KeyboardInterrupt


def _files_by_case(paths):
    """Which file declares which case; a file that does not load here is left to its own cells."""
    files = {}
    for path in paths:
        try:
            for case in casefiles.load(path):
                files[case.id] = path
        except Exception as error:
            sys.stderr.write("%s does not load: %s: %s\n" % (path, type(error).__name__, error))
    return files


def _cell(path):
    from nestprobe.backend import Backend

    with open(path) as stream:
        request = json.load(stream)
    cell = Cell(request["file"], request["case"], request["variant"])
    kit = Backend().kit
    try:
        device.verify(kit)
    except device.DeviceError as error:
        keep_in(request["result"], {"no_device": str(error)}, request["key"])
        os._exit(INCOMPLETE)
    observe_into(cell, kit, request["scratch"], request["result"], request["key"])
    sys.stderr.flush()
    os._exit(0)  # TensorFlow's own shutdown is no part of the observation, and can hang


def _device(path=None):
    """Say which GPU the backend computes on, or why on none; in the file ``path`` where it is given."""
    from nestprobe.backend import Backend

    device.settle(device.GPU)
    try:
        answer = device.facts(Backend().kit)
    except Exception as error:
        kind = "" if isinstance(error, device.DeviceError) else "%s: " % type(error).__name__
        answer = {"error": kind + str(error)}
    text = json.dumps(answer, indent=1, sort_keys=True) + "\n"
    if path is None:
        sys.stdout.write(text)
    else:
        with open(path, "w") as stream:
            stream.write(text)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INCOMPLETE if "error" in answer else OK)  # as a cell: a backend's own shutdown can hang


def _parser():
    parser = argparse.ArgumentParser(
        prog="nestprobe",
        allow_abbrev=False,  # --case must not be taken for --cases
        description="Observe how this interpreter's TensorFlow and Keras count, track, train and "
        "save nested layers, and write what was seen to a result file.",
    )
    parser.add_argument("--cases", action="append", metavar="DIR", help="folder of case files")
    parser.add_argument(
        "--case", "--only", dest="only", action="append", metavar="ID", help="case id or pattern"
    )
    parser.add_argument("--variant", action="append", metavar="NAME=VALUE", help="only this variant")
    parser.add_argument("-o", "--output", metavar="FILE", help="result file (default: stdout)")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not say that cases are code")
    parser.add_argument(
        "--device",
        choices=device.DEVICES,
        default=device.CPU,
        help="what to compute on (default: cpu, GPUs are hidden); `device` alone says which GPU there is",
    )
    parser.add_argument("--launch", choices=("auto", "fork", "fresh", "inline"), default="auto")
    parser.add_argument(
        "--workers", "--jobs", dest="jobs", type=_count, default=1, help="cells at once (default: 1)"
    )
    parser.add_argument("--timeout", type=float, default=60, help="seconds for one cell")
    parser.add_argument("--memory", type=int, default=4096, help="megabytes for one cell")
    return parser


def _count(text):
    if int(text) < 1:
        raise ValueError(text)  # argparse says which
    return int(text)


def _default_cases():
    """``cases`` beside the package (a checkout has it beside ``harness``), or in this folder."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for folder in (os.path.join(here, "cases"), os.path.join(os.path.dirname(here), "cases")):
        if os.path.isdir(folder):
            return [folder]
    return ["cases"]


def _wanted(pairs):
    """(name, "name=value") of each variant that was asked for."""
    return [(pair.split("=", 1)[0], pair) for pair in pairs or ()]


def _choose(folders, patterns, wanted):
    """(cells, complaint): the variants of the cases that were asked for."""
    cells, names, found = [], [], []
    for folder in folders:
        for path in casefiles.find(folder):
            try:
                cases = casefiles.load(path)
            except Exception as error:
                return [], "%s does not load: %s: %s" % (path, type(error).__name__, error)
            for case in cases:
                names.append(case.id)
                if not patterns or any(fnmatch.fnmatch(case.id, one) for one in patterns):
                    found.append(case)
                    cells.extend(
                        Cell(path, case.id, variant)
                        for variant in case.combinations()
                        if all("%s=%s" % (n, variant.get(n)) == w for n, w in wanted)
                    )
    if not found:
        near = [name for one in patterns for name in difflib.get_close_matches(one, names)]
        return [], "no case matches %s; %s" % (" ".join(patterns), _hint(near, names))
    if not cells:
        asked = " ".join(pair for _, pair in wanted)
        return [], "no case has the variant %s; there are: %s" % (asked, ", ".join(_variants(found)))
    return cells, None


def _empty(folders):
    """The complaint about a folder without case files; None where each has some."""
    empty = [folder for folder in folders if not casefiles.find(folder)]
    return "no case files in %s; name a folder with --cases DIR" % empty[0] if empty else None


def _hint(near, names):
    if near:
        return "nearest: %s" % ", ".join(near)
    few = sorted(names)[:_FEW]
    return "there are: %s%s" % (", ".join(few), ", ..." if len(names) > len(few) else "")


def _variants(cases):
    """Each name=value that any of the cases has, sorted."""
    return sorted({"%s=%s" % pair for case in cases for one in case.combinations() for pair in one.items()})


def _observe(options):
    folders = options.cases or _default_cases()
    complaint = resultfile.complaint(options.output) or _empty(folders)
    if complaint:
        sys.stderr.write("nestprobe: %s\n" % complaint)
        return USAGE
    if options.cases and not options.quiet:
        sys.stderr.write("nestprobe: %s\n" % subject.is_code(", ".join(options.cases)))
    cells, complaint = _choose(folders, options.only, _wanted(options.variant))
    if complaint:
        sys.stderr.write("nestprobe: %s\n" % complaint)
        return USAGE
    device.settle(options.device)
    result = {"schema": SCHEMA, "observations": [], "sources": _sources(cells)}
    total = len(cells)

    def emit(event):
        if event["event"] == "ready":
            result["stack"] = {
                "versions": event["versions"],
                "flavour": event["flavour"],
                "device": options.device,
            }
            result["host"] = {
                "node": platform.node(),
                "platform": platform.platform(),
                "launch": event["launch"],
                "date": time.strftime("%Y-%m-%d", time.gmtime()),
            }
            result["host"].update(event["device"])
        elif event["event"] == "cell":
            result["observations"].append(event["observation"])
            done = len(result["observations"])
            what = event["observation"]["outcome"]["kind"]
            sys.stderr.write("[%d/%d] %s: %s\n" % (done, total, event["observation"]["case"], what))
        elif event["event"] == "failed":
            sys.stderr.write("nestprobe: %(what)s: %(detail)s\n" % event)
            if event["what"] in ("ModuleNotFoundError", "ImportError"):
                advice = "nestprobe: this is %s; run it with the Python that has TensorFlow\n"
                sys.stderr.write(advice % sys.executable)
            elif event["what"] == device.DeviceError.__name__:
                sys.stderr.write("nestprobe: nothing was measured on the CPU in its place\n")

    with temporary.folder() as scratch:
        observer = Observer(
            cells,
            emit,
            scratch,
            launch=options.launch,
            jobs=options.jobs,
            limits=Limits(options.timeout, options.memory),
        )
        status = _run(observer, emit)
    return _kept(result, status, total, options.output)


def _kept(result, status, total, path):
    """Write what was observed; the exit status."""
    if status == OK:
        return _write(result, path)
    if result["observations"]:  # hours, perhaps: what is missing shows as missing where it is imported
        sys.stderr.write("nestprobe: ended early, after %d of %d\n" % (len(result["observations"]), total))
        _write(result, path)
    return status


def _sources(cells):
    """Fingerprints by which the controller tells whether this probe and these cases are its own."""
    package = os.path.dirname(os.path.abspath(__file__))
    names = []
    for folder, _, files in os.walk(package):
        for name in files:
            if name.endswith(".py"):
                path = os.path.relpath(os.path.join(folder, name), package)
                names.append(path.replace(os.sep, "/"))
    whole = hashlib.sha256()
    for name in sorted(names):
        with open(os.path.join(package, name), "rb") as stream:
            whole.update(name.encode() + b"\0" + stream.read())
    cases = {}
    for cell in cells:
        with open(cell.file, "rb") as stream:
            cases[cell.case] = hashlib.sha256(stream.read()).hexdigest()
    return {"probe": whole.hexdigest(), "cases": cases}


def _write(result, path):
    """Write the result; returns the exit status."""
    text = json.dumps(result, indent=1, sort_keys=True) + "\n"
    if path is None:
        sys.stdout.write(text)
        return OK
    try:
        resultfile.write(path, text)
    except OSError as error:
        sys.stderr.write("nestprobe: %s could not be written: %s\n" % (path, error.strerror))
        return FAILED
    sys.stderr.write("%d observations written to %s\n" % (len(result["observations"]), path))
    return OK
