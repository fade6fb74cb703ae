"""A launch within the probe: what it says where it cannot go on. No TensorFlow."""

import json
import os
import tempfile
import types
import unittest
from unittest import mock

try:
    from nestprobe.timing import launch
except ImportError:  # a bare interpreter has no pytest; the stacks' own environments have it
    launch = None


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


if __name__ == "__main__":
    unittest.main()
