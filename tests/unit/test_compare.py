"""Two stacks held against each other: the gravest change first, counts of whole builds only."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.changes.pairing import Direction, pairings
from nestbench.cli import app
from nestbench.frames import Result, State
from nestbench.report.comparison import comparison_text
from nestbench.store import Measured, Prototype
from nestbench.store.seal import sealed
from nestbench.verdicts import Verdict, judge
from nestprobe.observation import ModelRecord, Observation, Outcome, PhaseRecord, Raised, VariableRecord

CATALOGUE = load_catalogue()
PUBLISHED = str(Path(__file__).parent.parent.parent / "results" / "published")


def seen(case, *, counted=50, python_calls=100, user_calls=2, raised=False):
    weight = VariableRecord(
        name="w", shape=[5, 10], dtype="float32", trainable=True, created_in="called", used=True,
        used_in_inference=True, used_in_training=True, in_weights=1, in_trainable_weights=1,
        changed_by_step=True, gradient=True, in_weights_file=True, restored_from_weights_file=True,
    )  # fmt: skip
    model = ModelRecord(count_params=counted)
    calls = {"python_calls": python_calls, "user_calls": {"Outer": user_calls}}
    called = (
        PhaseRecord("raised", raised=Raised("ValueError", "no"), **calls)
        if raised
        else PhaseRecord("done", model=model, **calls)
    )
    phases = {"built": PhaseRecord("done", model=model), "called": called}
    return Observation(case, {}, Outcome("observed"), phases, [] if raised else [weight])


def results(stack, **by_case):
    found = []
    for name, observation in by_case.items():
        case = name.replace("_", "-")
        (cell,) = CATALOGUE.select([case]).cells([stack])
        judged = judge(observation, 50, 50) if observation is not None else ()
        measured = Measured(Prototype(observation)) if observation is not None else None
        found.append(Result(cell=cell, state=State.CURRENT, measured=measured, judgements=judged))
    return found


def test_worse_comes_before_better_and_before_what_only_counts_more():
    names = ("article_example_1", "article_example_2", "article_example_3", "rnn_cell_nested")
    good, bad = seen("x"), seen("x", counted=0)
    old = results("tf2.15", **dict(zip(names, (good, bad, good, good), strict=True)))
    more = seen("x", python_calls=400)
    new = results("tf2.16", **dict(zip(names, (good, good, bad, more), strict=True)))
    found = pairings(old, new)
    assert [one.label for one in found] == [
        "article-example-3",
        "article-example-2",
        "rnn-cell-nested",
        "article-example-1",
    ]
    ways = [one.change.direction for one in found]
    assert ways == [Direction.WORSE, Direction.BETTER, Direction.NONE, Direction.NONE]
    assert found[2].counts["Python calls"] == (100, 400)
    assert found[2].ratio == pytest.approx(4)


@pytest.mark.parametrize("flag", ["restored_from_model_file", "restored_from_checkpoint"])
def test_less_that_comes_back_from_a_file_is_worse_though_the_findings_stay(flag):
    unknown = seen("x")
    whole, lost = (
        replace(unknown, variables=[replace(unknown.variables[0], **{flag: back})]) for back in (True, False)
    )
    for before, after, way in (
        (whole, lost, Direction.WORSE),
        (lost, whole, Direction.BETTER),
        (whole, unknown, Direction.NONE),
        (unknown, lost, Direction.NONE),
    ):
        (one,) = pairings(
            results("tf2.15", article_example_1=before), results("tf2.16", article_example_1=after)
        )
        assert one.change.direction is way
    assert one.change.after.words.endswith("(nothing back from the model file)") == (
        flag.endswith("model_file")
    )


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        ("saved-checkpoint", "tracked (a TF checkpoint cannot be written: ValueError)"),
        ("reloaded-checkpoint", "tracked (a TF checkpoint cannot be loaded: ValueError)"),
    ],
)
def test_a_file_that_raises_stands_between_one_that_comes_back_and_one_that_loses_silently(phase, words):
    plain = seen("x")
    refused = PhaseRecord("raised", raised=Raised("ValueError", "a key is no string"))
    raises = replace(plain, phases={**plain.phases, phase: refused})
    whole, lost = (
        replace(plain, variables=[replace(plain.variables[0], restored_from_checkpoint=back)])
        for back in (True, False)
    )
    for before, after, way in (
        (raises, lost, Direction.WORSE),
        (lost, raises, Direction.BETTER),
        (raises, whole, Direction.BETTER),
        (whole, raises, Direction.WORSE),
        (raises, raises, Direction.NONE),
    ):
        (one,) = pairings(
            results("tf2.15", article_example_1=before), results("tf2.16", article_example_1=after)
        )
        assert one.change.direction is way
        if after is raises:
            assert one.change.after.words == words


def test_a_file_that_is_lost_silently_comes_before_one_that_raises():
    plain = seen("x")
    whole, lost = (
        replace(plain, variables=[replace(plain.variables[0], restored_from_model_file=back)])
        for back in (True, False)
    )
    refused = PhaseRecord("raised", raised=Raised("TypeError", "no"))
    raises = replace(plain, phases={**plain.phases, "reloaded-model": refused})
    old = results("tf2.15", article_example_1=whole, article_example_2=whole)
    new = results("tf2.16", article_example_1=raises, article_example_2=lost)
    found = pairings(old, new)
    assert [one.label for one in found] == ["article-example-2", "article-example-1"]
    assert [one.change.by_errors_alone for one in found] == [False, True]
    assert [one.change.lost for one in found] == [["the model file"], []]


def test_a_loss_that_becomes_an_error_is_better_for_it_is_loud():
    old = results("tf2.15", article_example_2=seen("x", counted=0))
    new = results("tf2.16", article_example_2=seen("x", raised=True))
    (one,) = pairings(old, new)
    assert one.change.direction is Direction.BETTER
    assert one.counts == {}  # the build was cut short


def test_what_was_not_measured_on_both_is_named_and_not_compared():
    old = results("tf2.15", article_example_2=seen("x"))
    (one,) = pairings(old, results("tf2.16", article_example_2=None))
    assert (one.change, one.why) == (None, "not measured on the second")


@pytest.mark.parametrize(
    ("kind", "verdict"), [("not-applicable", "not-applicable"), ("not-loaded", "unavailable")]
)
def test_what_says_nothing_on_one_of_them_is_neither_better_nor_worse(kind, verdict):
    good, bad, untold = seen("x"), seen("x", counted=0), replace(seen("x"), outcome=Outcome(kind, "no such"))
    pairs = [(good, untold), (untold, bad), (untold, untold), (untold, None)]
    found = [pairings(*both(*pair))[0] for pair in pairs]
    assert [(one.change, one.counts, one.why) for one in found] == [
        (None, {}, f"{verdict} on the second"),
        (None, {}, f"{verdict} on the first"),
        (None, {}, f"{verdict} on the first and the second"),
        (None, {}, f"{verdict} on the first; not measured on the second"),
    ]


def test_the_command_says_why_nothing_is_compared():
    jax = ("keras3.15", "keras3.15-jax", "--results", PUBLISHED)
    done = run(*jax, "--case", "article-example-1")  # it needs TensorFlow
    assert done.exit_code == 3
    assert "not-applicable on the second" in done.stderr
    data = {one["case"]: one for one in json.loads(run(*jax, "--format", "json").stdout)["cases"]}
    assert data["article-example-1"]["direction"] is None


def run(*arguments):
    return CliRunner().invoke(app, ["compare", *arguments])


def test_the_command_compares_what_is_published():
    done = run("tf2.15", "tf2.16", "--results", PUBLISHED, "--format", "json")
    assert done.exit_code == 0, done.output
    data = {one["case"]: one for one in json.loads(done.stdout)["cases"]}
    raw = data["raw-variable-attribute"]
    assert raw["direction"] == "worse"
    assert (raw["before"], raw["after"][0]) == (["tracked"], "uncounted")
    assert raw["counts"]["user call() runs"] == [3, 7]
    assert (raw["counted"], raw["used"]) == ([83, 33], [83, 83])


def text(old, new, *, times=(), everything=False):
    return comparison_text(
        "tf2.15", "tf2.16", pairings(old, new), dict(times), everything=everything, width=200
    )


def both(before, after, case="article_example_1"):
    return results("tf2.15", **{case: before}), results("tf2.16", **{case: after})


def test_a_change_is_told_with_its_numbers_and_its_facts():
    said = text(*both(seen("x"), seen("x", counted=30)))
    worse = "Worse: the gravest finding is a graver one than before, or a file gives back less, or an error"
    assert f"{worse} (1)\n  article-example-1\n" in said
    assert "    tf2.15: tracked 50/50\n    tf2.16: uncounted 30/50\n" in said
    assert "      count_params() after a call: 50 -> 30\n" in said
    assert said.endswith("1 case variant on both: 1 worse, 0 other trouble, 0 better, 0 the same.")


def test_a_file_that_cannot_be_loaded_any_more_is_told():
    done = run("tf2.15", "tf2.16", "--results", PUBLISHED, "--case", "article-example-2")
    assert done.exit_code == 0, done.output
    assert "    tf2.16: tracked 50/50 (the model file cannot be loaded: TypeError)\n" in done.stdout
    assert "1 worse, 0 other trouble, 0 better, 0 the same." in done.stdout


def test_an_exception_is_told_with_its_message():
    said = text(*both(seen("x"), seen("x", raised=True)))
    assert "    tf2.16: raises (build(shape) alone: unavailable); called raised ValueError: no\n" in said


def test_of_equal_counts_it_is_said_why_they_are_uncounted(monkeypatch):
    monkeypatch.setattr("nestbench.report.comparison._EXPLAINED", 0)
    good = seen("x")
    old, new = both(good, replace(good, variables=[replace(good.variables[0], in_weights=0)]))
    said = "uncounted 50/50 (build(shape) alone: tracked); weights lists 0 of the 50 that are read"
    assert f"    tf2.16: {said}\n" in text(old, new)
    assert "    tf2.16: uncounted 0/50\n" in text(*both(good, seen("x", counted=0)))


def test_other_trouble_is_explained():
    old, new = both(seen("x", counted=0), seen("x", counted=0))
    other = replace(new[0].judgements[0], findings=(Verdict.UNCOUNTED, Verdict.UNSAVED))
    new = [replace(new[0], judgements=(other, new[0].judgements[1]))]
    said = text(old, new)
    assert "Other trouble: the gravest finding stays, those beside it or of build(shape) change (1)" in said
    assert "tf2.16: uncounted, unsaved 0/50" in said


def test_where_more_changes_facts_give_way_to_where_they_are(monkeypatch):
    monkeypatch.setattr("nestbench.report.comparison._EXPLAINED", 0)
    said = text(*both(seen("x"), seen("x", counted=30)))
    assert "count_params() after a call" not in said
    assert "Why: `nestbench compare tf2.15 tf2.16 --case ID` tells" in said


def test_costs_are_told_where_they_differ_and_times_where_there_are_any():
    cheap, dear = seen("x", python_calls=100), seen("x", python_calls=150)
    said = text(*both(cheap, dear))
    assert "    tracked 50/50\n    Python calls 100 -> 150 (x1.50); user call() runs 2\n" in said
    assert "Python calls" not in text(*both(cheap, cheap), everything=True)
    timed = text(*both(cheap, cheap), times={"article-example-1": ["build slower x1.40"]})
    assert "    build slower x1.40\n" in timed
    assert "article-example-1" not in text(*both(cheap, cheap))


def test_what_is_not_shown_is_told_by_kind_and_hides_no_silent_loss(monkeypatch):
    monkeypatch.setattr("nestbench.report.comparison._SHOWN", 0)
    good, bad, dear = seen("x"), seen("x", counted=0), seen("x", python_calls=400)
    unbuilt = replace(
        good, phases={**good.phases, "built": PhaseRecord("done", model=ModelRecord(count_params=0))}
    )
    names = (
        "article_example_1",
        "article_example_2",
        "article_example_3",
        "rnn_cell_nested",
        "tied_embedding",
    )
    old = results("tf2.15", **dict(zip(names, (good, bad, good, good, unbuilt), strict=True)))
    new = results("tf2.16", **dict(zip(names, (unbuilt, good, dear, None, good), strict=True)))
    said = text(old, new)
    assert "\n  article-example-1\n    tf2.15: tracked 50/50\n" in said
    assert "    tf2.16: tracked 50/50 (build(shape) alone: uncounted)" in said
    assert said.count("    tf2.15: ") == 1
    left = "1 other trouble, 1 better, 1 at another cost, 1 not compared"
    assert f"\nNot shown: {left}: --all.\n" in said
    assert "Not shown" not in text(old, new, everything=True)


def test_what_was_not_measured_on_both_is_listed_where_everything_is():
    timed = text(*both(seen("x"), None), times={"article-example-1": ["build slower x1.40"]})
    assert "\nNot shown: 1 not compared: --all.\n" in timed
    assert "Not compared (" not in timed
    said = text(*both(seen("x"), None), everything=True)
    assert "Not compared (1)\n  article-example-1: not measured on the second\n" in said
    assert said.endswith("; 1 not compared.")


@pytest.mark.parametrize("width", [80, 120])
def test_the_command_stays_within_the_terminal(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")  # as a terminal
    done = run("tf2.15", "tf2.16", "--results", PUBLISHED)
    assert done.exit_code == 0
    longest = max(done.stdout.splitlines(), key=len)
    assert len(longest) <= width or "http" in longest
    assert "│" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("tf2.15", "tf2.15"), 2, "with itself"),
        (("tf2.15", "tf9.9"), 2, "tf9.9"),
    ],
)
def test_what_cannot_be_compared_is_said(arguments, code, says):
    done = run(*arguments)
    assert done.exit_code == code
    assert says in done.output


def test_an_imported_stack_is_compared_too(tmp_path):
    shutil.copytree(Path(PUBLISHED) / "tf2.15", tmp_path / "tf2.15")
    shutil.copytree(Path(PUBLISHED) / "tf2.16", tmp_path / "here-tf2.16.2")
    for file in (tmp_path / "here-tf2.16.2").iterdir():
        told = json.loads(file.read_text())
        del told["seal"]
        file.write_text(sealed(json.dumps({**told, "stack": "here-tf2.16.2"}, indent=1) + "\n"))
    case = ("--case", "raw-variable-attribute", "--results", str(tmp_path))
    done = run("tf2.15", "here-tf2.16.2", *case)
    assert done.exit_code == 0, done.output
    assert "    here-tf2.16.2: uncounted" in done.stdout
    assert "No timing session has both.\n" in done.stdout
    shutil.rmtree(tmp_path / "tf2.15")
    done = run("tf2.15", "here-tf2.16.2", *case)
    assert (done.exit_code, "Run `nestbench run tf2.15`, or name" in done.stderr) == (3, True)
    assert run("tf2.15", "here-tf9", *case).exit_code == 2
