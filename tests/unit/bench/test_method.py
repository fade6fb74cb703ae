"""``nestbench bench method`` on made-up sessions: what is counted, what is concluded, what is kept."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from timing_stage import FakeLauncher, quick_frame, session
from typer.testing import CliRunner

from nestbench.bench.method import IN_A_ROW, INTERLEAVED, OURS, Sampled, prove
from nestbench.bench.planting import CASES, FACTORS, arms_for, parts_for
from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.matrix import load_matrix
from nestbench.run.orchestrate import Prepared
from nestbench.timing import Part, Shelf

STACK = "tf2.15"
AGAIN, SLOWED, CONTROL = (f"{STACK}+{word}" for word in ("again", "slowed", "control"))


def made_up(parts=12, measures=("construct", "build")):
    of = tuple(Part(case=f"case-{number}", digest="d") for number in range(parts))
    arms = arms_for(load_matrix().get(STACK), of)
    return replace(session(), arms=arms, parts=of, measures=measures)


def proven(of=None, blocks=20, most=None, **more):
    of = of or made_up()
    return prove(of, quick_frame(of, blocks, **more), most=most)


def figures(proof, rule, order=INTERLEAVED):
    return next(one for one in proof.figures if one.rule.startswith(rule) and one.order == order)


def test_a_quiet_session_has_no_false_alarm_and_all_is_found():
    proof = proven(cv=0.02)
    assert (proof.ours.rule, proof.ours.order) == (OURS, INTERLEAVED)
    assert (proof.ours.false.hits, proof.ours.false.of) == (0, 24)
    for factor in (1.2, 1.5):
        assert (proof.ours.found[factor].hits, proof.ours.found[factor].of) == (24, 24)
    assert proof.broken == ()
    assert (proof.blocks, proof.cases, proof.short) == (20, 12, 0)


def test_a_third_is_planted_by_each_factor_and_the_rest_multiplied():
    proof = proven(cv=0.02)
    for factor in FACTORS:
        assert proof.ours.found[factor].planted == 8
        assert proof.came_out[factor] == pytest.approx(factor, rel=0.02)
    assert figures(proof, "mean").found[1.5].planted == 8
    assert figures(proof, "mean", IN_A_ROW).found[1.5].planted == 0


def test_what_was_planted_and_could_not_be_measured_is_multiplied():
    proof = proven(cv=0.02, lost={(SLOWED, "case-0"), (SLOWED, "case-1")})
    assert [proof.ours.found[factor].planted for factor in FACTORS] == [6, 6, 8]
    assert {count.of for count in proof.ours.found.values()} == {24}


def test_a_planting_that_does_not_work_is_not_found():
    of = made_up()
    broken = [replace(arm, planted={}) if arm.name == SLOWED else arm for arm in of.arms]
    frame = quick_frame(replace(of, arms=tuple(broken)), 20, cv=0.02)
    proof = prove(of, frame)
    assert proof.ours.found[1.5].planted_hits == 0
    assert proof.ours.found[1.5].hits == 16
    assert proof.came_out[1.5] == pytest.approx(1.0, rel=0.02)
    assert any("slowdowns of 1.5 times 16 of 24" in line for line in proof.shortfalls)


def test_false_alarms_are_counted_either_way():
    proof = proven(cv=0.02, factors={(AGAIN, "case-3"): 1.4, (AGAIN, "case-4"): 0.6})
    assert proof.ours.false.hits == 4
    assert figures(proof, "minimum").false.hits == 4
    assert "4 false alarms, where 1 is allowed" in proof.shortfalls


def test_a_machine_that_gets_slower_fools_who_measures_one_after_the_other():
    proof = proven(cv=0.02, drift=2.0)
    assert proof.ours.false.hits == 0
    for rule in ("minimum", "mean", "Mann-Whitney"):
        assert figures(proof, rule, IN_A_ROW).false.hits == 24
    assert figures(proof, "mean").false.hits == 0


def test_one_after_the_other_has_as_many_launches_and_in_the_order_of_time():
    of = made_up(parts=1, measures=("build",))
    frame = quick_frame(of, 20, cv=0.0, drift=4.0)
    before, after = Sampled(of, frame).in_a_row(("case-0", "build"), 2.0)
    assert len(before) == len(after) == 20
    assert sorted(before) == list(before)
    assert sorted(after) == list(after)
    assert before[-1] < after[0] / 2


def test_a_control_that_shows_a_difference_is_a_shortfall():
    proof = proven(cv=0.02, factors={(CONTROL, "case-3"): 1.4})
    assert proof.broken == ("case-3, build", "case-3, construct")
    assert any("the control showed a difference in case-3, build" in line for line in proof.shortfalls)


def test_too_little_is_said_to_be_too_little():
    few = proven(made_up(parts=3), blocks=9)
    assert few.missing == [
        "9 complete blocks, of 20",
        "6 comparisons of the stack with itself, of 100",
        "3 cases, of 10",
    ]
    assert proven(made_up(parts=3), blocks=3).ours.false.of == 0
    assert proven(made_up(parts=3), blocks=0).ours.found[1.1].share == 0.0


def test_a_case_that_cannot_be_measured_does_not_count():
    lost = {(arm, "case-0") for arm in (STACK, AGAIN, SLOWED, CONTROL)}
    proof = proven(made_up(parts=3), lost=lost)
    assert (proof.cases, proof.short, proof.ours.false.of) == (2, 2, 4)


def test_no_more_blocks_are_looked_at_than_were_asked_for():
    assert proven(made_up(parts=3), blocks=20, most=10) == proven(made_up(parts=3), blocks=10)


def test_a_session_of_another_kind():
    of = session()
    with pytest.raises(LookupError):
        prove(of, quick_frame(of, 5))


def test_what_is_timed_by_default():
    catalogue = load_catalogue().select(CASES)
    parts = parts_for(catalogue)
    assert len(parts) == len(CASES) == len({part.case for part in parts})
    assert len(parts) * 6 >= 120
    assert len(catalogue.groups) >= 10
    planted = arms_for(load_matrix().get(STACK), parts)[2].planted
    assert {list(planted.values()).count(factor) for factor in FACTORS} == {7}


@pytest.fixture
def call(tmp_path, monkeypatch):
    (tmp_path / ".nestbench").mkdir()
    monkeypatch.chdir(tmp_path)
    ready = Prepared(python=Path("python"))
    monkeypatch.setattr("nestbench.run.session.tox_prepare", lambda *_, **__: lambda _stack, _say: ready)
    return lambda *arguments: CliRunner().invoke(app, ["bench", "method", *map(str, arguments)])


CHEAP = ("--group", "containers", "--measure", "build", "--measure", "construct", "--blocks", 10)
#: Of both measures, each case once.
COMPARISONS = 2 * len(load_catalogue().select([], ["containers"]))


def test_on_a_gpu_each_case_gets_a_fresh_process(call, monkeypatch, tmp_path):
    FakeLauncher().install(monkeypatch)
    call("tf2.21-gpu", *CHEAP, "-q")
    assert Shelf(root=tmp_path / "results" / "local-method").load("tf2.21-gpu").launch == "fresh"
    assert call("tf2.21-gpu", *CHEAP, "--launch", "fork").exit_code == 2


def test_the_command_measures_keeps_and_shows_again(call, monkeypatch, tmp_path):
    fake = FakeLauncher(cv=0.01).install(monkeypatch)
    done = call(STACK, *CHEAP)
    assert done.exit_code == 3, done.output
    assert len(fake.launches) == 40
    assert (
        "NOTHING IS SHOWN YET: too little was measured "
        f"(10 complete blocks, of 20; {COMPARISONS} comparisons" in done.stdout
    )
    assert "falls short" not in done.stdout
    assert "Mann-Whitney" in done.stdout
    assert "measured as 1.2" in done.stdout
    kept = json.loads((tmp_path / "results" / "local-method" / STACK / "session.json").read_text())
    assert kept["arms"][2]["planted"]["list-of-layers[owner=layer]"] in FACTORS
    shown = call(STACK, "--kept")
    assert (shown.exit_code, shown.stdout) == (3, done.stdout)
    assert len(fake.launches) == 40
    data = json.loads(call(STACK, "--kept", "--format", "json").stdout)
    assert len(data["rules"]) == 7
    assert data["rules"][0]["comparisons"] == COMPARISONS
    assert data["missing"]
    more = call(STACK, *CHEAP, "--measure", "summary")
    assert more.exit_code == 2
    assert "measures: build, construct, now" in more.stderr


@pytest.mark.parametrize(
    ("cv", "code", "words"),
    [(0.001, 0, "The method does what it has to."), (0.5, 1, "The method falls short: of slowdowns of 1.1")],
)
def test_the_exit_code_says_whether_the_method_works(call, monkeypatch, cv, code, words):
    monkeypatch.setattr("nestbench.bench.method.LEAST_COMPARISONS", 30)
    monkeypatch.setattr("nestbench.bench.method.FOUND_AT_LEAST", {1.1: 0.3, 1.2: 0.95, 1.5: 1.0})
    FakeLauncher(cv=cv).install(monkeypatch)
    done = call(STACK, *CHEAP, "--blocks", 20, "-q")
    assert done.exit_code == code, done.output
    assert words in done.stdout


@pytest.mark.parametrize(
    "arguments", [("tf2.99",), (STACK, "--case", "no-such"), (STACK, "--launch", "auto"), (STACK, "--kept")]
)
def test_wrong_usage(call, monkeypatch, arguments, tmp_path):
    FakeLauncher().install(monkeypatch)
    assert call(*arguments).exit_code == 2
    assert not (tmp_path / "results").exists()


def test_a_session_of_nestbench_time_is_told_apart(call, tmp_path):
    Shelf(root=tmp_path / "kept").save(session(name=STACK))
    done = call(STACK, "--kept", "--results", "kept")
    assert done.exit_code == 2
    assert "was not made by `nestbench bench method`" in done.stderr
