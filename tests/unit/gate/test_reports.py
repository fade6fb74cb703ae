"""What a check writes for machines: JUnit XML, annotations, a step summary, JSON."""

import json
from xml.etree import ElementTree as ET

import pytest

TEXT = 'ValueError "<b>&\x1b[0m'


@pytest.fixture
def mixed(stage):
    """A regression on two stacks, a missing cell and a rotten deviation."""
    for stack in ("tf2.15", "tf2.16"):
        stage.measure(stack)
    stage.accept()
    for stack in ("tf2.15", "tf2.16"):
        stage.measure(stack, plain={"raises": TEXT})
    (stage.store.root / "tf2.16" / "held.json").unlink()
    stage.deviations(
        'schema = 1\n[[deviation]]\nstack = "*"\ncase = "gone-*"\n'
        'deviates = { call = "raises" }\nreason = "Nobody knows any more."\nuntil = 2999-01-01\n'
    )
    return stage


def test_junit_has_a_test_a_cell_and_tells_errors_from_failures(mixed):
    assert mixed.check("--junit", "gate.xml").exit_code == 1
    top = ET.parse(mixed.root / "gate.xml").getroot()
    suites = {one.get("name"): one for one in top}
    assert [suites["tf2.15"].get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "0"]
    assert [suites["tf2.16"].get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "2"]
    (failed,) = suites["tf2.15"].findall("testcase[failure]")
    assert (failed.get("name"), failed.get("file"), failed.get("line")) == ("plain", "cases/page.py", "9")
    (failure,) = failed
    assert failure.get("type") == "regression"
    assert '"<b>&\ufffd[0m' in failure.text  # what no XML may hold is replaced
    assert suites["deviations"].find("testcase/failure").get("type") == "rotten deviation"


def test_known_and_unstable_are_no_failures_in_junit(stage):
    stage.measure()
    stage.accept()
    stage.edit("plain", summary=20)
    stage.deviations(
        'schema = 1\n[[deviation]]\nstack = "*"\ncase = "plain"\n'
        'deviates = { summary = 50 }\nreason = "It is known."\nuntil = 2999-01-01\n'
    )
    assert stage.check("--junit", "gate.xml").exit_code == 0
    (suite,) = ET.parse(stage.root / "gate.xml").getroot()
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")
    assert "It is known." in suite.find("testcase/skipped").get("message")


def annotations(done):
    return [line for line in done.stdout.splitlines() if line.startswith("::")]


def test_annotations_stand_at_the_line_of_the_case(mixed, monkeypatch):
    assert annotations(mixed.check()) == []
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    found = annotations(mixed.check())
    (line,) = [one for one in found if "plain" in one.partition("::")[2].partition("::")[0]]
    assert line.startswith(
        "::error file=cases/page.py,line=9,title=regression%3A plain on tf2.15%2C tf2.16::"
    )
    text = (mixed.root / "cases" / "page.py").read_text().splitlines()
    assert text[9 - 1].startswith("@case") or text[9 - 1].startswith("def plain")
    (listed,) = [one for one in found if "rotten" in one]
    assert listed.startswith("::error file=results/accepted/deviations.toml,title=rotten deviation%3A gone-*")
    assert any("missing%3A 2 cells of tf2.16" in one and "file=" not in one for one in found)


def test_paths_are_told_from_the_repository_that_ci_checked_out(mixed, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(mixed.root.parent))
    name = mixed.root.name
    assert any(f"file={name}/cases/page.py,line=9," in one for one in annotations(mixed.check()))


def test_a_message_of_several_lines_stays_one_command(mixed, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (mixed.root / "results" / "accepted" / "tf2.16.json").write_text("{")
    found = annotations(mixed.check())
    (broken,) = [one for one in found if "could not be looked at" in one]
    assert "%0A" in broken


def test_the_step_summary_is_added_to_what_is_there(mixed, monkeypatch):
    path = mixed.root / "summary.md"
    path.write_text("# before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    mixed.check("--markdown", "gate.md")
    text = path.read_text()
    assert text == "# before\n" + (mixed.root / "gate.md").read_text()
    assert "### Gate failed: 2 stacks, 2 regressions, 1 rotten deviation, 2 missing, 2 as accepted." in text
    assert "| regression | plain on tf2.15, tf2.16 |" in text
    assert "\\<b>" in text


def test_json_has_every_finding(mixed):
    found = mixed.found()
    assert found["exit_code"] == 1
    assert found["stacks"] == ["tf2.15", "tf2.16"]
    assert found["as_accepted"] == {"tf2.15": 2, "tf2.16": 0}
    first = found["findings"][0]
    assert first["differences"]["call"] == ["tracked", "raises"]
    assert first["differences"]["called-raises"] == [None, TEXT]
    assert (first["file"], first["line"]) == ("cases/page.py", 9)
    assert json.loads(json.dumps(found)) == found


def test_improvements_that_may_pass_are_no_failures_for_machines(stage, monkeypatch):
    stage.measure(plain={"counted": 20})
    stage.accept()
    stage.measure()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for options, code, level, element in (
        ([], 1, "error", "failure"),
        (["--allow-improvements"], 0, "warning", "system-out"),
    ):
        done = stage.check("--junit", "gate.xml", *options)
        assert done.exit_code == code
        (line,) = annotations(done)
        assert line.startswith(f"::{level} file=cases/page.py,line=9,title=improvement%3A plain on tf2.15::")
        (suite,) = ET.parse(stage.root / "gate.xml").getroot()
        assert suite.get("failures") == str(code)
        assert "improvement: call uncounted -> tracked" in suite.find(f"testcase/{element}").text
