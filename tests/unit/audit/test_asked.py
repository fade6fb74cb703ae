"""What an audit is asked, in a file and as options; each thing that is wrong with it is one clear message."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nestbench.audit.asked import asked_for, input_of
from nestbench.cli import app
from nestbench.errors import UsageError

WHOLE = """
from = "tf2.15"
to = "tf2.21"
via = ["tf2.16"]
requirements = "requirements.txt"

[model]
factory = "models.py:make"
arguments = { units = 3 }
path = "src"

[[input]]
shape = [2, 5]
name = "left"

[[input]]
shape = [2, -1]
dtype = "int32"
name = "right"
below = 9
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "models.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "there"


def written(project, text):
    file = project / "audit.toml"
    file.write_text(text)
    return file


def test_a_file_says_all_and_its_paths_are_relative_to_it(project):
    asked = asked_for(written(project, WHOLE), {}, {})
    assert asked.stacks == ("tf2.15", "tf2.16", "tf2.21")
    assert asked.requirements == (project / "requirements.txt",)
    assert asked.model.factory == f"{project}/models.py:make"
    assert asked.model.path == (project / "src", project)
    assert asked.spec()["input"][1] == {"shape": [2, -1], "dtype": "int32", "name": "right", "below": 9}


def test_an_option_goes_before_the_file(project):
    options = {"to": "tf2.20", "input": [input_of("4,4")], "requirements": [Path("own.txt")], "via": []}
    asked = asked_for(
        written(project, WHOLE), options, {"factory": "pkg.models:other", "arguments": {"units": 4}}
    )
    assert (asked.after, asked.via) == ("tf2.20", ("tf2.16",))
    assert [one.shape for one in asked.inputs] == [(4, 4)]
    assert asked.requirements == (Path.cwd() / "own.txt",)
    assert (asked.model.factory, asked.model.arguments) == ("pkg.models:other", {"units": 4})


def test_an_argument_as_an_option_leaves_the_others_of_the_file(project):
    file = written(project, WHOLE.replace("{ units = 3 }", "{ units = 3, depth = 8 }"))
    for given, meant in (
        ({}, {"units": 3, "depth": 8}),
        ({"units": 5}, {"units": 5, "depth": 8}),
        ({"width": 2}, {"units": 3, "depth": 8, "width": 2}),
    ):
        assert asked_for(file, {}, {"arguments": given}).model.arguments == meant


def test_an_input_as_an_option():
    assert input_of("2,5") == {"shape": [2, 5], "dtype": "float32", "name": None, "below": 2}
    assert input_of("left=?,5:int32")["shape"] == [-1, 5]
    for text in ("", "two", "2,-5", "a=b=2"):
        with pytest.raises(UsageError):
            input_of(text)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('to = "tf2.21"', "", "'to' is missing"),
        ('to = "tf2.21"', 'to = "tf2.21"\nform = "x"', "unknown 'form' (did you mean 'from'?)"),
        ('to = "tf2.21"', 'to = "tf2.15"', "tf2.15 is named twice"),
        ('factory = "models.py:make"', "", "'model.factory' is missing"),
        ('factory = "models.py:make"', 'factory = "models.py"', "not of the form package.module:factory"),
        ('factory = "models.py:make"', 'factory = "other.py:make"', "there is no file"),
        (
            "arguments = { units = 3 }",
            "arguments = 3",
            "'model.arguments': input should be a valid dictionary",
        ),
        ("path =", "paths =", "unknown 'model.paths' (did you mean 'path'?)"),
        ("shape = [2, 5]", "shape = [2, 0]", "sizes are whole numbers from 1 on"),
        ("shape = [2, 5]", "shape = []", "'input.0.shape'"),
        ("shape = [2, 5]", 'shape = "2,5"', "'input.0.shape'"),
        ("below = 9", "under = 9", "unknown 'input.1.under'"),
        ('name = "left"', "", "the inputs have names in part"),
        ('name = "left"', 'name = "right"', "or one name twice"),
        ('via = ["tf2.16"]', 'signature = "data:make"', "there are inputs and a signature"),
        ('via = ["tf2.16"]', "signature = 3", "'signature': input should be a valid string"),
        ("[model]", "[model", "is not valid TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(project, old, new, words):
    assert old in WHOLE
    file = written(project, WHOLE.replace(old, new, 1))
    with pytest.raises(UsageError) as caught:
        asked_for(file, {}, {})
    assert words in caught.value.what
    assert str(file) in caught.value.what
    assert caught.value.do


def test_a_pipe_is_read_and_one_that_nobody_writes_to_is_not_waited_for(project, monkeypatch):
    monkeypatch.setattr("nestbench.given._PIPE_SECONDS", 0.5)
    pipe = project / "pipe.toml"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(asked_for, pipe, {}, {})
        try:
            with pytest.raises(UsageError, match="It is a pipe, and nobody writes to it"):
                refused.result(timeout=20)
        except TimeoutError:
            pipe.write_text("")  # lets it go
            raise
        read = pool.submit(asked_for, pipe, {}, {})
        pipe.write_text(WHOLE)
        assert read.result(timeout=20).stacks


def test_a_file_that_cannot_be_read(project):
    (project / "bytes.toml").write_bytes(b"\xff\xfe")
    for name, words in (
        ("none.toml", "No such file"),
        ("bytes.toml", "is not UTF-8"),
        (".", "cannot be read"),
    ):
        with pytest.raises(UsageError, match=words):
            asked_for(project / name, {}, {})


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("audit", "'from' is missing"),
        ("audit there/models.py:make --from tf2.15", "'to' is missing"),
        ("audit there/models.py:make --from tf2.15 --to tf9.9", "There is no stack 'tf9.9'"),
        ("audit there/models.py:make --from tf2.15 --to tf2.21 --via tf2.1x", "There is no stack 'tf2.1x'"),
        ("audit there/models.py:make --from tf2.15 --to tf2.21-gpu", "tf2.21-gpu is on a GPU"),
        ("audit there/none.py:make --from tf2.15 --to tf2.21", "there is no file"),
        ("audit models --from tf2.15 --to tf2.21", "not of the form"),
        ("audit there/models.py:make --from tf2.15 --to tf2.21 --argument units", "is no argument"),
        ("audit there/models.py:make --from tf2.15 --to tf2.21 --input-shape x", "no shape of an input"),
        ("audit there/models.py:make --from tf2.15 --to tf2.21 -r none.txt", "none.txt cannot be read"),
        ("audit there/models.py:make --from tf2.15 --to tf2.21 -o there", "is a folder"),
        ("audit there/models.py:make --from tf2.15 --to tf2.21 --blocks 2", "Of 2 blocks nothing can be"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_makes_nothing(project, command, words):
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert not (project.parent / ".nestbench" / "envs").exists()
