"""What made-up sessions answer."""

from dataclasses import replace

import pytest
from timing_stage import Shelf, fill, frame_of, made_up, session

from nestbench.statistics import LEAST_PAIRS, Answer
from nestbench.timing.answers import answers, complete_blocks, look_at, steps
from nestbench.timing.record import Ended
from nestbench.timing.samples import samples

PARTS = ("one", "two", "three")
RAISES = Ended(kind="raises", detail="ValueError: no")


def found(tmp_path, blocks=30, one=None, most=None, **more):
    one = one or session(parts=PARTS)
    return answers(one, frame_of(tmp_path, one, blocks, **more), steps(one.arms), most=most)


def by_part(of):
    return {(row.part, row.measure): row.answer for row in of.rows}


def test_slower_faster_and_the_same(tmp_path):
    said = found(tmp_path, factors={("b", "one"): 1.4, ("b", "two"): 0.7, ("b+control", "one"): 1.4,
                                    ("b+control", "two"): 0.7})  # fmt: skip
    for measure in ("construct", "build"):
        assert by_part(said)["one", measure] is Answer.SLOWER
        assert by_part(said)["two", measure] is Answer.FASTER
        assert by_part(said)["three", measure] is Answer.SAME
    assert said.trusted is True
    assert (said.blocks, said.short, said.undecided) == (30, 0, 0)
    row = next(row for row in said.rows if row.part == "one")
    assert row.seconds[1] / row.seconds[0] == pytest.approx(1.4, rel=0.1)
    assert (row.before, row.after, row.comparison.pairs) == ("a", "b", 30)


def test_much_noise_is_no_evidence(tmp_path):
    said = found(tmp_path, blocks=10, cv=0.6)
    assert Answer.NO_EVIDENCE in by_part(said).values()
    assert {Answer.SLOWER, Answer.FASTER}.isdisjoint(by_part(said).values())
    assert said.undecided > 0


def test_a_broken_control_makes_the_session_untrusted(tmp_path):
    said = found(tmp_path, factors={("b+control", "two"): 1.5})
    assert said.trusted is False
    assert set(said.broken) == {"two, construct", "two, build"}
    assert len(said.controls) == 6


def test_without_a_control_nothing_is_known_of_trust(tmp_path):
    one = session(parts=PARTS, control=None)
    said = found(tmp_path, one=one, factors={"b": 1.5})
    assert said.trusted is None
    assert said.controls == ()
    assert set(by_part(said).values()) == {Answer.SLOWER}
    assert {row.noise for row in said.rows} == {None}


@pytest.mark.parametrize("blocks", [0, 1, LEAST_PAIRS - 1])
def test_too_few_blocks_compare_nothing(tmp_path, blocks):
    said = found(tmp_path, blocks)
    assert (said.rows, said.controls, said.trusted) == ((), (), None)
    assert said.blocks == blocks
    assert said.short == (6 if blocks else 0)


def test_fewer_blocks_than_the_first_look_find_no_difference(tmp_path):
    said = found(tmp_path, 9, factors={"b": 2.0, "b+control": 2.0})
    assert {Answer.SLOWER, Answer.FASTER}.isdisjoint(by_part(said).values())


def test_blocks_in_which_one_arm_failed_are_left_out_of_its_comparisons(tmp_path):
    one, shelf = session(parts=PARTS), Shelf(root=tmp_path)
    fill(shelf, one, 10)
    for block in range(8):
        shelf.keep(one, *made_up(one, "b", block, ended={("one", "build"): RAISES}))
    said = answers(one, samples(shelf, one), steps(one.arms))
    assert said.short == 1
    assert ("one", "build") not in by_part(said)
    assert {row.comparison.pairs for row in said.rows} == {10}
    assert said.blocks == 10


def test_only_complete_blocks_are_looked_at(tmp_path):
    one, shelf = session(parts=PARTS), Shelf(root=tmp_path)
    fill(shelf, one, 10)
    before = answers(one, samples(shelf, one), steps(one.arms))
    for arm in ("a", "b"):
        shelf.keep(one, *made_up(one, arm, 10, factors={"b": 50.0}))
    frame = samples(shelf, one)
    assert complete_blocks(one, frame) == list(range(10))
    assert answers(one, frame, steps(one.arms)) == before
    one_launch = frame[(frame["block"] == 10) & (frame["arm"] == "a")]
    assert answers(one, one_launch, steps(one.arms)).blocks == 0


def test_a_look_takes_no_more_than_its_own_blocks(tmp_path):
    early = found(tmp_path / "early", 10)
    assert found(tmp_path / "late", 25, most=10) == early
    assert found(tmp_path / "late2", 25) != early


def test_blocks_beyond_a_look_wait_for_the_next(tmp_path):
    one = session(parts=PARTS, planned=30)
    early = found(tmp_path / "10", 10, one=one)
    later = found(tmp_path / "14", 14, one=one)
    assert (later.blocks, later.left_out) == (10, 4)
    assert replace(later, left_out=0) == early
    assert [found(tmp_path / str(n), n, one=one).blocks for n in (9, 25)] == [9, 20]
    assert found(tmp_path / "before", 14).blocks == 14  # a session that does not say where it was to end


def test_where_a_session_was_to_end_it_is_looked_at_too(tmp_path):
    one = session(parts=PARTS, planned=12)
    said = [found(tmp_path / str(blocks), blocks, one=one) for blocks in (11, 12, 14, 20)]
    assert [(at.blocks, at.left_out) for at in said] == [(10, 1), (12, 0), (12, 2), (20, 0)]


def test_noise_is_the_measures_own_where_its_controls_suffice(tmp_path):
    five = session(parts=("a", "b", "c", "d", "e"))
    own = {row.measure: row.noise for row in found(tmp_path / "5", one=five).rows}
    assert own["construct"] != own["build"]
    four = session(parts=("a", "b", "c", "d"))
    shared = {row.measure: row.noise for row in found(tmp_path / "4", one=four).rows}
    assert shared["construct"] == shared["build"]


def test_the_family_is_judged_as_a_whole(tmp_path, monkeypatch):
    families = []

    def judge(family, **more):
        families.append(dict(family))
        return dict.fromkeys(family, Answer.NO_EVIDENCE)

    monkeypatch.setattr("nestbench.timing.answers.judge", judge)
    found(tmp_path, blocks=10)
    assert [len(family) for family in families] == [6]


def test_an_arm_that_is_none(tmp_path):
    one = session()
    with pytest.raises(ValueError, match="no arm nobody"):
        answers(one, frame_of(tmp_path, one, 5), [("a", "nobody")])


def test_steps_lead_from_each_arm_to_the_next_and_from_end_to_end():
    assert steps(session().arms) == [("a", "b")]
    three = session(stacks=("a", "b", "c"), control="a").arms
    assert steps(three) == [("a", "b"), ("b", "c"), ("a", "c")]
    assert steps(session(stacks=("a",), control="a").arms) == []


@pytest.mark.parametrize(
    ("blocks", "place"), [(0, 0), (9, 0), (10, 0), (19, 0), (20, 1), (29, 1), (30, 2), (99, 2)]
)
def test_look_at(blocks, place):
    assert look_at(blocks) == place
