"""One launch as a process: what it is asked, how it may end, and that nothing of it stays."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from run_stage import FAKE_PROBE
from timing_stage import session

from nestbench import staging
from nestbench.errors import GroundError, UnavailableError
from nestbench.matrix import Device
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import Workspace
from nestbench.timing import Shelf, launching
from nestbench.timing.launching import Launcher
from nestbench.timing.record import Ended
from nestbench.timing.samples import samples

MADE = Prepared(python=Path(sys.executable), imports={"tensorflow": "2.15.1", "keras": "2.15.0"})
CPU = max(os.sched_getaffinity(0))


@pytest.fixture(autouse=True)
def staged(monkeypatch):
    monkeypatch.setattr(staging, "stage", lambda _folder: FAKE_PROBE)


def launcher(tmp_path, *cases):
    one = session(parts=cases, cpus=(CPU,))
    return Launcher(session=one, workspace=Workspace(root=tmp_path), files=[tmp_path / "cases.py"])


def launch(tmp_path, *cases, made=MADE):
    of = launcher(tmp_path, *cases)
    return of.launch(of.session.arms[0], made, 3, 1)


def asked(tmp_path):
    return [json.loads(line) for line in (tmp_path / "launches.jsonl").read_text().splitlines()]


def left(tmp_path):
    """Living processes that were given this test's case file."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(tmp_path / "cases.py") in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def gone(pid, seconds=10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
                time.sleep(0.05)
                continue
        return True
    return False


def test_a_launch_is_kept_as_it_went(tmp_path):
    kept, text = launch(tmp_path, "good", "raises", "crashes")
    assert (kept.arm, kept.block, kept.order, kept.versions["keras"]) == ("a", 3, 1, "2.15.0")
    assert kept.ended["good"] == {"construct": Ended(kind="measured"), "build": Ended(kind="measured")}
    assert kept.ended["raises"]["build"] == Ended(kind="raises", detail="ValueError: no")
    crashed = Ended(kind="crashed", detail="SIGSEGV, in build")
    assert kept.ended["crashes"] == {"construct": Ended(kind="measured"), "build": crashed}
    assert kept.memory == {"good": {"began": 100, "peak": 200}, "raises": {"began": 100, "peak": 200}}
    one, shelf = launcher(tmp_path, "good", "raises", "crashes").session, Shelf(root=tmp_path)
    shelf.keep(one, kept, text)
    kinds = ["measured", "measured", "raises", "raises", "measured", "crashed"]
    assert samples(shelf, one)["kind"].tolist() == kinds


def test_where_nothing_was_measured_there_is_no_file_of_pytest_benchmark(tmp_path):
    kept, text = launch(tmp_path, "raises")
    assert text is None
    assert set(kept.ended) == {"raises"}


def test_a_launch_is_asked_for_what_the_session_says_on_its_processors(tmp_path):
    before = os.sched_getaffinity(0)
    launch(tmp_path, "good")
    (request,) = asked(tmp_path)
    assert request["cells"] == [{"case": "good", "variant": {}}]
    assert request["measures"] == ["construct", "build"]
    assert (request["launch"], request["limits"]) == ("fork", {"seconds": 60.0})
    assert request["facts"] == {"stack": "a", "arm": "a", "block": 3, "session": "made-up"}
    assert request["cpus"] == [CPU]
    assert os.sched_getaffinity(0) == before
    assert list((tmp_path / ".nestbench" / "scratch").iterdir()) == []


def test_a_launch_that_dies_is_told(tmp_path):
    with pytest.raises(GroundError, match="did not come to its end") as told:
        launch(tmp_path, "kills-launch")
    assert "a-time.log" in told.value.do


def test_a_device_that_is_not_there_or_another_is_told(tmp_path):
    with pytest.raises(UnavailableError, match="it is away"):
        launch(tmp_path, "no-gpu")
    with pytest.raises(UnavailableError, match="computes on gpu and not on the cpu"):
        launch(tmp_path, "on-a-gpu")
    made = Prepared(python=Path(sys.executable), device=Device.GPU)
    launch(tmp_path, "on-a-gpu", made=made)


def test_another_keras_than_the_rows_is_not_timed(tmp_path):
    with pytest.raises(
        GroundError, match=r"imports keras 9\.9 and not 2\.15\.0, so nothing of it was measured"
    ):
        launch(tmp_path, "other-keras")


def test_what_a_launch_leaves_behind_is_ended(tmp_path):
    launch(tmp_path, "leaves-child")
    assert all(map(gone, left(tmp_path)))


def test_a_launch_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(launching, "_GRACE_SECONDS", -118.0)  # two cells of 60 s each: 2 s
    with pytest.raises(GroundError, match="took more than 2 s"):
        launch(tmp_path, "leaves-child", "hangs")
    assert all(map(gone, [asked(tmp_path)[0]["pid"], *left(tmp_path)]))


SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from nestbench import staging
from test_launching import launch
staging.stage = lambda _folder: Path({fake!r})
launch(Path({folder!r}), "leaves-child", "hangs")
"""


def test_ctrl_c_leaves_no_process(tmp_path):
    path = [*sys.path, str(Path(__file__).parent)]
    script = textwrap.dedent(SCRIPT).format(path=path, fake=str(FAKE_PROBE), folder=str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Started in the background, pytest ignores SIGINT and its children would.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    ) as controller:
        deadline = time.monotonic() + 60
        while len(left(tmp_path)) < 1:
            assert controller.poll() is None, controller.stderr.read().decode()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        started = [asked(tmp_path)[0]["pid"], *left(tmp_path)]
        controller.send_signal(signal.SIGINT)
        assert b"KeyboardInterrupt" in controller.communicate(timeout=60)[1]
    assert all(map(gone, started))
