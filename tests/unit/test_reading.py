"""Which results are read, where there are local and published ones: never both, and never unsaid."""

import pytest
from site_stage import source_in
from typer.testing import CliRunner

from nestbench.cli import app
from nestbench.digests import Digests
from nestbench.store import Store
from nestprobe.observation import Observation, Outcome

DIGESTS = Digests(case="", lock="", probe="")
OPTION = "--results results/published"


@pytest.fixture
def call(tmp_path, monkeypatch):
    """One result of one's own, and published ones of two other stacks and another case."""
    monkeypatch.chdir(tmp_path)
    for folder, stack, case in (
        ("local", "tf2.15", "article-example-1"),
        ("published", "tf2.20", "article-example-2"),
        ("published", "tf2.21", "article-example-2"),
    ):
        store = Store(tmp_path / "results" / folder)
        store.add(stack, DIGESTS, Observation(case, {}, Outcome("observed")))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    "arguments",
    [("table",), ("claims", "article-1"), ("history",), ("compare", "tf2.15", "tf2.16")],
    ids=lambda words: words[0],
)
def test_local_results_are_read_and_the_published_ones_are_named(call, tmp_path, arguments):
    said = call(*arguments).stderr
    assert f"Read from {tmp_path / 'results' / 'local'}\n" in said
    assert f"It holds 1 stack; the published results, 2 stacks: {OPTION}\n" in said


def test_who_names_a_folder_is_told_of_no_other(call):
    said = call("table", "--results", "results/local").stderr
    assert OPTION not in said


def test_a_folder_that_has_to_be_quoted_is(call, tmp_path, monkeypatch):
    (tmp_path / ".nestbench").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert f"--results {tmp_path / 'results' / 'published'}\n" in call("table").stderr


@pytest.mark.parametrize(
    ("arguments", "published"),
    [
        (("table", "--stack", "tf2.21"), True),
        (("table", "--stack", "tf2.2?", "--case", "article-example-2"), True),
        (("table", "--stack", "tf2.21", "--case", "article-example-1"), False),
        (("table", "--stack", "tf2.19"), False),
        (("table", "--case", "article-example-2"), True),
        (("table", "--case", "article-example-3"), False),
        (("compare", "tf2.20", "tf2.21"), True),
        (("compare", "tf2.15", "tf2.21"), False),
        (("history", "article-example-2"), True),
        (("history", "article-example-3"), False),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else None,
)
def test_what_only_the_published_results_have_is_said_to_be_there(call, arguments, published):
    done = call(*arguments)
    assert done.exit_code == 3
    assert (f"There are published results of it: add {OPTION}. " in done.stderr) is published
    assert "nestbench run" in done.stderr


def test_the_advice_leads_to_results(call):
    done = call("table", "--stack", "tf2.21", *OPTION.split())
    assert done.exit_code == 0
    assert "1 of 1 cells measured" in done.stdout


def test_a_folder_that_can_be_no_stacks_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    source = source_in(tmp_path)
    for name in ("<img src=x>", "\x1b[31m"):
        hostile = source.store.root / name
        hostile.mkdir()
        (hostile / "a-case.json").write_text("{}")
    options = ["--results", str(source.store.root), "--cases", str(tmp_path / "cases")]
    for command in (["table"], ["report", "-o", str(tmp_path / "site")]):
        done = CliRunner().invoke(app, [*command, *options])
        assert done.exit_code == 0
        assert "Left out: the folder '<img src=x>', which holds results" in done.stderr
        assert "Left out: the folder '\\x1b[31m', which holds results" in done.stderr
        assert "no stack of the matrix" not in done.stderr
    assert "&lt;img src=x&gt;" in (tmp_path / "site" / "index.html").read_text()


def test_a_file_in_the_place_of_results_is_wrong_usage(tmp_path):
    (tmp_path / "a-file").write_text("")
    for command in ("table", "claims", "history"):
        done = CliRunner().invoke(app, [command, "--results", str(tmp_path / "a-file")])
        assert done.exit_code == 2
        assert "is a file, not a folder" in done.output
