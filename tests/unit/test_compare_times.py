"""Times of a session in what `nestbench compare` shows: of the same case and lock, and of a build."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from timing_stage import fill
from timing_stage import session as timing_session
from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.matrix import load_matrix
from nestbench.timing import Shelf
from nestbench.timing.beginning import arms_of, parts_of

PUBLISHED = str(Path(__file__).parent.parent.parent / "results" / "published")
TIMED = ("list-of-layers", "raw-variable-attribute")


def run(*arguments):
    return CliRunner().invoke(app, ["compare", *arguments])


@pytest.fixture
def timed(tmp_path, monkeypatch):
    """Keeps a session of the two stacks and these cases, and compares them; with what is not as it is now."""
    (tmp_path / ".nestbench").mkdir()
    monkeypatch.chdir(tmp_path)
    stacks = load_matrix().select(["tf2.15", "tf2.16"]).stacks

    def call(*arguments, control="tf2.16", of=lambda one: one, **more):
        parts = parts_of(load_catalogue().select(list(TIMED)))
        now = replace(timing_session(arms=arms_of(stacks, control)), parts=parts)
        fill(Shelf(root=tmp_path / "results" / "local-timings"), of(now), 20, **more)
        return run(
            "tf2.15", "tf2.16", "--results", PUBLISHED, *(w for c in TIMED for w in ("--case", c)), *arguments
        )

    return call


def test_data_says_whether_the_times_in_it_are_trusted(timed):
    slower = {"tf2.16": 2.0, "tf2.16+control": 2.0}
    data = json.loads(timed("--format", "json", factors=slower).stdout)
    assert (data["session"], data["trusted"]) == ("made-up", True)
    constructed = [row for one in data["cases"] for row in one["times"] if row["measure"] == "construct"]
    assert {row["answer"] for row in constructed} == {"slower"}
    data = json.loads(timed("--format", "json", factors={"tf2.16": 2.0}).stdout)
    assert data["trusted"] is False
    assert any(line.startswith("NOT TO BE TRUSTED") for line in data["caveats"])
    data = json.loads(timed("--format", "json", control=None).stdout)
    assert data["trusted"] is None
    assert {row["noise"] for one in data["cases"] for row in one["times"]} == {None}


def test_a_build_of_nothing_is_named_and_is_no_speed(timed):
    faster = {"tf2.16": 0.01, "tf2.16+control": 0.01}
    said = timed(factors=faster).stdout
    lines = [one.strip() for one in said.splitlines() if "build builds nothing on tf2.16" in one]
    assert len(lines) == 2  # list-of-layers[owner=model], raw-variable-attribute
    assert all(re.fullmatch(r"construct faster x\S+; build builds nothing on tf2.16", one) for one in lines)
    assert "6 comparisons: 0 slower, 4 faster, 0 same, 0 no evidence, 2 builds nothing" in said
    one = run("tf2.15", "tf2.16", "--results", PUBLISHED, "--case", TIMED[0]).stdout
    assert "6 comparisons: 0 slower, 4 faster, 0 same, 0 no evidence, 2 builds nothing;" in one
    data = json.loads(timed("--format", "json", factors=faster).stdout)
    told = {(one["case"], row["measure"]): row["answer"] for one in data["cases"] for row in one["times"]}
    assert told["raw-variable-attribute", "build"] == "builds nothing on tf2.16"
    assert told["list-of-layers[owner=layer]", "build"] == "faster"


def test_where_the_results_do_not_tell_whether_it_builds_that_is_no_speed(timed, tmp_path):
    part = tmp_path / "part"
    for stack in ("tf2.15", "tf2.16"):
        (part / stack).mkdir(parents=True)
        for name in ("_stack", "raw-variable-attribute"):
            shutil.copy(Path(PUBLISHED) / stack / f"{name}.json", part / stack)
    said = timed("--results", str(part), factors={"tf2.16": 0.01, "tf2.16+control": 0.01}).stdout
    told = "3 faster, 0 same, 0 no evidence, 1 builds nothing, 2 perhaps builds nothing;"
    assert f"6 comparisons: 0 slower, {told}" in said
    assert "Not shown: 2 not compared: --all." in said
    assert "; 2 not compared." in said


def test_times_of_another_case_or_lock_do_not_stand_beside_what_is_there_now(timed):
    slower = {"tf2.16": 2.0, "tf2.16+control": 2.0}

    def other_case(one):
        return replace(one, parts=(*one.parts[:-1], replace(one.parts[-1], digest="other")))

    said = timed(of=other_case, factors=slower).stdout
    assert "left out of 1 case variants that have changed since (raw-variable-attribute" in said
    data = json.loads(timed("--format", "json", of=other_case, factors=slower).stdout)
    assert {one["case"] for one in data["cases"] if one["times"]} == {
        "list-of-layers[owner=layer]",
        "list-of-layers[owner=model]",
    }

    def other_lock(one):
        return replace(one, arms=(replace(one.arms[0], lock="other"), *one.arms[1:]))

    data = json.loads(timed("--format", "json", of=other_lock, factors=slower).stdout)
    assert not any(one["times"] for one in data["cases"])
    assert any("No time is shown, for tf2.15 had another lock" in line for line in data["caveats"])
