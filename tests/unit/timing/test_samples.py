"""The samples of a session as a frame."""

from dataclasses import replace

import pytest
from timing_stage import fill, frame_of, launched, session, written

from nestbench.timing import Part, Shelf
from nestbench.timing.record import Ended
from nestbench.timing.samples import COLUMNS, samples, seconds_by_block

RAISES = Ended(kind="raises", detail="ValueError: no")
HANGS = Ended(kind="timed-out", detail="limit of 60 s, in build")
HAS_NOT = Ended(kind="not-applicable", detail="no LoRA")


def test_the_value_of_a_launch_is_the_least_of_its_rounds(tmp_path):
    one, shelf = session(parts=("one",), control=None), Shelf(root=tmp_path)
    rounds = {("one", "construct"): [0.5, 9.0, 0.1, 0.2, 0.3], ("one", "build"): [0.7]}
    shelf.keep(one, launched(one, "a", 3, 1), written(rounds))
    frame = samples(shelf, one)
    assert list(frame.columns) == COLUMNS
    assert frame[
        ["arm", "stack", "part", "measure", "block", "order", "seconds", "rounds"]
    ].values.tolist() == [
        ["a", "a", "one", "construct", 3, 1, 0.1, 5],
        ["a", "a", "one", "build", 3, 1, 0.7, 1],
    ]


def test_what_was_not_measured_is_named_and_leaves_no_gap(tmp_path):
    ended = {
        "b": {
            ("one", "construct"): RAISES,
            ("one", "build"): HAS_NOT,
            ("two", "construct"): HANGS,
            ("two", "build"): HANGS,
        }
    }
    frame = frame_of(tmp_path, session(), 2, ended=ended)
    assert len(frame) == 3 * 2 * 2 * 2  # arms, blocks, parts, measures
    lost = frame[frame["kind"] != "measured"]
    assert set(zip(lost["arm"], lost["kind"], lost["detail"], strict=True)) == {
        ("b", one.kind, one.detail) for one in (RAISES, HAS_NOT, HANGS)
    }
    assert lost["seconds"].isna().all()
    assert frame[frame["kind"] == "measured"]["seconds"].notna().all()


def test_a_record_that_is_silent_about_a_measurement_says_that_it_is_not_there(tmp_path):
    one, shelf = session(parts=("one",), control=None), Shelf(root=tmp_path)
    silent = launched(session(parts=("one",), measures=("build",)), "a", 0)
    shelf.keep(one, silent, written({("one", "build"): [1.0]}))
    frame = samples(shelf, one).set_index("measure")
    assert frame["kind"].to_dict() == {"construct": "unavailable", "build": "measured"}


def test_times_of_a_cell_that_was_ended_are_not_taken(tmp_path):
    one, shelf = session(parts=("one",), control=None), Shelf(root=tmp_path)
    ended = {("one", measure): HANGS for measure in one.measures}
    shelf.keep(one, launched(one, "a", 0, ended=ended), written({("one", "build"): [0.1]}))
    assert samples(shelf, one)["seconds"].isna().all()


def test_no_launch_is_an_empty_frame(tmp_path):
    shelf = Shelf(root=tmp_path)
    shelf.save(session())
    frame = samples(shelf, session())
    assert frame.empty
    assert list(frame.columns) == COLUMNS
    assert seconds_by_block(frame).empty


def test_seconds_by_block_has_a_column_for_each_arm(tmp_path):
    one = session()
    frame = frame_of(tmp_path, one, 3, ended={"a": {("one", "build"): RAISES}})
    table = seconds_by_block(frame)
    assert set(table.columns) == {"a", "b", "b+control"}
    assert table["a"].isna().sum() == 3
    assert table.loc["two", "build", 1]["b"] == pytest.approx(
        frame.query("arm == 'b' and part == 'two' and measure == 'build' and block == 1")["seconds"].item()
    )


def test_variants_are_parts_of_their_own(tmp_path):
    parts = tuple(Part(case="one", variant={"owner": owner}, digest="d") for owner in ("layer", "model"))
    one, shelf = replace(session(control=None), parts=parts), Shelf(root=tmp_path)
    fill(shelf, one, 1)
    assert set(samples(shelf, one)["part"]) == {"one[owner=layer]", "one[owner=model]"}
    assert shelf.load("made-up").parts == parts
