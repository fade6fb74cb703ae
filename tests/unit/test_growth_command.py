"""``nestbench growth``: what is shown, what is missing, and the exit codes."""

import pytest
from growth_stage import counts, keras_2, keras_3, stack_counts
from typer.testing import CliRunner

from nestbench.cli import app
from nestbench.errors import GroundError
from nestbench.growth import Shelf

LABEL = "deep-chain"


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["growth", *arguments])


def shelved(root, *stacks):
    shelf = Shelf(root=root)
    for stack in stacks:
        made = counts(keras_3)
        shelf.keep_counts(stack_counts(stack), made, None)
    return shelf


def test_without_stacks_what_is_there_is_shown(call, tmp_path):
    shelved(tmp_path / "kept", "tf2.10", "tf2.9")
    done = call("--results", "kept")
    assert done.exit_code == 0
    shown = [text.split()[0] for text in done.stdout.splitlines() if "first-call" in text]
    assert shown == ["tf2.9", "tf2.10"]
    assert "tf2.9: measured with another case, lock or probe" in done.stderr


def test_a_case_that_one_stack_lacks_is_named_and_forbids_success(call, tmp_path):
    shelf = shelved(tmp_path / "kept", "tf2.10", "tf2.9")
    shelf.keep_counts(stack_counts("tf2.9"), counts(keras_2, label="wide-list"), None)
    done = call("--results", "kept", "--format", "csv")
    assert done.exit_code == 3
    assert "tf2.10: not measured: wide-list" in done.stderr
    assert "tf2.9: not measured" not in done.stderr


@pytest.mark.parametrize(("more", "command"), [((), "The same command"), (("--again",), "without --again")])
def test_an_interrupt_says_how_to_go_on(call, monkeypatch, more, command):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nestbench.growth.measuring.Measuring.run", stop)
    done = call("tf2.15", *more)
    assert done.exit_code == 3
    assert f"{command} goes on from here: the cases that were finished on a stack are kept." in done.stderr


def test_nothing_to_show_is_incomplete(call):
    done = call("--no-measure", "--results", "nowhere")
    assert done.exit_code == 3
    assert "nestbench growth STACK" in done.stderr


def test_drawings_are_written(call, tmp_path):
    shelved(tmp_path / "kept", "tf2.10")
    assert call("--show", "--results", "kept", "--svg", "drawn").exit_code == 0
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {
        "deep-chain.python-calls.svg", "deep-chain.user-calls.svg",
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["tf2.99"],
        ["--case", "no-such-case"],
        ["--case", "list-of-layers"],
        ["--again", "--no-measure"],
        ["--repeats", "0"],
    ],
)
def test_wrong_usage_exits_with_2(call, arguments):
    assert call(*arguments).exit_code == 2


def test_a_stack_that_could_not_be_measured_exits_with_3(call, monkeypatch, tmp_path):
    def prepare(*_, **__):
        def fail(_stack, _say):
            raise GroundError("no network")

        return fail

    monkeypatch.setattr("nestbench.run.session.tox_prepare", prepare)
    shelved(tmp_path / "kept", "tf2.15")
    done = call("tf2.15", "--case", LABEL, "--results", "kept")
    assert done.exit_code == 3
    assert "tf2.15: no network" in done.stderr
    assert "deep-chain" in done.stdout  # what was there is shown
