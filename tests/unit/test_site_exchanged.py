"""Files saved on one stack and loaded on another, as the pages say which of them do not come back equal."""

import json

import html5lib
import pytest
from site_stage import HOSTILE, pages, source_in

from nestbench.portability import Loaded, Loads
from nestbench.portability import Shelf as PortabilityShelf
from nestbench.site import Folder, build

XHTML = "{http://www.w3.org/1999/xhtml}"
CASES = ("history", "a-case[owner=model,kind=list]", "a-case[owner=layer,kind=list]", HOSTILE)


def exchanged(folder, found):
    """The site where loader and saver say so of the weights files of CASES, in letters."""
    words = {"=": "equal", "D": "differs", "R": "refuses", "H": "timed-out", "-": "not-saved"}
    source = source_in(folder)
    for loader, savers in found.items():
        said = {
            case: {
                saver: {"weights": Loaded(result=words[letters[place]])} for saver, letters in savers.items()
            }
            for place, case in enumerate(CASES)
        }
        PortabilityShelf(root=folder / "results" / "portability").save(
            Loads(stack=loader, basis="basis", found=said)
        )
    return build(source, Folder(root=folder / "site")).index.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    both = {"tf2.14": "====", "tf2.16": "D=RH"}
    return exchanged(tmp_path_factory.mktemp("exchanged"), {"tf2.14": both, "tf2.16": {"tf2.14": "RRRR"}})


def data(site):
    return json.loads((site / "data" / "exchange.js").read_text().partition("= ")[2].rstrip(";\n"))


def test_a_square_that_is_not_all_equal_leads_to_its_cases(site):
    page = html5lib.parse((site / "portability.html").read_text())
    rows = {
        anchor.get("id"): ["".join(cell.itertext()).strip() for cell in row]
        for row in page.iter(f"{XHTML}tr")
        for anchor in row.iter(f"{XHTML}span")
    }
    assert rows["_weights.tf2.16@tf2.14"] == [
        "tf2.16", "tf2.14", "history", f"raises an error: a-case[owner=layer,kind=list]; hangs: {HOSTILE}",
    ]  # fmt: skip
    assert rows["_weights.tf2.14@tf2.16"] == ["tf2.14", "tf2.16", "", "raise an error: all 4"]
    assert set(rows) == {"_weights.tf2.16@tf2.14", "_weights.tf2.14@tf2.16"}
    leads = {one.get("href") for one in page.iter(f"{XHTML}a")}
    assert {f"#{anchor}" for anchor in rows} < leads
    assert {"#history", "#a-case.owner-layer.kind-list", "#_case-3"} < leads


def test_every_pair_says_in_words_what_came_back(site):
    found = data(site)
    title, words, silent, anchor = found["pairs"]["tf2.16"]["tf2.14"][0]
    assert (title, anchor) == ("Weights files", "_weights.tf2.16@tf2.14")
    said = "4 files: 1 comes back equal, 1 is silently different, 1 raises an error and 1 hangs"
    assert found["words"][words] == said
    assert [found["cases"][place] for place in silent] == [["history", "history"]]
    _, words, silent, anchor = found["pairs"]["tf2.14"]["tf2.14"][0]
    assert (found["words"][words], silent, anchor) == ("4 files: all come back equal", [], "")
    _, words, _, anchor = found["pairs"]["tf2.14"]["tf2.16"][1]
    assert (found["words"][words], anchor) == ("none was saved, or they do not exist there", "")


def test_the_page_of_a_case_says_what_became_of_its_files(site):
    page = (site / "cases" / "history.html").read_text()
    assert 'href="../portability.html#history"' in page
    assert (
        "<li>Weights files, 3 files: 1 comes back equal, 1 is silently different and 1 raises an error.</li>"
        in page
    )
    assert "Saved on one stack" not in (site / "cases" / "grows.html").read_text()


def test_a_stack_that_exchanged_none_names_those_beside_it(site):
    savers, loaders = data(site)["near"]
    assert savers["tf2.15"] == loaders["tf2.15"] == ["tf2.14", "tf2.16"]
    assert savers["tf2.14"] == ["tf2.14"]
    assert savers["keras3.15"] == []


def test_what_is_hostile_in_the_name_of_an_exchanged_case_is_text(site):
    for name, text in pages(site).items():
        assert "<img src=x" not in text, name
    assert (site / "data" / "exchange.js").read_text().count(HOSTILE) == 1
