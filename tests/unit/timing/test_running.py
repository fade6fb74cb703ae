"""A session under way: what is launched, when it ends, and when it may not be gone on with."""

from dataclasses import replace
from pathlib import Path

import pytest
from timing_stage import HOST, FakeLauncher, session

from nestbench.errors import UsageError
from nestbench.run.orchestrate import Prepared
from nestbench.run.workspace import BusyError, Workspace
from nestbench.timing import Part, Shelf
from nestbench.timing.blocks import in_order
from nestbench.timing.running import Timing, check_same


@pytest.fixture
def timing(tmp_path):
    def made(of, most=10):
        shelf = Shelf(root=tmp_path / "timings")
        shelf.save(of)
        python = Prepared(python=Path("python"))
        return Timing(
            session=of, shelf=shelf, workspace=Workspace(root=tmp_path),
            made={arm.stack: python for arm in of.arms}, files=[], most=most, say=lambda _text: None,
        )  # fmt: skip

    return made


def blocks_of(fake):
    return sorted({block for block, _, _ in fake.launches})


def test_blocks_are_launched_in_their_order_and_nothing_twice(timing, monkeypatch):
    fake, one = FakeLauncher().install(monkeypatch), session()
    timing(one).run()
    assert [(block, arm) for block, _, arm in fake.launches] == [
        (block, arm.name) for block in range(10) for arm in in_order(one.arms, block, one.seed)
    ]
    assert [order for _, order, _ in fake.launches] == [0, 1, 2] * 10
    timing(one).run()
    assert len(fake.launches) == 30


def test_an_interrupted_session_goes_on_with_the_block_that_was_cut(timing, monkeypatch):
    fake, one = FakeLauncher().install(monkeypatch), session()
    fake.fails_at = 17
    with pytest.raises(KeyboardInterrupt):
        timing(one).run()
    fake.fails_at = None
    whole = timing(one).run()
    assert fake.launches[:15] == sorted(fake.launches)[:15]
    assert blocks_of(fake) == list(range(10))
    cut = fake.launches[15:17]
    assert fake.launches[17:20] == [*cut, (5, 2, in_order(one.arms, 5, one.seed)[2].name)]
    assert len(fake.launches) == 2 + 30
    assert whole.blocks == 10


def test_nothing_of_a_block_that_was_cut_is_left(timing, monkeypatch):
    """Two launches of one block, hours apart, are no pair."""
    fake, one = FakeLauncher().install(monkeypatch), session()
    fake.fails_at = 4
    under_way = timing(one)
    with pytest.raises(KeyboardInterrupt):
        under_way.run()
    first = in_order(one.arms, 1, one.seed)[0].name
    assert under_way.shelf.benchmarks(one, first, 1).exists()
    fake.fails_at = 5
    with pytest.raises(KeyboardInterrupt):
        under_way.run()
    assert under_way.shelf.holds(one, first, 1)
    fake.fails_at = 5
    with pytest.raises(KeyboardInterrupt):
        under_way.run()
    assert [path.name for path in under_way.shelf.root.rglob("block-001*")] == []
    assert len(list(under_way.shelf.root.rglob("block-000*"))) == 6


def test_a_decided_session_ends_at_its_look(timing, monkeypatch):
    fake = FakeLauncher(factors={"b": 2.0, "b+control": 2.0}, cv=0.01).install(monkeypatch)
    assert timing(session(), most=30).run().undecided == 0
    assert blocks_of(fake) == list(range(10))


@pytest.mark.parametrize(("most", "looks"), [(5, [5]), (10, [10]), (15, [10, 15]), (30, [10, 20, 30])])
def test_an_undecided_session_is_looked_at_thrice_at_most(timing, monkeypatch, most, looks):
    fake = FakeLauncher(cv=0.5).install(monkeypatch)
    seen = []
    from nestbench.timing import running

    real = running.answers

    def answers(*arguments, most):
        seen.append(most)
        return real(*arguments, most=most)

    monkeypatch.setattr(running, "answers", answers)
    assert timing(session(), most=most).run().undecided > 0
    assert seen == looks
    assert blocks_of(fake) == list(range(most))


def test_an_earlier_run_that_went_further_changes_no_look(timing, monkeypatch):
    FakeLauncher(cv=0.5).install(monkeypatch)
    one = session()
    early = timing(one, most=10).run()
    timing(one, most=20).run()
    assert timing(one, most=10).run() == early


def test_two_at_once_into_one_session(timing, monkeypatch, tmp_path):
    FakeLauncher().install(monkeypatch)
    under_way = timing(session())
    with under_way.workspace.lock(under_way.shelf.root / "made-up", "timing"), pytest.raises(BusyError):
        under_way.run()


OTHER = {
    "host": ({"host": HOST | {"id": "another"}}, "host: 0123456789ab, now another"),
    "launch mode": ({"launch": "fresh"}, "launch mode: fork, now fresh"),
    "cpus": ({"cpus": (0,)}, r"processors: \(1,\), now \(0,\)"),
    "probe": ({"probe": "q"}, "another version of the probe"),
    "digest": ({"parts": (Part(case="one", digest="e"), Part(case="two", digest="d"))}, "changed cases: one"),
    "cases": ({"parts": (Part(case="one", digest="d"), Part(case="new", digest="d"))},
              "no longer chosen: two; cases chosen anew: new"),
    "order": ({"parts": session().parts[::-1]}, "another order of cases"),
    "measures": ({"measures": ("build",)}, "measures: construct, build, now build"),
    "limit": ({"limit_seconds": 5.0}, "seconds for one cell: 60.0, now 5.0"),
    "arms": ({"arms": session(control=None).arms}, r"arms: a, b, b\+control, now a, b"),
    "lock": ({"arms": tuple(replace(arm, lock="m") for arm in session().arms)}, "another lock of a"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_other_conditions_are_refused_with_the_reason(name, tmp_path):
    changed, words = OTHER[name]
    shelf = Shelf(root=tmp_path)
    shelf.save(session())
    held = shelf.load("made-up")
    with pytest.raises(UsageError, match=words) as told:
        check_same(held, replace(session(), **changed))
    assert "--session NAME" in told.value.do


def test_the_same_conditions_on_another_day_are_accepted(tmp_path):
    shelf = Shelf(root=tmp_path)
    shelf.save(session())
    other = session(began="2027-01-01", seed=9, host=HOST | {"kernel": "7.0"})
    check_same(shelf.load("made-up"), other)
