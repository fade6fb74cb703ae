"""A GPU that goes away while growth is measured: no TensorFlow, and no GPU."""

import json
import os
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

from nestprobe import commands, device
from nestprobe.cell import Cell
from nestprobe.child import Limits
from nestprobe.device import DeviceError
from nestprobe.timing import gone, growing
from nestprobe.timing.part import TIME_CALL

WHY = "no GPU to compute on: it fell off the bus"


class Ended(Exception):
    """In the place of ``os._exit``."""


def lost(*_):
    raise DeviceError(WHY)


BUSY = """
import time
from nestprobe.timing import gone, growing
growing.grow = lambda _: (print("at work", flush=True), time.sleep(20))
gone.grow("")
"""
STARTS = "import subprocess, sys; subprocess.call([sys.executable, '-c', %r])" % BUSY


@unittest.skipUnless(sys.platform == "linux", "the system tells of no parent's death elsewhere")
class KilledTest(unittest.TestCase):
    def test_growth_ends_with_the_one_that_started_it(self):
        environ = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
        starter = subprocess.Popen([sys.executable, "-c", STARTS], env=environ, stdout=subprocess.PIPE)
        self.assertEqual(starter.stdout.readline().strip(), b"at work")
        starter.kill()
        self.assertEqual(starter.communicate(timeout=10)[0], b"")  # nobody holds its end any more


class GoneTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        backend = types.SimpleNamespace(
            threads=1, kit=None, import_seconds=1.0, versions={}, flavour="keras3"
        )
        self.patch(growing, "Backend", lambda: backend)
        self.patch(growing, "adopt_orphans", lambda: None)
        self.patch(gone, "end_with_parent", lambda: None)
        self.patch(growing.gc, "freeze", lambda: None)
        self.patch(device, "found", lambda: {"device": "gpu"})
        self.patch(gone.os, "_exit", mock.Mock(side_effect=Ended))
        # That needs NumPy, which a bare interpreter has not.
        measuring = mock.patch.dict(sys.modules, {"nestprobe.timing.point": mock.Mock()})
        measuring.start()
        self.addCleanup(measuring.stop)

    def patch(self, *arguments):
        patch = mock.patch.object(*arguments)
        patch.start()
        self.addCleanup(patch.stop)

    def path(self, name):
        return os.path.join(self.folder, name)

    def request(self, **more):
        with open(self.path("request.json"), "w") as stream:
            json.dump(more, stream)
        return self.path("request.json")

    def read(self, name):
        with open(self.path(name)) as stream:
            return json.load(stream)

    def grow(self, run_one):
        self.patch(growing, "process_of", lambda kit, scratch: run_one)
        series = {"variant": {}, "growing": "n", "sizes": [1, 2], "count": False, "repeats": 1}
        named = [dict(series, case=name, file="a.py") for name in ("one", "other")]
        with self.assertRaises(Ended):
            gone.grow(self.request(series=named, scratch=self.folder, answers=self.folder))

    def test_what_was_answered_stays_and_the_rest_is_unavailable(self):
        def run_one(cell, limits, work):
            if cell.case == "other":
                raise DeviceError(WHY)
            return {"parts": {}}, 0.0

        self.patch(growing.Series, "_once", lambda series, cell, size, work: self.once(run_one, cell, work))
        self.grow(run_one)
        self.assertEqual(self.read("gone.json"), {"no_device": WHY})
        self.assertEqual(len(self.read("series-0.json")["points"]), 2)
        self.assertFalse(os.path.exists(self.path("series-1.json")))

    def once(self, run_one, cell, work):
        run_one(cell, None, work)
        return {part: {"kind": "measured", "seconds": 0.5} for part in growing.WORKS[work]}, None, {}, 0.0

    def point(self):
        asked = self.request(
            file="a.py", case="one", variant={}, work=TIME_CALL, result=self.path("result.json"), key=None
        )
        with self.assertRaises(Ended):
            gone.point(asked)
        return self.read("result.json")

    def test_a_size_whose_process_finds_no_gpu_says_so(self):
        self.patch(growing.device, "verify", lost)
        self.assertEqual(self.point(), {"no_device": WHY})

    def test_an_import_that_fails_for_want_of_a_gpu_is_no_case_that_raises(self):
        def fails():
            raise RuntimeError("Unable to initialize backend 'cuda'")

        self.patch(growing, "Backend", fails)
        with self.assertRaises(RuntimeError):  # the GPU is there
            gone.point(self.request(result=self.path("result.json"), key=None, file="", case="", variant={}))
        self.patch(device, "found", lost)
        self.assertEqual(self.point(), {"no_device": WHY})

    def test_the_process_that_started_it_reads_that_and_no_kind(self):
        class Started(growing.Child):
            def start(self, kit):
                self.pid = os.fork()
                if not self.pid:
                    with open(self.result, "w") as stream:
                        json.dump({"no_device": WHY}, stream)
                    os.kill(os.getpid(), 9)

        self.patch(growing, "Child", Started)
        run = growing.process_of(None, self.folder)
        with self.assertRaises(DeviceError) as told:
            run(Cell("a.py", "one", {"n": "1"}), Limits(20), TIME_CALL)
        self.assertEqual(str(told.exception), WHY)

    def test_the_commands_are_these(self):
        for name, function in (("grow", "grow"), ("grow-point", "point")):
            self.assertEqual(commands._ELSEWHERE[name], (gone.__name__, function))


if __name__ == "__main__":
    unittest.main()
