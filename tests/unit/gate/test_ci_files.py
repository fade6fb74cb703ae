"""The workflow and the GitLab example: valid by their schemas, and every command in them exists."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from nestbench.cli import app

ROOT = Path(__file__).parents[3]
WORKFLOW = ROOT / ".github" / "workflows" / "gate.yml"
GITLAB = ROOT / "docs" / "gitlab-ci.yml"
FILES = {
    WORKFLOW: ["--builtin-schema", "vendor.github-workflows"],
    GITLAB: ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_file_is_valid_by_the_published_schema(file, tmp_path):
    def valid(path):
        command = [sys.executable, "-m", "check_jsonschema", *FILES[file], str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout + done.stderr

    good, said = valid(file)
    assert good, said
    broken = tmp_path / file.name
    broken.write_text(file.read_text().replace("stage: observe", "stage: [1]").replace("runs-on:", "runs:"))
    assert not valid(broken)[0]


def commands(file):
    text = re.sub(r"\n +(--)", r" \1", file.read_text())  # a folded line
    found = re.findall(r"nestbench ((?:run|matrix|collect|check|accept|report) [^`#\n)]*)", text)
    assert found
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_command_and_option_in_it_exists(file):
    known = typer.main.get_command(app).commands
    for line in commands(file):
        name, *words = shlex.split(
            line.replace("${STACKS:-", " ").replace("}", " ").replace("${CASES:+", " ")
        )
        options = {option for parameter in known[name].params for option in parameter.opts}
        unknown = [word for word in words if word.startswith("--") and word not in options]
        assert unknown == [], line


@pytest.mark.parametrize(
    ("stacks", "expected"), [("", ["*"]), ("tf2.9 tf2.2*", ["tf2.9", "tf2.2*"])], ids=["all", "named"]
)
def test_what_is_collected_is_held_against_the_stacks_that_were_planned(tmp_path, stacks, expected):
    """One that left no artifact and has no baseline is known by nothing else."""
    (tmp_path / "tf2.9").touch()  # no pattern is one of the shell
    options = [word for one in expected for word in ("--stack", one)]
    assert called_in("Collect", tmp_path, stacks) == ["collect", "artifacts", *options]
    written = ["--junit", "gate.xml", "--json", "gate.json"]
    assert called_in("Check", tmp_path, stacks) == ["check", *expected, *written]


def called_in(name, folder, stacks):
    """The arguments of nestbench in a step of the workflow."""
    step = re.search(rf"- name: {name}\n +run: \|\n((?: {{10}}.*\n)+)", WORKFLOW.read_text())
    script = 'nestbench() { printf "%s\\n" "$@"; }\n' + step[1]
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        env={"PATH": os.environ["PATH"], "STACKS": stacks, "CASES": ""},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
