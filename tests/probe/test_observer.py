"""Isolation, with real processes: what a cell does to itself, and that no other cell pays for it.

Where the real probe imports TensorFlow and runs the protocol, a few lines stand here that behave
as a case is told to.
"""

import importlib
import os
import signal
import sys
import tempfile
import time
import unittest
from importlib.util import cache_from_source
from unittest import mock

from nestprobe import bytecode, cell, child, observer
from nestprobe.cell import Cell
from nestprobe.child import Limits
from nestprobe.confinement import confine
from nestprobe.device import DeviceError
from nestprobe.observation import Observation, Outcome, OutcomeKind, to_data
from nestprobe.observer import Observer


class KeptTest(unittest.TestCase):
    def test_half_a_character_is_kept_as_text_that_others_can_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "result.json")
            cell.keep_in(path, {"message": os.fsdecode(b"caf\xe9 \xe2\x82\xac")}, "key")
            kept = cell.kept_in(path, "key")
            self.assertEqual(kept, {"message": "caf? \u20ac"})
            self.assertIsNone(cell.kept_in(path, "another"))


class ByteCodeTest(unittest.TestCase):
    def test_what_a_case_makes_up_is_not_compiled(self):
        with tempfile.TemporaryDirectory() as prefix, mock.patch.object(sys, "prefix", prefix):
            byte_code = bytecode.ByteCode()
            for files in (None, 3, [3, "\0.py", "/nowhere.py", os.path.join(prefix, "gone.py")]):
                byte_code.write(files)
            self.assertEqual(os.listdir(prefix), [])

    def test_what_a_case_puts_in_the_place_of_a_module_says_nothing(self):
        with mock.patch.dict(sys.modules, {"strange": object()}):
            self.assertEqual(bytecode.missing(set()), [])


class Backend(object):
    kit, flavour, threads, import_seconds = object(), "none", 1, 0.0
    versions = {"python": "3"}


def eat():
    held = []
    while True:
        held.append(bytearray(b"x") * (8 * 1024 * 1024))


def hang():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    time.sleep(60)


def leave_children():
    for detach in (True, False):
        if os.fork() == 0:
            if detach:
                os.setsid()
            time.sleep(60)
            os._exit(0)


def print_garbage():
    sys.stdout.write("garbage\n")
    sys.stdout.flush()
    os.write(1, b"\xff\xfe{")


def fail():
    raise AssertionError("a fault of the probe itself")


def trespass(scratch):
    """What became of writing into its own folder, those around it, and of a signal to the parent."""
    above = os.path.dirname(os.path.dirname(scratch))
    return {
        "own": tried(lambda: os.rename(written(scratch, "a"), os.path.join(scratch, "b"))),
        "beside": tried(lambda: written(above, "c")),
        "home": tried(lambda: os.mkdir(os.path.join(os.path.expanduser("~"), "nestprobe-was-here"))),
        "environment": tried(lambda: written(sys.prefix, "nestprobe-was-here")),
        "parent": tried(lambda: os.kill(os.getppid(), 0)),
    }


def written(folder, name):
    path = os.path.join(folder, name)
    with open(path, "w") as stream:
        stream.write(name)
    return path


def tried(act):
    try:
        act()
    except PermissionError:
        return "refused"
    return "done"


def confined():
    """Whether this kernel confines; found out in a child, since it is for good."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if confine(tempfile.gettempdir()) else 1)
    return os.waitpid(pid, 0)[1] == 0


WAYS = {
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exits": lambda: os._exit(0),
    "hangs": hang,
    "eats": eat,
    "closes": lambda: os.closerange(0, 256),
    "prints": print_garbage,
    "leaves": leave_children,
    "fails": fail,
    "imports": lambda: [importlib.import_module(name) for name in ("of_prefix", "of_elsewhere")],
}


def observe(cell, _kit, scratch, report):
    """Stands for the protocol: reaches the phase ``built``, then does what the case is called."""
    report(Observation(cell.case, cell.variant, Outcome(OutcomeKind.OBSERVED)), "built")
    if cell.case in WAYS:
        WAYS[cell.case]()
    variant = cell.variant
    if cell.case == "looks":
        places = {"cwd": ".", "scratch": scratch, "temporary": tempfile.gettempdir()}
        variant = {name: os.path.realpath(place) for name, place in places.items()}
        variant["inherited"] = os.path.realpath(os.environ["TMPDIR"])
    if cell.case == "trespasses":
        variant = trespass(scratch)
    return Observation(cell.case, variant, Outcome(OutcomeKind.OBSERVED, "to the end"))


def children():
    with open("/proc/self/task/%d/children" % os.getpid()) as stream:
        return stream.read().split()


@unittest.skipUnless(sys.platform == "linux", "children are found under /proc")
class ObserverTest(unittest.TestCase):
    def setUp(self):
        for target, name, value in ((observer, "Backend", Backend), (observer, "observe", observe)):
            self.patch(target, name, value)
        self.patch(sys.modules["nestprobe.cell"], "observe", observe)
        handler = signal.getsignal(signal.SIGCHLD)
        self.addCleanup(signal.signal, signal.SIGCHLD, handler)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.scratch = folder.name
        self.events = []

    def patch(self, target, name, value):
        patcher = mock.patch.object(target, name, value)
        patcher.start()
        self.addCleanup(patcher.stop)

    def run_cells(self, *ways, **settings):
        cells = [Cell("theme.py", way, {"number": str(i)}) for i, way in enumerate(ways)]
        settings.setdefault("launch", "fork")
        settings.setdefault("limits", Limits(seconds=20, megabytes=2048))
        Observer(cells, self.events.append, self.scratch, **settings).run()
        found = [one["observation"] for one in self.events if one["event"] == "cell"]
        self.assertEqual(len(found), len(cells))
        return {one["case"]: one for one in found}

    def outcome(self, way, **settings):
        return self.run_cells("fine", way, "also-fine", **settings)[way]["outcome"]

    def test_every_end_has_a_name_and_the_phase_it_came_in(self):
        for way, kind, detail in (
            ("segfault", OutcomeKind.CRASHED, "SIGSEGV"),
            ("exits", OutcomeKind.EXITED, "exit status 0"),
            ("fails", OutcomeKind.EXITED, "exit status %d" % child.PROBE_FAILED),
        ):
            with self.subTest(way):
                self.assertEqual(self.outcome(way), {"kind": kind, "detail": detail, "phase": "built"})
                self.events.clear()

    def test_a_cell_that_hangs_is_ended_at_its_limit(self):
        found = self.outcome("hangs", limits=Limits(seconds=0.5, megabytes=2048))
        self.assertEqual((found["kind"], found["detail"]), ("timed-out", "limit of 0.5 s"))

    def test_a_cell_that_eats_memory_is_ended_at_its_limit(self):
        found = self.outcome("eats", limits=Limits(seconds=20, megabytes=300))
        self.assertEqual((found["kind"], found["detail"]), ("out-of-memory", "limit of 300 MB"))

    def test_what_does_no_harm_is_observed_to_the_end(self):
        for way in ("closes", "prints", "leaves"):
            with self.subTest(way):
                self.assertEqual(self.outcome(way), {"kind": "observed", "detail": "to the end"})
                self.events.clear()

    def test_nobody_pays_for_another_and_nothing_is_left_behind(self):
        ways = ("fine", "segfault", "exits", "hangs", "eats", "closes", "prints", "leaves", "also-fine")
        limits = Limits(seconds=2, megabytes=300)
        found = self.run_cells(*ways, jobs=3, limits=limits)
        for way, number in (("fine", 0), ("also-fine", len(ways) - 1)):
            whole = Observation(way, {"number": str(number)}, Outcome("observed", "to the end"))
            self.assertEqual(found[way], to_data(whole))
        self.assertEqual(children(), [])
        self.assertEqual(os.listdir(self.scratch), [])

    def test_a_cell_works_in_a_folder_of_its_own(self):
        seen = self.run_cells("looks")["looks"]["variant"]
        self.assertEqual(len(set(seen.values())), 1, seen)
        self.assertTrue(seen["cwd"].startswith(os.path.realpath(self.scratch)))

    def test_a_cell_writes_into_its_own_folder_only(self):
        if not confined():
            self.skipTest("this kernel has no Landlock")
        with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as prefix:
            self.patch(os, "environ", dict(os.environ, HOME=home))
            self.patch(sys, "prefix", prefix)
            seen = self.run_cells("trespasses")["trespasses"]["variant"]
            self.assertEqual(os.listdir(prefix), [])
        self.assertEqual((seen["own"], seen["beside"], seen["home"]), ("done", "refused", "refused"))
        self.assertEqual(seen["environment"], "refused")
        self.assertEqual(os.listdir(self.scratch), [])

    def test_what_a_cell_compiles_of_the_environment_is_compiled_once(self):
        with tempfile.TemporaryDirectory() as prefix, tempfile.TemporaryDirectory() as elsewhere:
            self.patch(sys, "prefix", os.path.realpath(prefix))
            self.patch(sys, "dont_write_bytecode", False)
            self.patch(sys, "path", [prefix, elsewhere, *sys.path])
            mine, foreign = written(prefix, "of_prefix.py"), written(elsewhere, "of_elsewhere.py")
            for path in (mine, foreign):
                with open(path, "w") as stream:
                    stream.write("HERE = 1\n")
            self.run_cells("imports", "imports")
            found = [os.path.exists(cache_from_source(path)) for path in (mine, foreign)]
        self.assertEqual(found, [True, not confined()])

    def test_the_order_of_events(self):
        self.run_cells("fine", "also-fine")
        names = [one["event"] for one in self.events]
        self.assertEqual(names, ["ready", "started", "cell", "started", "cell", "done"])
        self.assertEqual(self.events[0]["launch"], "fork")

    def test_inline_gives_the_same_observations(self):
        forked = self.run_cells("fine", "also-fine")
        self.events.clear()
        self.assertEqual(self.run_cells("fine", "also-fine", launch="inline"), forked)

    def test_many_threads_after_the_import_forbid_a_fork(self):
        for threads, launch in ((1, "fork"), (observer.MOST_THREADS_TO_FORK + 1, "fresh"), (None, "fresh")):
            self.patch(Backend, "threads", threads)
            self.assertEqual(Observer([], self.events.append, self.scratch)._choose(Backend()), launch)

    def test_on_a_gpu_every_cell_is_fresh(self):
        self.patch(os, "environ", dict(os.environ, NESTPROBE_DEVICE="gpu"))
        for asked, launch in (("auto", "fresh"), ("fork", "fresh"), ("fresh", "fresh"), ("inline", "inline")):
            self.assertEqual(
                Observer([], self.events.append, self.scratch, launch=asked)._choose(Backend()), launch
            )

    def test_without_the_gpu_that_is_asked_for_nothing_is_started(self):
        away = mock.Mock(side_effect=DeviceError("it is away"))
        self.patch(observer.device, "found", away)
        with self.assertRaises(DeviceError):
            self.run_cells("fine")
        self.assertEqual(self.events, [])

    def test_ends_itself_and_its_cells_when_nobody_listens_any_more(self):
        alive, listener = os.pipe()
        self.addCleanup(os.close, alive)
        # An alarm and not a thread: a fork wants a process without any.
        before = signal.signal(signal.SIGALRM, lambda *_: os.close(listener))
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        began = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            self.run_cells("hangs", alive=alive)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(children(), [])


if __name__ == "__main__":
    unittest.main()
