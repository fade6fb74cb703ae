"""What people who join rely on: tox.ini, the README and .ci/run say the same as the code."""

import configparser
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from nestbench.catalogue import load_catalogue
from nestbench.claims import load_claims
from nestbench.cli import app
from nestbench.matrix import load_matrix
from nestbench.report.words import LOOKS
from nestbench.site import Source, summary, survey_of
from nestbench.store import Store

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def readme():
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_tox_has_an_environment_for_each_stack_and_no_other():
    done = subprocess.run(
        [sys.executable, "-m", "tox", "list", "-q", "--no-desc"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("TOX_")},
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.strip() for line in done.stdout.splitlines()}
    stacks = {name for name in names if name.startswith(("tf", "keras"))}
    assert stacks == {one.id for one in load_matrix().stacks}


def test_a_stack_that_is_left_out_is_no_success_for_tox():
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "tox.ini", encoding="utf-8")
    assert settings["tox"]["skip_missing_interpreters"] == "false"
    assert all("ignore_outcome" not in section for section in settings.values())


def test_ci_runs_the_command_of_the_readme(readme):
    commands = re.findall(r"^```sh\n(.+)\n```$", readme, flags=re.MULTILINE)
    main_job, tests = commands[:2]
    assert main_job.endswith("nestbench run")
    assert "tox run -e tests" in tests
    run = ROOT / ".ci" / "run"
    assert run.read_text(encoding="utf-8").splitlines()[-1] == tests
    assert os.access(run, os.X_OK)


def test_both_commands_stand_on_the_first_screen(readme):
    assert "tox run -e tests" in "\n".join(readme.splitlines()[:20])


def test_the_readme_explains_every_verdict_as_the_table_does(readme):
    for verdict, look in LOOKS.items():
        assert re.search(rf"^\| {re.escape(look.symbol)} \| `{verdict}` \|", readme, flags=re.MULTILINE)


def test_the_state_in_the_readme_and_the_report_are_current():
    catalogue = load_catalogue()
    store = Store(ROOT / "results" / "published")
    source = Source(store=store, catalogue=catalogue, matrix=load_matrix(), claims=load_claims(catalogue))
    changed = summary.update(
        ROOT / "README.md", ROOT / "results" / "report.md", survey_of(source), write=False
    )
    assert not changed, "run `nestbench readme`"


PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8"))
    published = (ROOT / "results" / "published").is_dir()
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.is_relative_to(ROOT / "results") and not published:
            continue
        assert target.exists(), link
        if anchor:
            heads = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}


def called_by(page):
    """Each command line of nestbench in a block for the shell or between backticks, as words."""
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^ *```sh\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL))
    lines = re.findall(r"(?:^|bin/)nestbench ([a-z].*)$", blocks, flags=re.MULTILINE)
    return [
        shlex.split(line, comments=True)
        for line in [*lines, *re.findall(r"`nestbench ([a-z][^`\n]*)`", text)]
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_of_a_page_exists(page):
    for words in called_by(page):
        command, rest = typer.main.get_command(app), list(words)
        while rest and (inner := getattr(command, "commands", {}).get(rest[0])):
            command = inner
            rest.pop(0)
        assert rest != words, words
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= options, words


def test_every_page_of_docs_is_linked_by_the_readme(readme):
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} <= set(
        re.findall(r"\]\(([^)#]+)", readme)
    )
