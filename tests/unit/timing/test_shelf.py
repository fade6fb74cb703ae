"""Sessions on disk: what is written is read again, and what is damaged is told."""

import gzip
import json
import os
from dataclasses import replace

import pytest
from timing_stage import fill, launched, made_up, session, written

from nestbench.errors import IncompleteError, UsageError
from nestbench.given import LARGEST
from nestbench.store.disk import StoreError, read_text, write_text
from nestbench.timing import Part, Shelf
from nestbench.timing.record import Ended
from nestbench.timing.samples import samples


@pytest.fixture
def shelf(tmp_path):
    return Shelf(root=tmp_path)


def test_a_session_comes_back(shelf):
    one = session(launch="fresh", cpus=(0, 3))
    shelf.save(one)
    assert shelf.load("made-up") == one
    other = session(parts=("x",), name="other", control=None)
    shelf.save(other)
    assert shelf.load("other") == other
    assert shelf.names() == ["made-up", "other"]


def test_a_case_may_be_called_as_a_function_may(shelf):
    parts = (Part(case="MyCase", variant={"größe": "x"}, digest="d"), Part(case="über", digest="d"))
    shelf.save(replace(session(), parts=parts))
    assert [part.label for part in shelf.load("made-up").parts] == ["MyCase[größe=x]", "über"]


def test_a_launch_comes_back(shelf):
    one = session()
    ended = {("two", "build"): Ended(kind="raises", detail="ValueError: no")}
    memory = {"one": {"began": 100, "peak": 300}}
    kept = launched(one, "b+control", 7, 2, ended=ended, memory=memory)
    shelf.save(one)
    assert not shelf.holds(one, "b+control", 7)
    shelf.keep(one, kept, written({("one", "build"): [0.1]}))
    assert shelf.holds(one, "b+control", 7)
    assert list(shelf.launched(one)) == [(kept, shelf.benchmarks(one, "b+control", 7))]
    assert shelf.benchmarks(one, "b+control", 7).exists()
    shelf.keep(one, launched(one, "a", 0), None)
    assert not shelf.benchmarks(one, "a", 0).exists()


def test_a_launch_has_a_line_for_each_part(shelf):
    one = session(parts=("one", "two", "three"))
    fill(shelf, one, 1, memory={"a": {"one": {"began": 1, "peak": 2}}})
    text = (shelf.root / "made-up" / "a" / "block-000.launch.json").read_text()
    assert sum('{"construct": ' in line for line in text.splitlines()) == 3
    assert json.loads(text)["schema"] == 1


def test_the_last_session_is_the_one_begun_last(shelf):
    for name, began in (("z", "2026-01-02"), ("a", "2026-01-03"), ("m", "2026-01-03")):
        shelf.save(session(name=name, began=began))
    times = {"a": 2_000_000_000, "m": 1_900_000_000}
    for name, when in times.items():
        os.utime(shelf.root / name / "session.json", (when, when))
    assert shelf.names() == ["z", "m", "a"]
    assert shelf.last().name == "a"


def test_no_session_and_an_unknown_one(shelf):
    with pytest.raises(IncompleteError, match="There is no timing session"):
        shelf.last()
    shelf.save(session())
    with pytest.raises(UsageError, match="Did you mean 'made-up'"):
        shelf.load("made-upp")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[: len(text) // 2], "is broken"),
        (
            lambda text: text.replace('"schema": 1', '"schema": 2'),
            "has schema 2; this nestbench reads up to 1",
        ),
        (lambda text: text.replace('"schema"', '"unheard-of": 1, "schema"'), "is broken"),
        (lambda _: "[]", "is broken"),
        (lambda _: "", "is broken"),
    ],
)
def test_a_damaged_record_is_told_by_its_path(shelf, damage, words):
    one = session()
    fill(shelf, one, 1)
    for path, read in (
        (shelf.root / "made-up" / "a" / "block-000.launch.json", lambda: list(shelf.launched(one))),
        (shelf.root / "made-up" / "session.json", lambda: shelf.load("made-up")),
    ):
        path.write_text(damage(path.read_text()))
        with pytest.raises(StoreError, match=words) as told:
            read()
        assert str(path) in told.value.what
        assert told.value.do


def test_a_broken_session_costs_no_other(shelf):
    shelf.save(session())
    (shelf.root / "broken").mkdir()
    (shelf.root / "broken" / "session.json").write_text("{")
    assert shelf.has("made-up")
    assert shelf.has("broken")
    assert not shelf.has("new")
    with pytest.raises(StoreError, match="broken"):
        shelf.last()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"benchmarks": [{"fullname": 1}]}', '{"benchmarks": 1}']
)
def test_a_benchmarks_file_that_is_none(shelf, text):
    one = session()
    fill(shelf, one, 1)
    path = shelf.benchmarks(one, "b", 0)
    write_text(path, text)
    with pytest.raises(StoreError, match="is not what pytest-benchmark writes") as told:
        samples(shelf, one)
    assert str(path) in told.value.what


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-9], "cannot be unpacked"),
        (lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], "cannot be unpacked"),
        (lambda data: b"{}", "cannot be unpacked"),
        (lambda data: gzip.compress(b"\xff"), "is not text"),
        (lambda data: gzip.compress(bytes(LARGEST + 1)), "could not be read"),
    ],
)
def test_a_damaged_archive_is_told_and_never_believed(shelf, damage, words):
    one = session()
    fill(shelf, one, 1)
    path = shelf.benchmarks(one, "b", 0)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StoreError, match=words) as told:
        samples(shelf, one)
    assert str(path) in told.value.what
    assert told.value.do


def test_what_pytest_benchmark_wrote_comes_out_as_it_was(shelf, tmp_path):
    one = session()
    shelf.save(one)
    text = written({("one", "build"): [0.1, 0.2]})
    shelf.keep(one, launched(one, "b+control", 7), text)
    shelf.keep(one, launched(one, "a", 0), None)
    assert shelf.export(one, tmp_path / "out") == [tmp_path / "out" / "b+control" / "block-007.json"]
    assert (tmp_path / "out" / "b+control" / "block-007.json").read_text() == text


def test_the_same_launch_is_kept_as_the_same_bytes(shelf, tmp_path):
    other = Shelf(root=tmp_path / "other")
    for each in (shelf, other):
        fill(each, session(), 1)
    first, second = (each.benchmarks(session(), "a", 0) for each in (shelf, other))
    assert first.suffix == ".gz"
    assert first.read_bytes() == second.read_bytes()


def test_a_session_that_is_not_packed_is_read_and_gone_on_with(shelf, tmp_path):
    one = session()
    fill(shelf, one, 2)
    packed = samples(shelf, one)
    for path in (shelf.root / "made-up").glob("*/*.gz"):
        write_text(path.with_suffix(""), read_text(path))
        path.unlink()
    assert samples(shelf, one).equals(packed)
    assert len(shelf.export(one, tmp_path / "out")) == 6
    kept, _ = made_up(one, "b", 1)
    shelf.keep(
        one, kept, written({(part, measure): [9.0] for part in ("one", "two") for measure in one.measures})
    )
    frame = samples(shelf, one)
    again = (frame["arm"] == "b") & (frame["block"] == 1)
    assert (frame[again]["seconds"] == 9.0).all()
    assert (frame[~again]["seconds"] < 1.0).all()


def test_times_that_are_gone_are_no_gap(shelf):
    one = session()
    fill(shelf, one, 2)
    shelf.benchmarks(one, "b", 1).unlink()
    with pytest.raises(StoreError, match="does not hold construct of one") as told:
        samples(shelf, one)
    assert "block-001.launch.json" in told.value.do
    kept, text = made_up(one, "b", 1)
    shelf.keep(one, kept, text)
    assert samples(shelf, one)["seconds"].notna().all()
