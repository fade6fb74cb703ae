"""Comparisons that lack blocks because one arm was ended at its limit."""

import csv
import io
import json

import pytest
from timing_stage import quick_frame, session

from nestbench.statistics import Answer
from nestbench.timing import report
from nestbench.timing.answers import answers, steps

PARTS = ("one", "two", "three")
OF = session(parts=PARTS, measures=("build",))


def told(*ended, blocks=20, of=OF, **more):
    """What is answered where ``ended``, each (arm, part, blocks), were over the limit."""
    frame = quick_frame(of, blocks, **{"cv": 0.03} | more)
    for arm, part, which in ended:
        lost = (frame["arm"] == arm) & (frame["part"] == part) & frame["block"].isin(list(which))
        frame.loc[lost, ["kind", "detail"]] = ["timed-out", "limit of 60 s, in build"]
        frame.loc[lost, "seconds"] = float("nan")
    return answers(of, frame, steps(of.arms)), frame


def row(found, part):
    return next(one for one in found.rows if one.part == part)


def test_an_arm_whose_slow_blocks_are_missing_is_not_the_same():
    """By the 15 blocks that are left it would be."""
    found, _ = told(("b", "one", range(5)))
    assert row(found, "one").answer is Answer.OVER_THE_LIMIT
    assert row(found, "one").over == (0, 5)
    assert row(found, "one").comparison.pairs == 15
    assert row(found, "two").answer is Answer.SAME
    assert row(found, "two").over == (0, 0)
    assert found.undecided == 1


def test_nor_is_it_faster_than_the_other():
    faster = {"factors": {("b", "one"): 0.7, ("b+control", "one"): 0.7}}
    found, _ = told(("b", "one", range(8)), **faster)
    assert row(found, "one").answer is Answer.OVER_THE_LIMIT
    found, _ = told(("a", "one", range(8)), **faster)
    assert (row(found, "one").answer, row(found, "one").over) == (Answer.FASTER, (8, 0))


def test_what_is_slower_by_the_rest_is_slower():
    slower = {"factors": {("b", "one"): 1.4, ("b+control", "one"): 1.4}}
    found, _ = told(("b", "one", range(5)), **slower)
    assert (row(found, "one").answer, row(found, "one").over) == (Answer.SLOWER, (0, 5))
    found, _ = told(("a", "one", range(8)), **slower)
    assert row(found, "one").answer is Answer.OVER_THE_LIMIT


@pytest.mark.parametrize(
    ("blocks", "ended", "answer"),
    [
        (10, 1, Answer.OVER_THE_LIMIT),
        (20, 2, Answer.SAME),
        (20, 4, Answer.OVER_THE_LIMIT),
        (30, 3, Answer.SAME),
        (30, 8, Answer.OVER_THE_LIMIT),
    ],
)
def test_a_few_blocks_of_many_change_nothing(blocks, ended, answer):
    for arm in ("a", "b"):
        found, _ = told((arm, "one", range(ended)), blocks=blocks)
        assert row(found, "one").answer is answer
        assert sum(row(found, "one").over) == ended


def test_blocks_in_which_both_were_ended_speak_for_neither():
    found, _ = told(("a", "one", range(6)), ("b", "one", range(6)))
    assert (row(found, "one").answer, row(found, "one").over) == (Answer.SAME, (0, 0))
    found, _ = told(("a", "one", range(5)), ("b", "one", range(6)), blocks=30)
    assert row(found, "one").over == (0, 1)


def test_what_raises_is_not_over_a_limit():
    _, frame = told(("b", "one", range(5)))
    frame["kind"] = frame["kind"].replace("timed-out", "raises")
    again = answers(OF, frame, steps(OF.arms))
    assert (row(again, "one").answer, row(again, "one").over) == (Answer.SAME, (0, 0))


def test_of_too_few_blocks_that_are_left_nothing_is_said():
    found, frame = told(("b", "one", range(17)))
    assert {one.part for one in found.rows} == {"two", "three"}
    assert "b, one: build: timed-out in 17 of 20 launches (limit of 60 s, in build)" in report.failures(frame)


def test_the_control_says_it_too():
    found, _ = told(("b+control", "one", range(2)))
    assert next(one for one in found.controls if one.part == "one").over == (0, 2)


def test_how_many_blocks_are_missing_stands_beside_the_answer():
    found, frame = told(("b", "one", range(5)), ("a", "two", [7]))
    table = report.timings_frame(report.biggest_first(found.rows))
    beside = dict(zip(table["part"], table["left out, over the limit"], strict=True))
    assert beside == {"one": "b in 5 of 20", "two": "a in 1 of 20", "three": ""}
    assert dict(zip(table["part"], table["answer"], strict=True))["one"] == "over the limit"
    rows = {one["case"]: one for one in csv.DictReader(io.StringIO(report.timings_csv(found)))}
    data = json.loads(report.timings_json(OF, found, frame, frame.iloc[:0][["arm", "part"]]))
    by_case = {one["case"]: one for one in data["comparisons"]}
    assert (by_case["one"]["over_before"], by_case["one"]["over_after"]) == (0, 5)
    assert (by_case["one"]["answer"], by_case["one"]["pairs"]) == ("over the limit", 15)
    assert rows["two"]["over_before"] == "0"  # of the control, which comes last
    said = " ".join([*report.seconds_text(OF, found), *report.caveats(OF, found)])
    assert "1 over the limit" in said
    assert "1 of 3 comparisons have no answer, for it hangs on blocks in which one arm was over" in said


def test_where_nothing_was_over_a_limit_nothing_is_said_of_it():
    found, _ = told()
    assert "left out, over the limit" not in report.timings_frame(found.rows).columns
    assert "over the limit" not in " ".join([*report.seconds_text(OF, found), *report.caveats(OF, found)])
