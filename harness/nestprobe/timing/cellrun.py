"""pytest and pytest-benchmark on one cell, within the process that is the cell's own."""

import json
import os

import pytest

from nestprobe.cell import find_case
from nestprobe.protocol.messages import clean, raised
from nestprobe.timing import measures
from nestprobe.timing.memory import Peak
from nestprobe.timing.slowed import Slowed
from nestprobe.timing.subject import Subject
from nestprobe.vocabulary import NotApplicable

#: What pytest-benchmark writes of one cell.
FILE = "benchmark.json"


class Kind:
    """What became of one measurement; a cell's own outcome has the words of an observation."""

    MEASURED = "measured"
    RAISES = "raises"
    UNAVAILABLE = "unavailable"  # pytest did not come to it
    NOT_APPLICABLE = "not-applicable"


def measure(cell, kit, folder, path, chosen, facts, planted=None):
    """Time a cell; what became of each measurement is kept in the JSON file ``path`` on the way.

    ``chosen``: names of MEASURES. ``facts``: what is written to each benchmark's ``extra_info``.
    ``planted``: how many times slower it is to be, to see whether a comparison finds that.
    pytest-benchmark's own file is ``FILE`` in the folder of ``path``.
    """
    run = _Run(cell, path, chosen, facts)
    run.keep("begin")
    try:
        run.timed = Subject(find_case(cell), cell.variant, kit, label(cell))
        run.timed.warm_up()
        if planted is not None:
            run.timed = Slowed(run.timed, planted)
    except Exception as error:
        run.all_ended(error)
        run.keep(None)
        return
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # no plugin but that one
    peak = Peak()
    arguments = [
        measures.__file__.replace(".pyc", ".py"), "-q", "--noconftest", "--assert=plain", "--capture=no",
        "-c", os.devnull, "--rootdir", folder, "-p", "no:cacheprovider", "-p", "pytest_benchmark.plugin",
        "--benchmark-disable-gc", "--benchmark-json",
        os.path.join(os.path.dirname(path), FILE),
    ]  # fmt: skip
    status = pytest.main(arguments, plugins=[run])
    run.memory = peak.read()
    run.left_out("pytest ended with %s, its words are in the log" % status)
    run.keep(None)


def label(cell):
    """``case-id[owner=layer]``, as the controller names the cell."""
    variant = ",".join("%s=%s" % pair for pair in cell.variant.items())
    return "%s[%s]" % (cell.case, variant) if variant else cell.case


class _Run(object):
    """The pytest plugin of one cell: chooses the tests, hands them the subject, keeps their outcomes."""

    def __init__(self, cell, path, chosen, facts):
        self.timed, self.memory = None, None
        self._cell, self._path, self._chosen, self._facts = cell, path, chosen, facts
        self._ended, self._benchmarks = {}, []

    def keep(self, phase):
        observation = {
            "case": self._cell.case,
            "variant": dict(self._cell.variant),
            "measures": self._ended,
            # pytest-benchmark writes its file at the very end: what is ended before leaves none.
            "benchmarks": self._benchmarks,
            "memory": self.memory,
        }
        with open(self._path + ".part", "w") as stream:
            json.dump({"phase": phase, "observation": observation, "seconds": 0.0}, stream)
        os.replace(self._path + ".part", self._path)

    def all_ended(self, error):
        """Nothing can be measured, for one and the same reason."""
        for name in self._chosen:
            self._ended[name] = _ended(error)

    def left_out(self, why):
        """What no test answered for was not measured."""
        for name in self._chosen:
            self._ended.setdefault(name, {"kind": Kind.UNAVAILABLE, "detail": why})

    @pytest.fixture
    def subject(self, benchmark):
        benchmark.group = self.timed.label
        benchmark.extra_info.update(self._facts)
        return self.timed

    # pytest finds the hooks by their names and calls them with the arguments that they name.

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if _measure(item.name) in self._chosen]
        for item in items:
            item.name = "%s[%s]" % (item.name, self.timed.label)
            item._nodeid = "measures.py::" + item.name  # noqa: SLF001 - the name under which results compare

    def pytest_runtest_logstart(self, nodeid):
        self.keep(_measure(nodeid))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        yield
        name = _measure(item.name)
        if call.excinfo is not None:
            self._ended[name] = _ended(call.excinfo.value)
        elif call.when == "call":
            self._ended[name] = {"kind": Kind.MEASURED}
            self._benchmarks.append(item.funcargs["benchmark"].stats.as_dict(include_data=True))

    @pytest.hookimpl(tryfirst=True)
    def pytest_benchmark_generate_machine_info(self):
        return {}  # the launch says it once: asking takes a second

    @pytest.hookimpl(tryfirst=True)
    def pytest_benchmark_generate_commit_info(self):
        return {}


def _measure(name):
    """``first-call`` of ``measures.py::test_first_call[list-of-layers]``."""
    return name.split("::")[-1].split("[")[0].replace("test_", "", 1).replace("_", "-")


def _ended(error):
    if isinstance(error, NotApplicable):
        return {"kind": Kind.NOT_APPLICABLE, "detail": clean(error)}
    failure = raised(error)
    return {"kind": Kind.RAISES, "detail": "%s: %s" % (failure.type, failure.message)}
