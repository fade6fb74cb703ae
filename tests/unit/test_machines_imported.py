"""Workers that measure one stack: what they may import differently, and what not."""

from dataclasses import replace

import pytest
from machines_fake import FakeCluster, well
from run_stage import Stage
from test_machines import run

from nestbench.errors import ExitCode
from nestbench.machines.task import Saw
from nestbench.run.events import Ready


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path)
    (made.state / "fake.py").write_text("# a case file\n")
    return made


def importing(name, **versions):
    """A worker that imports other versions than the others."""

    def play(task):
        for said in well(name)(task):
            if isinstance(said, Saw) and isinstance(said.event, Ready):
                event = replace(said.event, versions=said.event.versions | versions)
                said = replace(said, event=event)  # noqa: PLW2901 - as it comes otherwise
            yield said

    return play


def test_another_patch_release_of_python_is_told_and_the_first_is_kept(stage):
    plays = {name: importing(name, python=f"3.11.{place}") for place, name in enumerate(("one", "two"))}
    (result,) = run(stage, FakeCluster(plays, parts=2), "a", "b")
    assert (result.missing, result.exit_code) == (0, ExitCode.CLEAN)
    (said,) = [line for line in stage.reporter.said if "measured with Python 3.11." in line]
    first = stage.store.load_stack("tf2.15").versions["python"]
    assert said.startswith(f"tf2.15: measured with Python {first} and ")


def test_what_a_worker_measures_with_other_versions_is_refused(stage):
    plays = {"one": importing("one", numpy="1.26.4"), "two": importing("two", numpy="1.26.3")}
    (result,) = run(stage, FakeCluster(plays, parts=2), "a", "b")
    assert (result.missing, result.exit_code) == (1, ExitCode.FOUND)
    assert "imported different things: numpy 1.26." in result.reason
