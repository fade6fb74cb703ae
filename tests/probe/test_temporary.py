"""What processes leave among the temporary files of the machine: nothing, however they end."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest

import nestprobe
from nestprobe import temporary

HARNESS = os.path.dirname(os.path.dirname(os.path.abspath(nestprobe.__file__)))
#: As autograph does on TensorFlow 2.1: what it wrote must still be there when it is removed.
TRANSLATES = """
import atexit, os, tempfile
from nestprobe import temporary
temporary.own()
with tempfile.NamedTemporaryFile(suffix=".py", delete=False) as stream:
    atexit.register(lambda: os.remove(stream.name))
tempfile.mkdtemp()
"""
FORKS = """
pid = os.fork()
if pid == 0:
    os.mkdir(os.path.join(os.environ["TMPDIR"], "of-the-child"))
    raise SystemExit
os.waitpid(pid, 0)
assert len(os.listdir(os.environ["TMPDIR"])) >= 2
"""
WAITS = """
import tempfile, time
tempfile.mkdtemp()
print("waiting", flush=True)
time.sleep(60)
"""


class TemporaryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.tmp = folder.name, os.path.join(folder.name, "tmp")
        os.mkdir(self.tmp)
        self.environ = dict(os.environ, TMPDIR=self.tmp, PYTHONPATH=HARNESS)

    def ran(self, *command):
        done = subprocess.run(
            [sys.executable, "-s", *command],
            env=self.environ, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
            universal_newlines=True, check=False,
        )  # fmt: skip
        self.assertEqual(os.listdir(self.tmp), [])
        return done

    def test_a_folder_goes_with_its_body_whatever_raises(self):
        with self.assertRaises(ZeroDivisionError), temporary.folder() as made:
            os.mkdir(os.path.join(made, "within"))
            raise ZeroDivisionError
        self.assertFalse(os.path.exists(made))

    def test_what_removes_its_files_itself_finds_them(self):
        done = self.ran("-c", TRANSLATES)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_fork_that_exits_takes_nothing_away(self):
        done = self.ran("-c", TRANSLATES.replace("atexit.register", "id") + FORKS)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_command_that_fails_leaves_nothing(self):
        done = self.ran("-m", "nestprobe", "--cases", "nowhere")
        self.assertIn("no case files in nowhere", done.stderr)

    def test_a_command_that_is_ended_leaves_nothing(self):
        os.mkdir(os.path.join(self.folder, "cases"))
        with open(os.path.join(self.folder, "cases", "waits.py"), "w") as stream:
            stream.write(WAITS)
        process = subprocess.Popen(
            [sys.executable, "-s", "-m", "nestprobe", "--cases", "cases"],
            env=self.environ, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            universal_newlines=True,
        )  # fmt: skip
        with process:
            self.assertEqual(process.stdout.readline(), "waiting\n")
            self.assertNotEqual(os.listdir(self.tmp), [])
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.stderr.read().splitlines()[-1], "nestprobe: Interrupted.")
        self.assertEqual(process.returncode, 3)
        self.assertEqual(os.listdir(self.tmp), [])


if __name__ == "__main__":
    unittest.main()
