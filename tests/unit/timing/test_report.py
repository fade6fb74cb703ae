"""What is told of a session."""

import csv
import io
import json

from timing_stage import fill, made_up, session

from nestbench.timing import Shelf, report
from nestbench.timing.answers import answers, steps
from nestbench.timing.memory import usage
from nestbench.timing.record import Ended
from nestbench.timing.samples import samples

PARTS = ("one", "two", "three")
MB = 10**6
RAISES = Ended(kind="raises", detail="ValueError: " + "x" * 500)
HAS_NOT = Ended(kind="not-applicable", detail="no LoRA")


class Told:
    def __init__(self, tmp_path, blocks=10, one=None, **more):
        self.session, self.shelf = one or session(parts=PARTS), Shelf(root=tmp_path)
        fill(self.shelf, self.session, blocks, **more)
        self.frame = samples(self.shelf, self.session)
        self.memory = usage(self.shelf, self.session)
        self.found = answers(self.session, self.frame, steps(self.session.arms))

    @property
    def caveats(self):
        return " ".join(report.caveats(self.session, self.found))

    @property
    def json(self):
        return json.loads(report.timings_json(self.session, self.found, self.frame, self.memory))


DIFFERENT = {("b", "one"): 1.3, ("b", "two"): 0.5, ("b+control", "one"): 1.3, ("b+control", "two"): 0.5}


def test_the_largest_differences_come_first(tmp_path):
    told = Told(tmp_path, factors=DIFFERENT)
    frame = report.timings_frame(report.biggest_first(told.found.rows))
    assert frame["part"].tolist() == ["two", "two", "one", "one", "three", "three"]
    assert frame["answer"].tolist()[:4] == ["faster", "faster", "slower", "slower"]
    assert frame["before"].str.endswith(" ms").all()


def test_the_control_is_spoken_of_first(tmp_path):
    assert Told(tmp_path / "1", factors=DIFFERENT).caveats.startswith("Control: b against itself, 6 comparis")
    broken = Told(tmp_path / "2", 20, factors={("b+control", "two"): 3.0})
    assert broken.caveats.startswith(
        "NOT TO BE TRUSTED: the control, b against itself, shows a difference in 2"
    )
    assert "two, build; two, construct" in broken.caveats
    assert "NO CONTROL was run" in Told(tmp_path / "3", one=session(control=None)).caveats
    lost = {"b+control": {(part, name): RAISES for part in PARTS for name in ("construct", "build")}}
    assert "NOTHING OF THE CONTROL" in Told(tmp_path / "4", ended=lost).caveats


def test_too_few_blocks_to_find_anything_are_told(tmp_path):
    assert "9 complete blocks: of fewer than 10" in Told(tmp_path / "1", 9).caveats
    assert "complete blocks" not in Told(tmp_path / "2", 10).caveats


def test_blocks_that_wait_for_a_look_are_told(tmp_path):
    told = Told(tmp_path / "1", 13, one=session(parts=PARTS, planned=30))
    assert "3 of 13 complete blocks are left out until the look at 20." in told.caveats
    assert (told.json["blocks"], told.json["blocks_left_out"]) == (10, 3)
    planned = Told(tmp_path / "2", 13, one=session(parts=PARTS, planned=15)).caveats
    assert "left out until the look at 15." in planned


def test_what_a_large_family_keeps_from_being_called_a_difference_is_told(tmp_path):
    """Ten blocks that all say the same are p = 0.002, and the family asks for less."""
    one = session(parts=[f"case-{n}" for n in range(20)])
    factors = {("b", "case-7"): 3.0, ("b+control", "case-7"): 3.0}
    few = Told(tmp_path / "1", 10, one=one, factors=factors).caveats
    assert "too few of so many to be called slower or faster: go on with --blocks 20" in few
    assert "too few of so many" not in Told(tmp_path / "2", 20, one=one, factors=factors).caveats


def test_what_was_not_measured_is_told_with_the_reason_and_how_often(tmp_path):
    ended = {"b": {("one", "construct"): RAISES, ("one", "build"): RAISES, ("two", "build"): HAS_NOT}}
    told = Told(tmp_path, 3, ended=ended)
    lines = list(report.failures(told.frame))
    assert lines[0].startswith("b, one: construct, build: raises (ValueError: xxx")
    assert len(lines[0]) < 200
    assert lines[1] == "b, two: build: not-applicable (no LoRA)"
    assert told.json["not_measured"][1] == {
        "arm": "b", "case": "two", "measures": ["build"], "kind": "not-applicable", "detail": "no LoRA",
        "launches": 3, "of": 3,
    }  # fmt: skip
    told.shelf.keep(told.session, *made_up(told.session, "a", 1, ended={("one", "build"): RAISES}))
    first = next(report.failures(samples(told.shelf, told.session)))
    assert first.startswith("a, one: build: raises in 1 of 3 launches (ValueError")


MEMORY = {
    "a": {"one": {"began": 300 * MB, "peak": 310 * MB}, "two": {"began": 300 * MB, "peak": 320 * MB}},
    "b": {"one": {"began": 400 * MB, "peak": 412 * MB}, "two": {"began": 400 * MB, "peak": 480 * MB}},
    "b+control": {"one": {"began": 0, "peak": 900 * MB}},
}


def test_memory_is_told_by_arm_and_part_the_largest_difference_first(tmp_path):
    told = Told(tmp_path, 3, memory=MEMORY)
    assert told.memory.values.tolist() == [
        ["a", "two", 3, 320 * MB, 20 * MB],
        ["b", "two", 3, 480 * MB, 80 * MB],
        ["a", "one", 3, 310 * MB, 10 * MB],
        ["b", "one", 3, 412 * MB, 12 * MB],
        ["b+control", "one", 3, 900 * MB, 900 * MB],
    ]
    frame = report.memory_frame(told.memory)
    assert frame.columns.tolist() == ["part", "a", "b", "b+control"]
    assert frame.values.tolist() == [
        ["two", "320 MB (+20.0)", "480 MB (+80.0)", ""],
        ["one", "310 MB (+10.0)", "412 MB (+12.0)", "900 MB (+900.0)"],
    ]
    assert told.json["memory"][0] == {
        "arm": "a", "case": "two", "launches": 3, "peak": 320 * MB, "growth": 20 * MB,
    }  # fmt: skip


def test_no_memory_is_no_table(tmp_path):
    told = Told(tmp_path, 2)
    assert told.memory.empty
    assert report.memory_frame(told.memory).empty
    assert told.json["memory"] == []


def test_json_holds_what_the_answers_rest_on(tmp_path):
    data = Told(tmp_path, factors=DIFFERENT).json
    assert (data["blocks"], data["trusted"], data["broken_controls"]) == (10, True, [])
    first = data["comparisons"][0]
    assert first["interval_95"][0] <= first["interval_90"][0] <= first["ratio"] <= first["interval_90"][1]
    assert (first["pairs"], first["answer"]) == (10, "faster")
    assert len(data["controls"]) == 6


def test_csv_has_a_row_for_each_comparison_and_control(tmp_path):
    told = Told(tmp_path, factors=DIFFERENT)
    rows = list(csv.DictReader(io.StringIO(report.timings_csv(told.found))))
    assert [row["control"] for row in rows] == ["False"] * 6 + ["True"] * 6
    assert rows[0]["answer"] == "faster"
    assert rows[-1]["answer"] == ""
    assert float(rows[0]["low_95"]) <= float(rows[0]["ratio"]) <= float(rows[0]["high_95"])


def test_whether_the_session_is_trusted_stands_in_each_row(tmp_path):
    def told(name, one=None, **more):
        text = report.timings_csv(Told(tmp_path / name, 20, one=one, **more).found)
        return list(csv.DictReader(io.StringIO(text)))

    assert {row["trusted"] for row in told("good")} == {"True"}
    broken = told("broken", factors={("b+control", "two"): 3.0})
    assert {row["trusted"] for row in broken} == {"False"}
    alone = told("alone", session(parts=PARTS, control=None))
    assert {(row["trusted"], row["noise"]) for row in alone} == {("", "")}


def test_a_session_of_nothing_is_data_too(tmp_path):
    told = Told(tmp_path, 0)
    assert told.json["comparisons"] == []
    assert list(csv.DictReader(io.StringIO(report.timings_csv(told.found)))) == []
