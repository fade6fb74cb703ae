"""A launch within the probe: what it says where it cannot go on. No TensorFlow."""

import json
import os
import tempfile
import types
import unittest
from unittest import mock

try:
    import pytest_benchmark

    from nestprobe.timing import launch
except ImportError:  # a bare interpreter has no pytest; the stacks' own environments have it
    launch = pytest_benchmark = None


class Ended(Exception):
    """In the place of ``os._exit``."""


class Lost(object):
    """A cell whose process finds no GPU."""

    def __init__(self, *_):
        pass

    def start(self, kit):
        pass

    def poll(self):
        raise launch.device.DeviceError("the GPU has fallen off the bus")


@unittest.skipIf(launch is None, "no pytest, or no NumPy")
class LaunchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        backend = types.SimpleNamespace(
            threads=1, kit=None, import_seconds=1.0, versions={}, flavour="keras3"
        )
        for where, name, value in (
            (launch, "Backend", lambda: backend),
            (launch, "Child", Lost),
            (launch, "_machine_info", dict),
            (launch, "adopt_orphans", lambda: None),
            (launch, "end_with_parent", lambda: None),
            (launch.device, "found", lambda: {"device": "gpu"}),
            (launch.device, "verify", Lost.poll),
            (launch.os, "_exit", mock.Mock(side_effect=Ended)),
        ):
            patch = mock.patch.object(where, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def path(self, name):
        return os.path.join(self.folder, name)

    def request(self, **more):
        with open(self.path("request.json"), "w") as stream:
            json.dump(more, stream)
        return self.path("request.json")

    def test_a_gpu_that_is_gone_meanwhile_is_told(self):
        with open(self.path("cases.py"), "w") as stream:
            stream.write('from nestprobe import case\n\n@case(parameters=1)\ndef one(k):\n    "It is one."\n')
        asked = self.request(
            files=[self.path("cases.py")], cells=[{"case": "one", "variant": {}}], measures=["build"],
            launch="fresh", processes=1, facts={}, scratch=self.folder, outcomes=self.path("outcomes.json"),
        )  # fmt: skip
        with self.assertRaises(Ended):
            launch.launch(asked)
        with open(self.path("outcomes.json")) as stream:
            self.assertEqual(json.load(stream), {"no_device": "the GPU has fallen off the bus"})

    def test_a_cell_says_so_to_its_launch(self):
        asked = self.request(
            file="cases.py", case="one", variant={}, result=self.path("result.json"), key=None
        )
        with self.assertRaises(Ended):
            launch.fresh_cell(asked)
        with open(self.path("result.json")) as stream:
            self.assertIn("no_device", json.load(stream))


MEASURED = {"kind": "measured"}
RAISES = {"kind": "raises", "detail": "ValueError: no"}
NAMES = ("construct", "build", "first-call", "summary")


def ended(*names, **other):
    """What a process that came to its end answers of those names; ``other``: what was not measured."""
    measures = dict.fromkeys(names, MEASURED)
    measures.update({name.replace("_", "-"): one for name, one in other.items()})
    return {"case": "one", "measures": measures, "memory": {"began": 1, "peak": 2}}


def killed(phase, *names):
    """What one leaves that was ended in ``phase``."""
    outcome = {"kind": "timed-out", "detail": "limit of 60 s", "phase": phase}
    return dict(ended(*names), outcome=outcome, memory=None)


@unittest.skipIf(launch is None, "no pytest, or no NumPy")
class ProcessesTest(unittest.TestCase):
    """Three processes for one cell; ``answers``: what becomes of each that is started."""

    def measured(self, *answers):
        self.asked, left = [], list(answers)

        def run(cell, planted, request, kit, number):
            self.asked.append(list(request["measures"]))
            answer = left.pop(0)
            told = [name for name, one in answer["measures"].items() if one["kind"] == "measured"]
            kept = [self.benchmark(name, float(number + 1)) for name in told]
            if "outcome" in answer:
                return dict(answer, benchmarks=kept), None
            return dict(answer, benchmarks=kept), {"version": "9", "benchmarks": kept} if kept else None

        request = {"cells": [{"case": "one", "variant": {}}], "measures": list(NAMES), "processes": 3}
        with mock.patch.object(launch, "_run", run):
            (cell,), self.file = launch._measured(request, {"one": "cases.py"}, None)
        self.assertEqual(left, [])
        self.assertNotIn("benchmarks", cell)
        return cell

    def benchmark(self, name, seconds):
        return {"fullname": "measures.py::test_%s[one]" % name, "stats": {"data": [seconds], "iterations": 1}}

    def rounds(self, name):
        full = "measures.py::test_%s[one]" % name
        found = [one["stats"]["data"] for one in self.file["benchmarks"] if one["fullname"] == full]
        return sorted(found[0]) if found else None

    def test_each_process_measures_everything(self):
        cell = self.measured(*[ended(*NAMES)] * 3)
        self.assertEqual(self.asked, [list(NAMES)] * 3)
        self.assertEqual([self.rounds(name) for name in NAMES], [[1, 2, 3]] * 4)
        self.assertEqual((self.file["version"], "outcome" in cell), ("9", False))

    def test_what_had_ended_before_the_limit_is_measured_as_often_as_elsewhere(self):
        had = ("construct", "build")
        cell = self.measured(killed("first-call", *had), ended(*had), ended(*had))
        self.assertEqual(self.asked, [list(NAMES), list(had), list(had)])
        self.assertEqual([self.rounds(name) for name in had], [[1, 2, 3]] * 2)
        self.assertEqual(cell["measures"], dict.fromkeys(had, MEASURED))
        self.assertEqual(cell["outcome"]["phase"], "first-call")
        self.assertIsNone(self.rounds("first-call"))

    def test_where_every_process_was_ended_there_is_a_file_all_the_same(self):
        self.measured(killed("first-call", "construct"), killed("construct"))
        self.assertEqual(self.rounds("construct"), [1])
        self.assertEqual(self.file["version"], pytest_benchmark.__version__)
        self.assertEqual(self.file["commit_info"], {})

    def test_what_a_later_process_was_ended_in_is_not_measured(self):
        had = ("construct", "build", "first-call")
        cell = self.measured(ended(*NAMES), killed("summary", *had), ended(*NAMES))
        self.assertEqual(self.asked, [list(NAMES), list(NAMES), list(had)])
        self.assertEqual(cell["measures"], dict.fromkeys(had, MEASURED))
        self.assertEqual(cell["outcome"]["phase"], "summary")

    def test_what_raises_is_asked_once_more_only_beside_what_does_not(self):
        cell = self.measured(*[ended("construct", build=RAISES, first_call=RAISES, summary=RAISES)] * 3)
        self.assertEqual(cell["measures"]["build"], RAISES)
        self.measured(ended(construct=RAISES, build=RAISES, first_call=RAISES, summary=RAISES))
        self.assertEqual(self.asked, [list(NAMES)])
        self.assertIsNone(self.file)

    def test_what_was_ended_before_anything_was_measured_is_not_tried_again(self):
        cell = self.measured(killed("begin"))
        self.assertEqual((cell["measures"], self.file), ({}, None))


if __name__ == "__main__":
    unittest.main()
