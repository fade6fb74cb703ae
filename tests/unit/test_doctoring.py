"""The doctor seen from the controller: versions of rules, the score of a diagnosis, the commands."""

import importlib
import json
import os
import stat
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nestbench import __version__, staging
from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.doctoring import VERSIONS, of_table, ranges, update
from nestbench.doctoring.report import keep, kept, to_markdown
from nestbench.doctoring.scoring import Score, lost_variables, score_cell, score_healthy
from nestprobe.doctor.rules import RULES
from nestprobe.observation import Observation, Outcome, PhaseRecord, VariableRecord

TABLE = Path(__file__).parents[2] / "results" / "published" / "table.csv"


def test_versions_are_those_of_the_published_table():
    assert not update(TABLE, write=False), "nestbench rules --write"


def test_every_case_that_a_rule_lists_is_in_the_catalogue():
    known = {entry.id for entry in load_catalogue()}
    listed = {case for rule in RULES for case in (*rule.cases, *rule.decisive)}
    assert listed - known == set()
    assert all(set(rule.decisive) <= set(rule.cases) for rule in RULES)


def test_versions_say_lost_clean_and_other(tmp_path):
    table = tmp_path / "table.csv"
    row = "g,deque-of-layers,owner={},call,{}\n"
    cells = {"tf2.13": "tracked", "tf2.14": "uncounted 0/60, untrained", "tf2.15": "raises"}
    head = "group,case,variant,entry," + ",".join(cells) + "\n"
    text = ",".join(f'"{cell}"' for cell in cells.values())
    table.write_text(head + row.format("layer", text) + row.format("model", "tracked,tracked,not-applicable"))
    kinds = of_table(table)["rules"]["untracked-deque"]
    (said,) = kinds["uncounted"].values()
    assert said == {"lost": "2.14", "clean": "2.13", "other": "2.15"}
    assert "unsaved" not in kinds


def test_a_rule_is_not_shown_where_one_that_it_gives_way_to_is(tmp_path):
    table = tmp_path / "table.csv"
    head = "case,entry,tf2.14,tf2.15\n"
    table.write_text(
        head + "deque-of-layers,call,uncounted,uncounted\nlist-of-layers,call,tracked,uncounted\n"
    )
    (said,) = of_table(table)["rules"]["untracked-deque"]["uncounted"].values()
    assert said == {"lost": "2.14", "other": "2.15"}


def test_what_a_rule_gives_way_to_is_a_rule_with_cases_that_decide():
    decisive = {rule.id: rule.decisive for rule in RULES}
    assert all(decisive[name] for rule in RULES for name in rule.gives_way)


def test_a_rule_of_one_keras_is_not_shown_by_what_is_alike_in_the_other(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(
        "case,entry,tf2.15,tf2.16\nunfrozen-after-compile,call,untrained 18/48,untrained 18/48\n"
    )
    rules = of_table(table)["rules"]
    said = {
        name: next(iter(rules[name]["untrained"].values()))
        for name in ("compile-order", "built-while-frozen")
    }
    assert said == {
        "compile-order": {"lost": "2.15", "other": "2.16"},
        "built-while-frozen": {"lost": "2.16", "other": "2.15"},
    }


def test_what_a_checkpoint_loses_is_not_shown_where_no_file_has_it(tmp_path):
    table = tmp_path / "table.csv"
    cells = "tf2.13,tf2.14,tf2.15", 'tracked,unsaved,"uncounted 0/90, unsaved"'
    table.write_text(f"case,entry,{cells[0]}\ncheckpoint-list-of-layers,call,{cells[1]}\n")
    (said,) = of_table(table)["rules"]["lost-from-checkpoint"]["uncheckpointed"].values()
    assert said == {"lost": "2.14", "clean": "2.13", "other": "2.15"}


def test_neighbours_are_joined_and_patches_left_out():
    order = ["2.0.4", "2.1.4", "2.2.3", "2.3.4"]
    assert ranges(["2.0.4", "2.1.4", "2.3.4"], order) == "2.0 to 2.1, 2.3"
    assert ranges([], order) == ""


def variable(name, **signals):
    values = {
        "name": name, "shape": [5], "dtype": "float32", "trainable": True, "created_in": "called",
        "used": True, "used_in_inference": True, "used_in_training": True, "in_weights": 1,
        "in_trainable_weights": 1, "in_weights_file": True, "restored_from_weights_file": True,
    } | signals  # fmt: skip
    return VariableRecord(**values)


def observed(*variables):
    phases = {"reloaded-weights": PhaseRecord("done", same_output=False)}
    return Observation("deque-of-layers", {}, Outcome("observed"), phases, list(variables))


def said(*found, lost=(), unseen=()):
    findings = [{"rule": rule, "place": "model.blocks"} for rule in found]
    return {"findings": findings, "notes": [], "unseen": list(unseen), "lost": list(lost)}


def test_what_an_observation_shows_to_be_lost():
    shown = lost_variables(
        observed(
            variable("a/dense_1/kernel:0", in_weights=0),
            variable("b", in_weights_file=False),
            variable("c", used=False),
            variable("d", dtype="int32", in_weights=0),
            variable("e"),
        )
    )
    assert sorted(shown) == [
        ("idle", "c", (5,)),
        ("uncounted", "kernel", (5,)),
        ("unsaved", "b", (5,)),
    ]


def test_a_right_diagnosis_scores_one_everywhere():
    score = Score()
    lost = [{"kind": "uncounted", "name": "w", "shape": [5]}]
    observation = observed(variable("w", in_weights=0))
    score_cell(score, "a cell", "deque-of-layers", observation, said("untracked-deque", lost=lost))
    assert set(score.ratios.values()) == {1.0}
    assert score.wrong == []


def test_what_is_missed_and_what_is_said_besides_is_told():
    score = Score()
    lost = [{"kind": "overcounted", "name": "v", "shape": [5]}]
    observation = observed(variable("w", in_weights=0))
    score_cell(score, "a cell", "deque-of-layers", observation, said("closure", lost=lost))
    assert set(score.ratios.values()) == {0.0}
    assert "missed w (uncounted); besides v (idle)" in score.wrong[0]
    assert "closure instead of untracked-deque" in score.wrong[1]


def test_weights_that_are_exchanged_are_not_held_against_an_observation_that_cannot_tell():
    score = Score()
    lost = [{"kind": "unrestored", "name": "w", "shape": [5]}]
    score_cell(score, "a cell", "weights-file-set", observed(variable("w")), said("set-order", lost=lost))
    assert score.wrong == []
    assert score.ratios["cause recall"] == 1.0


def test_a_doctor_that_failed_is_counted_and_never_right():
    score = Score()
    score_cell(score, "a cell", "deque-of-layers", observed(), {"failed": "Traceback\nKeyError: 3"})
    score_healthy(score, "a model", {"ended": {"kind": "timed-out"}})
    assert (score.failed, score.ratios["cause recall"]) == (2, 0.0)
    assert "KeyError: 3" in score.wrong[0]
    assert "1 | - | - | - | 0.000 | 2 | 0 of 1 |" in to_markdown({"tf2.15": score})


def test_figures_are_kept_by_stack_and_all_stand_in_one_table(tmp_path):
    keep(tmp_path, {"tf2.15": Score(cells=3, causes_found=3)})
    keep(tmp_path, {"tf2.21": Score(cells=2, causes_found=1, wrong=["a cell: cause"])})
    assert kept(tmp_path)["tf2.15"].causes_found == 3
    table = (tmp_path / "table.md").read_text()
    assert "| tf2.15 | 3 | - | - | - | 1.000 |" in table
    assert "- a cell: cause" in table


def test_a_healthy_model_with_a_finding_or_unseen_is_a_false_alarm():
    score = Score()
    score_healthy(score, "good", said())
    score_healthy(score, "not here", {"not_applicable": "no such layer"})
    score_healthy(score, "found", said("closure"))
    score_healthy(score, "unseen", said(unseen=[{"what": "a step", "by_design": False}]))
    assert (score.healthy, score.false_alarms) == (3, 2)


@pytest.fixture
def python(tmp_path):
    """A Python that keeps its request and arguments, and ends with the status in ``status``."""
    path = tmp_path / "python"
    path.write_text(
        f'#!/bin/sh\nfor last; do :; done\ncp "$last" {tmp_path}/request.json\n'
        f'echo "$@" > {tmp_path}/arguments\necho "$PYTHONPATH" > {tmp_path}/path\n'
        f"exit $(cat {tmp_path}/status)\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "status").write_text("1")
    return path


def call(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_doctor_hands_on_the_request_and_the_exit_code(tmp_path, python, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shapes = ("--input-shape", "left=2,5", "--input-shape", "right=?,3:int32")
    done = call("doctor", "mine:make", "--python", python, "--argument", "units=3", *shapes)
    assert done.exit_code == 1, done.output
    asked = json.loads((tmp_path / "request.json").read_text())
    assert asked["model"] == {"factory": "mine:make", "arguments": {"units": 3}}
    assert [one["name"] for one in asked["input"]] == ["left", "right"]
    folder = (tmp_path / "path").read_text().strip().split(os.pathsep)[0]
    assert os.listdir(folder) == ["nestprobe"]  # noqa: PTH208 - nothing of nestbench comes with it


def test_doctor_reads_toml_and_the_line_goes_first(tmp_path, python, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.toml").write_text('[model]\nfactory = "a:b"\n[[input]]\nshape = [2, 5]\n')
    assert call("doctor", "c:d", "--file", "model.toml", "--python", python).exit_code == 1
    asked = json.loads((tmp_path / "request.json").read_text())
    assert asked == {"model": {"factory": "c:d"}, "input": [{"shape": [2, 5], "dtype": "float32"}]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "It is not said which model"),
        (("a:b", "--input-shape", "2,x"), "is no shape"),
        (("a:b", "--argument", "units"), "is no argument"),
        (("--file", "nowhere.toml"), "cannot be read"),
        (("a:b", "--python", "/nowhere/python"), "cannot be run"),
    ],
)
def test_doctor_says_what_is_wrong_with_the_line(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    done = call("doctor", *arguments)
    assert done.exit_code == 2
    assert words in done.output


def test_a_process_that_dies_is_the_grounds_fault(tmp_path, python, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "status").write_text("139")
    done = call("doctor", "a:b", "--python", python)
    assert done.exit_code == 4
    assert "139" in done.output


@pytest.mark.parametrize(("signal", "words"), [("KILL", "Diagnose a smaller model"), ("SEGV", "--no-fit")])
def test_a_process_that_a_signal_ended_says_which_and_what_to_do(
    tmp_path, python, monkeypatch, signal, words
):
    monkeypatch.chdir(tmp_path)
    python.write_text(f"#!/bin/sh\nkill -{signal} $$\n")
    done = call("doctor", "a:b", "--python", python)
    assert done.exit_code == 4
    assert f"ended by SIG{signal}." in done.output
    assert words in done.output


def test_a_diagnosis_ends_by_itself(tmp_path, python, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call("doctor", "a:b", "--python", python)
    assert "--timeout 600" in (tmp_path / "arguments").read_text()


def test_a_process_that_does_not_end_in_time_is_ended_with_what_it_left(tmp_path, python, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nestbench.cli.doctor._GRACE_SECONDS", 0.0)
    python.write_text('#!/bin/sh\nmkdir "$TMPDIR/left"\nexec sleep 60\n')
    done = call("doctor", "a:b", "--python", python, "--timeout", "1")
    assert done.exit_code == 3
    assert "It took more than 1 s" in done.output


def test_rules_are_listed_and_told():
    assert "untracked-deque" in call("rules").output
    told = call("rules", "raw-variable").output
    assert "add_weight" in told
    assert "raw-variable-attribute" in told
    unknown = call("rules", "raw-varible")
    assert unknown.exit_code == 2
    assert "raw-variable" in unknown.output


def test_nestprobe_alone_is_packed_from_what_is_here():
    folder = TABLE.parents[2] / "harness"
    packed = tomllib.loads((folder / "pyproject.toml").read_text())
    (package,) = packed["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert (folder / package / "doctor" / "rules.py").exists()
    assert (package, packed["project"].get("dependencies")) == ("nestprobe", None)
    assert packed["project"]["version"] == __version__
    named = [*packed["project"]["scripts"].values(), *packed["project"]["entry-points"]["pytest11"].values()]
    for entry in named:
        module, _, function = entry.partition(":")
        assert hasattr(importlib.import_module(module), function or "assert_tracked")


def test_what_is_known_of_versions_ships_with_the_probe():
    assert staging.package() / VERSIONS in staging.sources(staging.package())
