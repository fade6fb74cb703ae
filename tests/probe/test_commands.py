import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import nestprobe
from nestprobe import commands, subject
from nestprobe.device import DeviceError

HARNESS = os.path.dirname(os.path.dirname(os.path.abspath(nestprobe.__file__)))
PAGE = """
from nestprobe import case

@case(parameters=1, variants={"owner": ("layer", "model")})
def first_case(k, owner):
    "One."

@case(parameters=1)
def second_case(k):
    "Two."
"""


class CommandsTest(unittest.TestCase):
    def setUp(self):
        environment = mock.patch.dict(os.environ)  # which a command sets for its device
        environment.start()
        self.addCleanup(environment.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.cases = os.path.join(self.folder, "cases")
        os.mkdir(self.cases)
        self.write("theme.py", PAGE)

    def write(self, name, text):
        with open(os.path.join(self.cases, name), "w") as stream:
            stream.write(text)

    def run_main(self, *arguments):
        """(status, stdout, stderr)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = commands.main(list(arguments))
        return status, out.getvalue(), err.getvalue()

    def refused(self, *arguments):
        status, out, err = self.run_main("-q", *arguments)
        self.assertEqual((status, out), (2, ""))
        self.assertEqual(len(err.splitlines()), 1, err)
        return err

    def test_a_folder_without_cases(self):
        self.assertIn("no case files in " + self.folder, self.refused("--cases", self.folder))

    def test_a_folder_without_cases_is_not_said_to_be_code(self):
        status, _, err = self.run_main("--cases", self.folder)
        self.assertEqual((status, len(err.splitlines())), (2, 1), err)

    def test_no_case_of_that_name_lists_those_there_are(self):
        said = self.refused("--cases", self.cases, "--only", "third-*")
        self.assertIn("third-*", said)
        self.assertIn("first-case, second-case", said)

    def test_a_case_file_that_does_not_load(self):
        self.write("worse.py", "1 / 0\n")
        said = self.refused("--cases", self.cases)
        self.assertIn("worse.py does not load: ZeroDivisionError", said)

    def test_the_nearest_case_is_named(self):
        self.assertIn("nearest: first-case", self.refused("--cases", self.cases, "--case", "frist-case"))

    def test_an_unknown_option_exits_with_2(self):
        err = io.StringIO()
        with contextlib.redirect_stderr(err), self.assertRaises(SystemExit) as ended:
            commands.main(["--case", "x", "--nonsense"])
        self.assertEqual(ended.exception.code, 2)
        self.assertIn("usage: nestprobe", err.getvalue())

    def chosen(self, *arguments):
        """The cells that would be observed."""
        with mock.patch("nestprobe.commands.Observer") as observer:
            status, _, err = self.run_main("-q", "--cases", self.cases, *arguments)
        self.assertEqual((status, err), (0, ""))
        return [(cell.case, dict(cell.variant)) for cell in observer.call_args[0][0]]

    def test_own_cases_are_said_to_be_code(self):
        with mock.patch("nestprobe.commands.Observer"):
            _, _, err = self.run_main("--cases", self.cases)
        self.assertEqual(err.count(self.cases + subject.is_code("")), 1)

    def test_gpus_are_hidden_if_none_is_asked_for(self):
        with mock.patch.dict(os.environ, CUDA_VISIBLE_DEVICES="0"):
            self.chosen()
            self.assertEqual(
                (os.environ["NESTPROBE_DEVICE"], os.environ["CUDA_VISIBLE_DEVICES"]), ("cpu", "")
            )
        with mock.patch.dict(os.environ, CUDA_VISIBLE_DEVICES="0"):
            self.chosen("--device", "gpu")
            self.assertEqual(
                (os.environ["NESTPROBE_DEVICE"], os.environ["CUDA_VISIBLE_DEVICES"]), ("gpu", "0")
            )

    def test_a_gpu_that_is_not_there_is_told_and_nothing_is_written(self):
        target = os.path.join(self.folder, "result.json")
        with mock.patch.dict(os.environ), mock.patch("nestprobe.observer.Backend"), mock.patch(
            "nestprobe.observer.device.found", side_effect=DeviceError("no GPU to compute on")
        ):
            status, out, err = self.run_main("--cases", self.cases, "--device", "gpu", "-o", target)
        self.assertEqual((status, out), (3, ""))
        self.assertIn("nestprobe: DeviceError: no GPU to compute on", err)
        self.assertFalse(os.path.exists(target))

    def test_every_variant_of_what_is_chosen(self):
        first = [("first-case", {"owner": owner}) for owner in ("layer", "model")]
        self.assertEqual(self.chosen("--only", "first-*"), first)
        self.assertEqual(self.chosen(), [*first, ("second-case", {})])

    def test_one_variant(self):
        found = self.chosen("--only", "first-*", "--variant", "owner=model")
        self.assertEqual(found, [("first-case", {"owner": "model"})])

    def test_a_variant_that_no_case_has_lists_those_there_are(self):
        said = self.refused("--cases", self.cases, "--variant", "owner=nobody")
        self.assertIn("no case has the variant owner=nobody", said)
        self.assertIn("owner=layer, owner=model", said)

    def test_a_result_file_that_cannot_be_is_told_first(self):
        nowhere = os.path.join(self.folder, "mistyped")
        said = self.refused("--cases", self.cases, "-o", os.path.join(nowhere, "result.json"))
        self.assertIn("no folder " + os.path.realpath(nowhere), said)
        self.assertIn("is a folder", self.refused("--cases", self.cases, "-o", self.folder))
        self.assertEqual(os.listdir(self.folder), ["cases"])

    def test_a_device_stays_a_device_and_a_link_a_link(self):
        link = os.path.join(self.folder, "link")
        os.symlink("later.json", link)
        for path in (os.devnull, link):
            with contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(commands._write({"observations": []}, path), 0)
        self.assertFalse(os.path.isfile(os.devnull))
        self.assertTrue(os.path.islink(link))
        with open(os.path.join(self.folder, "later.json")) as stream:
            self.assertEqual(json.load(stream), {"observations": []})

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_device_is_told(self):
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            self.assertEqual(commands._write({"observations": []}, "/dev/full"), 4)
        self.assertIn("/dev/full could not be written", err.getvalue())

    def test_without_tensorflow_it_says_so_and_writes_nothing(self):
        target = os.path.join(self.folder, "result.json")
        missing = ModuleNotFoundError("No module named 'tensorflow'")
        with mock.patch("nestprobe.observer.Backend", side_effect=missing):
            status, out, err = self.run_main("--cases", self.cases, "-o", target)
        self.assertEqual((status, out), (4, ""))
        self.assertIn("ModuleNotFoundError: No module named 'tensorflow'", err)
        self.assertIn("this is %s; run it with the Python that has TensorFlow" % sys.executable, err)
        self.assertEqual(os.listdir(self.folder), ["cases"])

    def test_what_was_observed_before_it_was_ended_is_written(self):
        target = os.path.join(self.folder, "result.json")

        def interrupted(observer):
            ready = {"versions": {}, "flavour": "none", "launch": "fork", "device": {}}
            observer._emit(dict(ready, event="ready"))
            seen = {"case": "second-case", "variant": {}, "outcome": {"kind": "observed"}}
            observer._emit({"event": "cell", "observation": seen})
            raise KeyboardInterrupt

        with mock.patch("nestprobe.observer.Observer.run", interrupted):
            status, _, err = self.run_main("-q", "--cases", self.cases, "-o", target)
        self.assertEqual(status, 3)
        self.assertIn("ended early, after 1 of 3", err)
        with open(target) as stream:
            self.assertEqual(len(json.load(stream)["observations"]), 1)

    def test_less_than_one_worker_is_refused(self):
        for count in ("0", "-1", "x"):
            with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(io.StringIO()) as err:
                commands.main(["--workers", count])
            self.assertEqual(ended.exception.code, 2)
            self.assertIn("--workers", err.getvalue())

    def test_a_result_file_is_written_whole(self):
        target = os.path.join(self.folder, "result.json")
        with contextlib.redirect_stderr(io.StringIO()):
            commands._write({"observations": []}, target)
        with open(target) as stream:
            self.assertEqual(json.load(stream), {"observations": []})
        self.assertEqual(sorted(os.listdir(self.folder)), ["cases", "result.json"])

    def test_serve_leaves_a_file_that_does_not_load_to_its_own_cells(self):
        self.write("worse.py", "1 / 0\n")
        paths = [os.path.join(self.cases, name) for name in ("worse.py", "theme.py")]
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            files = commands._files_by_case(paths)
        self.assertEqual(files, dict.fromkeys(("first-case", "second-case"), paths[1]))
        self.assertIn("worse.py does not load", err.getvalue())

    def test_as_a_module(self):
        done = subprocess.run(
            [sys.executable, "-m", "nestprobe", "--help"],
            env=dict(os.environ, PYTHONPATH=HARNESS),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("usage: nestprobe", done.stdout)


if __name__ == "__main__":
    unittest.main()
