"""What of a site is taken away: tables as CSV, JSON and Parquet, and badges."""

import json

import pytest
from growth_stage import counts, keras_3, stack_counts, times
from site_stage import digests_of, observed, says_of, site_in, source_in, table
from timing_stage import fill
from timing_stage import session as timing_session

from nestbench.growth import Part
from nestbench.growth import Shelf as GrowthShelf
from nestbench.portability import Loaded, Loads
from nestbench.portability import Shelf as PortabilityShelf
from nestbench.site import Folder, build
from nestbench.site.download import TABLES
from nestbench.timing import Shelf as TimingShelf
from nestprobe.observation import ModelRecord, PhaseRecord


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return site_in(tmp_path_factory.mktemp("site"))


def test_downloads_agree_with_each_other_and_with_their_dictionary(site):
    pandas = pytest.importorskip("pandas")
    data = site / "data"
    dictionary = json.loads((data / "dictionary.json").read_text())
    page = (site / "downloads.html").read_text()
    for one in TABLES:
        csv_name, json_name, parquet = dictionary[one.name]["files"]
        assert all(f'href="data/{name}"' in page for name in (csv_name, json_name, parquet))
        rows, frame = table(site, json_name), pandas.read_parquet(data / parquet)
        read = pandas.read_csv(data / csv_name)
        assert len(rows) == len(read) == len(frame) == dictionary[one.name]["rows"], one.name
        columns = list(dictionary[one.name]["columns"])
        assert columns == list(read.columns) == list(frame.columns)
        assert {tuple(row) for row in rows} <= {tuple(columns)}
        assert frame.astype(object).where(frame.notna(), None).to_dict("records") == rows
    empty = {name for name, one in dictionary.items() if one["rows"] == 0}
    assert empty == {"portability", "timings", "growth"}
    assert page.count("nothing of it is measured beside these results") == len(empty)
    cells = [one for one in table(site, "cells.json.gz") if one["stack"] == "tf2.16"]
    one = next(row for row in cells if row["variant"] == "owner=model,kind=list" and row["entry"] == "call")
    assert (one["verdict"], one["counted"], one["expected"]) == ("uncounted", 30, 50)
    assert (one["count_after_call"], one["python_calls"]) == (30, 100)


def test_what_is_measured_beside_the_cells_is_taken_away_too(tmp_path):
    source = source_in(tmp_path)
    fill(
        TimingShelf(root=tmp_path / "results" / "timings"),
        timing_session(stacks=("tf2.15", "tf2.16"), control="tf2.16", parts=("a-case[owner=model]",)),
        10,
    )
    GrowthShelf(root=tmp_path / "results" / "growth").keep_counts(
        stack_counts("tf2.15"), counts(keras_3, label="grows"), None
    )
    refused = Loaded(result="refuses", detail="ValueError: no", warnings=("one", "two"))
    found = {"a-case[owner=model]": {"tf2.16": {"weights": Loaded(result="equal"), "model": refused}}}
    PortabilityShelf(root=tmp_path / "results" / "portability").save(
        Loads(stack="tf2.15", basis="basis", found=found)
    )
    site = build(source, Folder(root=tmp_path / "site")).index.parent
    equal, refuses = table(site, "portability.json")
    assert (equal["case"], equal["variant"], equal["result"]) == ("a-case", "owner=model", "equal")
    seen = ["model", "tf2.16", "tf2.15", "refuses", "ValueError: no", "one | two"]
    assert list(refuses.values())[2:] == seen
    times = table(site, "timings.json")
    assert {(one["case"], one["before"], one["after"]) for one in times} == {("a-case", "tf2.15", "tf2.16")}
    assert all(one["low"] <= one["ratio"] <= one["high"] for one in times)
    assert {one["trusted"] for one in times} == {True}
    users = [one for one in table(site, "growth.csv") if one["quantity"] == "user calls"]
    assert {(one["stack"], one["exponential"]) for one in users if one["exponent"]} == {("tf2.15", "False")}
    page = (site / "downloads.html").read_text()
    assert "nothing of it is measured" not in page


def test_the_seconds_of_the_smallest_and_of_the_largest_size_stand_beside_the_power(tmp_path):
    source = source_in(tmp_path)
    shelf = GrowthShelf(root=tmp_path / "results" / "growth")
    shelf.keep_times("tf2.15", times(lambda n: [0.25 * n] * 3, label="grows"), {"id": "here"})
    site = build(source, Folder(root=tmp_path / "site")).index.parent
    for name in ("growth.html", "cases/grows.html"):
        assert (site / name).read_text().count("<td>0.25 to 32 s (n=1 to 128)</td>") == len(Part), name
    rows = [one for one in table(site, "growth.json") if one["quantity"] == "seconds"]
    assert {(one["at_smallest"], one["at_largest"]) for one in rows} == {(0.25, 32.0)}


def test_a_build_of_nothing_is_no_speed(tmp_path):
    source = source_in(tmp_path)
    (cell,) = (one for one in source.catalogue.cells(["tf2.16"]) if one.case.id == "history")
    seen = observed(cell, says="uncounted")
    seen.phases["built"] = PhaseRecord("done", model=ModelRecord(count_params=0))
    source.store.add("tf2.16", digests_of(cell, source.matrix), seen)
    fill(
        TimingShelf(root=tmp_path / "results" / "timings"),
        timing_session(stacks=("tf2.15", "tf2.16"), control="tf2.16", parts=("history",)),
        20,
        factors={"tf2.16": 0.01, "tf2.16+control": 0.01},
    )
    site = build(source, Folder(root=tmp_path / "site")).index.parent
    told = {one["measure"]: one["answer"] for one in table(site, "timings.json")}
    assert told == {"construct": "faster", "build": "builds nothing on tf2.16"}
    page = (site / "cases" / "history.html").read_text()
    assert "<td>builds nothing on tf2.16</td>" in page
    assert "Hodges-Lehmann" in page


@pytest.mark.parametrize(
    ("control", "factors", "said"), [("tf2.16", {"tf2.16+control": 3.0}, "False"), (None, {}, "")]
)
def test_times_that_are_not_to_be_trusted_say_so_where_they_are_taken_away(tmp_path, control, factors, said):
    of = timing_session(stacks=("tf2.15", "tf2.16"), control=control, parts=("a-case[owner=model]",))
    fill(TimingShelf(root=tmp_path / "results" / "timings"), of, 10, factors=factors)
    site = build(source_in(tmp_path), Folder(root=tmp_path / "site")).index.parent
    times = table(site, "timings.csv")
    assert {one["trusted"] for one in times} == {said}
    assert all(bool(one["noise"]) is bool(control) for one in times)


def test_badges_say_what_the_pages_say(site):
    badge = (site / "badges" / "stacks" / "tf2.15.svg").read_text()
    assert "nested layers on tf2.15" in badge
    assert "5/9 safe" in badge
    assert "safe on 2 of 4 stacks" in (site / "badges" / "cases" / "a-case.svg").read_text()


def test_what_another_file_loses_is_safe_nowhere(tmp_path):
    def says(stack, cell):
        return "lossy" if cell.case.id == "grows" else says_of(stack, cell)

    site = site_in(tmp_path, says=says)
    assert "4/9 safe" in (site / "badges" / "stacks" / "tf2.15.svg").read_text()
    assert "safe on 0 of 4 stacks" in (site / "badges" / "cases" / "grows.svg").read_text()
    said = "4 are safe of the 9 case variants that were judged here, 1 is tracked and does"
    assert said in (site / "stacks" / "tf2.15.html").read_text()
    cells = '<td class="number">4</td><td class="number">1</td><td class="number">1</td>'
    assert cells in (site / "stacks.html").read_text()


def test_no_badge_is_good_where_something_is_not_measured(tmp_path):
    site = site_in(
        tmp_path, leave_out=lambda stack, cell: stack == "tf2.15" and cell.variant.names.get("kind") == "dict"
    )
    badge = (site / "badges" / "stacks" / "tf2.15.svg").read_text()
    assert "safe, 2 not measured" in badge
    assert "safe on 1 of 4 stacks" in (site / "badges" / "cases" / "a-case.svg").read_text()
    assert "2 were not measured" not in (site / "index.html").read_text()  # of the newest, all are
    other = site_in(
        tmp_path / "other", leave_out=lambda stack, cell: stack == "tf2.16" and cell.case.id == "grows"
    )
    assert "1 was not measured" in (other / "index.html").read_text()
