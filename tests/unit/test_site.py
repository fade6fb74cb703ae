"""The site as files: whole, the same bytes, valid HTML, links that lead somewhere, text that stays text."""

import csv
import json
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import html5lib
import pytest
from growth_stage import counts, keras_3, stack_counts
from site_stage import HOSTILE, STACKS, pages, site_in, source_in, table, tried_again
from timing_stage import fill
from timing_stage import session as timing_session

from nestbench.catalogue import load_catalogue
from nestbench.errors import GroundError
from nestbench.gate import Baseline, Baselines
from nestbench.gate.facts import facts_of
from nestbench.growth import Shelf as GrowthShelf
from nestbench.report import Query, make_grid, to_csv
from nestbench.site import Folder, build
from nestbench.store.seal import sealed
from nestbench.timing import Shelf as TimingShelf

XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return site_in(tmp_path_factory.mktemp("staged"))


def parsed(text):
    return html5lib.HTMLParser(strict=True).parse(text)


def elements(text, tag=None):
    return [one for one in parsed(text).iter() if tag is None or one.tag == XHTML + tag]


def squares(site):
    """By row and stack, the text of each square of the matrix."""
    found = {}
    for cell in elements((site / "index.html").read_text(), "td"):
        if "id" in cell.attrib:
            row, _, stack = cell.attrib["id"].rpartition("@")
            found[row, stack] = "".join(cell.itertext())
    return found


def test_every_page_is_there_and_valid(site):
    found = pages(site)
    assert {"index.html", "upgrade.html", "claims.html", "stacks.html", "portability.html"} < found.keys()
    assert {"growth.html", "downloads.html", "about.html", "cases/a-case.html"} < found.keys()
    assert {f"stacks/{stack}.html" for stack in STACKS} < found.keys()
    for name, text in found.items():
        ids = [one.attrib["id"] for one in elements(text) if "id" in one.attrib]
        assert len(ids) == len(set(ids)), name


def test_a_stack_says_what_is_known_to_be_vulnerable_in_it(site):
    def text(name):
        return " ".join("".join(parsed((site / name).read_text()).itertext()).split())

    old = text("stacks/tf2.14.html")
    assert "keras 2.14.0, fixed from 3.15.1 on: CVE-2026-1462" in old
    assert "None is listed" in text("stacks/keras3.15.html")
    assert "yes, fixed from keras 3.15.1" in text("stacks.html")
    assert "none listed as of" in text("stacks.html")


def test_every_link_and_anchor_leads_somewhere_here(site):
    texts = pages(site)
    ids = {name: {one.attrib.get("id") for one in elements(text)} for name, text in texts.items()}
    inside = 0
    for name, text in texts.items():
        for one in elements(text):
            for attribute in ("href", "src", "action"):
                address = urlsplit(one.attrib.get(attribute, ""))
                if attribute not in one.attrib or address.scheme in {"http", "https"}:
                    assert attribute == "href" or not address.scheme, "nothing is loaded from elsewhere"
                    continue
                assert not address.scheme, one.attrib
                target = site / name if not address.path else (site / name).parent / unquote(address.path)
                assert target.is_file(), (name, one.attrib)
                inside += 1
                if address.fragment:
                    page = target.resolve().relative_to(site.resolve()).as_posix()
                    assert unquote(address.fragment) in ids[page], (name, one.attrib)
    assert inside > 100


def test_what_is_hostile_is_text(site):
    for name, text in pages(site).items():
        assert "<script>document.title" not in text, name
        assert "<img src=x" not in text, name
        assert not [one for one in elements(text) if "onerror" in one.attrib], name
        assert 'href="javascript:' not in text, name
    page = (site / "cases" / "hostile-case.html").read_text()
    shown = "".join("".join(one.itertext()) for one in elements(page, "main"))
    assert shown.count(HOSTILE) >= 6, "title, source, sources, exception, warning and variable"


def test_the_matrix_says_what_the_table_says(site, tmp_path):
    source = source_in(tmp_path)
    results = [one for entry in source.entries for of in source.results(entry).values() for one in of]
    grid = make_grid(results, Query())
    shown = squares(site)
    assert len(shown) == len(grid.rows) * len(STACKS)
    assert shown["a-case.owner-layer.kind-list", "tf2.15"] == "✓ ok"
    assert shown["a-case.owner-layer.kind-list", "tf2.16"] == "▲ err"
    assert shown["a-case.owner-model.kind-dict", "keras3.15"] == "✗ C"
    table = csv.DictReader(to_csv(grid).splitlines())
    assert {name for row in table for name in row} >= set(STACKS)


def test_what_is_not_measured_is_said_to_be_so(tmp_path):
    site = site_in(tmp_path, leave_out=lambda stack, cell: (stack, cell.case.id) == ("tf2.16", "a-case"))
    shown = squares(site)
    assert shown["a-case.owner-layer.kind-list", "tf2.16"] == "·"
    assert shown["a-case.owner-layer.kind-list", "keras3.15"] == "▲ err"
    front = (site / "index.html").read_text()
    assert "32 of 36 cells are measured" in front
    assert "Not measured at all" in front
    assert "Not measured: tf2.16." in (site / "cases" / "a-case.html").read_text()


def test_what_a_second_try_contradicts_is_unstable_and_nothing_else_is(tmp_path):
    source = source_in(tmp_path)
    tried_again(source, "tf2.16", "history", says="tracked")  # uncounted at first
    tried_again(source, "tf2.15", "history", says="uncounted")  # the same again
    site = build(source, Folder(root=tmp_path / "site")).index.parent
    shown = squares(site)
    assert shown["history", "tf2.16"] == "⇄ flips"
    assert shown["history", "tf2.15"] == "✗ C"
    assert sum(text == "⇄ flips" for text in shown.values()) == 1
    front = (site / "index.html").read_text()
    assert "1 of them said something else when they were tried again (unstable)" in front
    assert 'name="verdict" value="unstable"' in front
    page = (site / "cases" / "history.html").read_text()
    assert "<strong>Unstable</strong> on tf2.16" in page
    assert "call uncounted -&gt; tracked" in page
    assert "1 said something else" in (site / "stacks" / "tf2.16.html").read_text()
    rows = {(row["case"], row["stack"], row["entry"]): row for row in table(site, "cells.csv.gz")}
    assert "counted 30 -> 50" in rows["history", "tf2.16", "call"]["second_try"]
    assert rows["history", "tf2.15", "call"]["second_try"] == ""
    data = json.loads((site / "data" / "behaviours.js").read_text().partition("= ")[2].rstrip(";\n"))
    assert [(data["rows"][row]["row"], data["stacks"][stack]) for row, stack in data["unstable"]] == [
        ("history", "tf2.16")
    ]


DEVIATION = """schema = 1

[[deviation]]
stack = "tf2.*"
case = "history"
deviates = { call = "uncounted", counted = "*" }
reason = "Known since the upgrade of the lock."
until = 2027-03-31
"""


def test_a_known_deviation_is_marked_where_a_cell_deviates_and_only_there(tmp_path):
    source = source_in(tmp_path)
    for stack, call in (("tf2.15", {"call": "tracked", "counted": 50}), ("tf2.16", {})):
        facts = next(
            facts_of(one) for one in source.results(source.catalogue.get("history"))[stack]
        )  # what is accepted of tf2.16 is what is measured there
        Baselines(root=tmp_path / "results" / "accepted").save(
            Baseline(stack=stack, cells={"history": {**facts, **call}})
        )
    (tmp_path / "results" / "accepted" / "deviations.toml").write_text(DEVIATION)
    shown = squares(build(source, Folder(root=tmp_path / "site")).index.parent)
    assert shown["history", "tf2.15"] == "✗ C≈"
    assert shown["history", "tf2.16"] == "✗ C"
    page = (tmp_path / "site" / "cases" / "history.html").read_text()
    assert "a known deviation: Known since the upgrade of the lock. (until 2027-03-31)" in page


def test_where_a_case_is_ok_and_a_checkpoint_gives_nothing_back_its_square_says_so(tmp_path):
    source = source_in(tmp_path, says=lambda stack, _: "tracked" if stack == "tf2.15" else "lossy")
    site = build(source, Folder(root=tmp_path / "site")).index.parent
    shown = squares(site)
    assert (shown["history", "tf2.15"], shown["history", "tf2.16"]) == ("✓ ok", "✓ ok†")
    assert "tracked; not all comes back from a TF checkpoint" in (site / "cases" / "history.html").read_text()
    lost = "(9 of them do not come back whole from the model file or a TF checkpoint)"
    assert lost in (site / "index.html").read_text()


def test_results_of_another_lock_than_the_stacks_record_names_are_marked(tmp_path):
    source = source_in(tmp_path)
    facts = source.store.load_stack("tf2.15")
    source.store.save_stack(replace(facts, lock="0" * 64))
    site = build(source, Folder(root=tmp_path / "site")).index.parent
    said = "9 of 9 cells were measured with another lock than the one that _stack.json names"
    assert f"tf2.15: {said}" in (site / "index.html").read_text()
    assert f"<strong>In doubt.</strong> {said}" in (site / "stacks" / "tf2.15.html").read_text()
    for stack in {*STACKS} - {"tf2.15"}:
        assert "In doubt" not in (site / "stacks" / f"{stack}.html").read_text()


def test_results_of_a_variant_that_the_catalogue_does_not_have_are_named_on_the_page(tmp_path):
    source = source_in(tmp_path)
    path = source.store.path("tf2.15", "a-case")
    data = json.loads(path.read_text())
    del data["seal"]
    data["observations"].append({**data["observations"][0], "variant": {"owner": "nobody"}})
    path.write_text(sealed(json.dumps(data, indent=1) + "\n"))
    built = build(source, Folder(root=tmp_path / "site"))
    said = "Left out: 1 observation of variants that the catalogue does not have, of 1 case (a-case)."
    assert said in built.notes
    assert said in built.index.read_text()


def test_the_same_results_give_the_same_bytes(site, tmp_path):
    other = site_in(tmp_path)
    files = {path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    again = {path.relative_to(other): path.read_bytes() for path in other.rglob("*") if path.is_file()}
    assert files.keys() == again.keys()
    assert [name for name, content in files.items() if again[name] != content] == []


def test_a_claim_is_told_with_what_decided(site):
    front, page = (site / "index.html").read_text(), (site / "claims.html").read_text()
    assert "depends on the version" in front
    assert "held on tf2.14, tf2.15 (2 stacks)" in page
    assert "REFUTED on" in page


def test_a_claim_names_the_stacks_that_it_does_not_speak_of(tmp_path):
    page = (site_in(tmp_path, stacks=("tf2.15", "keras2.3")) / "claims.html").read_text()
    said = "<li>does not speak of keras2.3 (1 stack): it says nothing of multi-backend Keras 2</li>"
    assert page.count(said) == 2


def test_stacks_that_the_matrix_does_not_have_get_a_block_of_their_own(tmp_path):
    site = site_in(tmp_path, stacks=("tf2.15", "here-tf2.15"))
    front = (site / "index.html").read_text()
    assert "Measured elsewhere" in front
    assert "Of no stack of the matrix, and shown all the same: here-tf2.15." in front
    assert ("history", "here-tf2.15") in squares(site)
    assert (site / "stacks" / "here-tf2.15.html").is_file()


def test_results_of_no_known_case_are_named_on_the_page(tmp_path):
    source = source_in(tmp_path)
    path = source.store.path("tf2.15", "history")
    path.with_name("gone-case.json").write_text(path.read_text())
    built = build(source, Folder(root=tmp_path / "site"))
    assert any("gone-case" in note for note in built.notes)
    assert "gone-case" in built.index.read_text()


def contradicting(text):
    data = json.loads(text)
    del data["seal"]
    data["observations"].append({**data["observations"][0], "variables": []})
    return sealed(json.dumps(data, indent=1) + "\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is broken"),
        ('{"schema": 99}', "has schema 99"),
        ("\xff\xfe", "is broken"),
        (
            lambda text: text.replace('"observations": [', '"observations": [\n  {"case": "history"},'),
            "is broken",
        ),
        (contradicting, "two observations of one cell"),
    ],
)
def test_broken_results_leave_the_old_site_as_it_is(tmp_path, text, says):
    site = site_in(tmp_path)
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    source = source_in(tmp_path)
    path = source.store.path("tf2.15", "history")
    path.write_text(text(path.read_text()) if callable(text) else text)
    with pytest.raises(GroundError, match=says):
        build(source, Folder(root=site))
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_stacks_that_no_matrix_knows_alone_make_a_site(tmp_path):
    site = site_in(tmp_path, stacks=("here-a", "here-b"))
    assert ("history", "here-b") in squares(site)


def test_cases_of_ones_own_in_a_file_named_as_a_shipped_one_belong_to_its_group(tmp_path):
    source = source_in(tmp_path)
    for name, case in (("zoo", "other"), ("containers", "own")):
        (tmp_path / "own").mkdir(exist_ok=True)
        text = f'@case(parameters=50)\ndef {case}(k):\n    """It is {case}."""\n'
        (tmp_path / "own" / f"{name}.py").write_text(f"from nestprobe import case\n\n{text}")
    source = replace(source, catalogue=load_catalogue([tmp_path / "cases", tmp_path / "own"], shipped=False))
    page = build(source, Folder(root=tmp_path / "site")).index.read_text()
    ids = [one.attrib["id"] for one in elements(page) if "id" in one.attrib]
    assert len(ids) == len(set(ids))


def test_every_case_of_the_catalogue_has_an_anchor_of_its_own():
    from nestbench.site.anchor import row_anchor

    every = [row_anchor(entry.id, variant) for entry in load_catalogue() for variant in entry.variants]
    assert len(every) == len(set(every))


def test_build_times_are_drawn_with_their_intervals_where_there_are_any(tmp_path):
    source = source_in(tmp_path)
    shelf = TimingShelf(root=tmp_path / "results" / "timings")
    fill(shelf, timing_session(stacks=("tf2.15", "tf2.16"), control="tf2.16", parts=("history",)), 10)
    site = build(source, Folder(root=tmp_path / "site")).index.parent
    page = (site / "cases" / "history.html").read_text()
    assert "Session made-up" in page
    assert '<th scope="col">95 %</th>' in page
    drawing = next(one for one in parsed(page).iter() if one.attrib.get("role") == "img")
    assert "build time in session made-up" in drawing.attrib["aria-label"]
    ids = [one.attrib["id"] for one in elements(page) if "id" in one.attrib]
    assert len(ids) == len(set(ids))
    assert "none was measured" in (site / "cases" / "a-case.html").read_text()


def test_growth_is_drawn_where_there_is_any(tmp_path):
    source = source_in(tmp_path)
    shelf = GrowthShelf(root=tmp_path / "results" / "growth")
    for stack in ("tf2.15", "tf2.16"):
        shelf.keep_counts(stack_counts(stack), counts(keras_3, label="grows"), None)
    site = build(source, Folder(root=tmp_path / "site")).index.parent
    for name in ("growth.html", "cases/grows.html"):
        page = (site / name).read_text()
        for title in ("grows: user calls against n", "grows: python calls against n"):
            assert f'role="img" aria-label="{title}"' in page
            assert f"<figcaption>{title}</figcaption>" in page
        ids = [one.attrib["id"] for one in elements(page) if "id" in one.attrib]
        assert len(ids) == len(set(ids)), name
    assert "tf2.16" in (site / "growth.html").read_text()


def test_growth_that_nothing_draws_is_told_as_a_table(tmp_path, monkeypatch):
    monkeypatch.setattr("nestbench.site.cost.has_matplotlib", lambda: False)
    source = source_in(tmp_path)
    shelf = GrowthShelf(root=tmp_path / "results" / "growth")
    shelf.keep_counts(stack_counts("tf2.15"), counts(keras_3, label="grows"), None)
    site = build(source, Folder(root=tmp_path / "site")).index.parent
    page = (site / "cases" / "grows.html").read_text()
    assert 'aria-label="Growth of grows"' in page
    assert "it was not measured" not in page
