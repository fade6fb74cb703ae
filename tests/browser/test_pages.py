"""Every kind of page in a browser: no violation that axe-core finds, and hostile text stays text."""

import pytest
from site_stage import HOSTILE, pages, site_in

from nestbench.portability import Loaded, Loads
from nestbench.portability import Shelf as PortabilityShelf

KINDS = [
    "index.html", "index.html?all=1&open=tensorflow,keras,tf-keras#raw-variable-attribute@tf2.16",
    "upgrade.html?from=tf2.15&to=tf2.16", "upgrade.html?from=tf2.13&to=tf2.18&q=list&lost=1",
    "claims.html", "stacks.html", "stacks/tf2.16.html",
    "portability.html", "growth.html", "downloads.html", "about.html",
    "cases/raw-variable-attribute.html",
    "cases/nested-list-of-layers.html#nested-list-of-layers.owner-layer@tf2.16", "cases/deep-chain.html",
]  # fmt: skip

#: WCAG 2.2 AA and good practice; not preloaded, for a page that is opened from the disk cannot be asked for.
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", KINDS)
def test_axe_finds_nothing(visit, address, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(address, color_scheme=scheme, width=1600)
    # Of the matrix's many thousand squares, those of a few rows are looked at: they are all alike.
    page.evaluate(
        "document.querySelectorAll('#_matrix tbody:nth-of-type(n+4)').forEach(body => body.remove())"
    )
    found = axe.run(page, options=OPTIONS).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found] == []


@pytest.mark.parametrize("address", [one for one in KINDS if "index.html" not in one])
def test_what_is_printed_is_light_and_loses_no_column(visit, address):
    page = visit(address, width=718, color_scheme="dark")  # A4 without its margins
    page.emulate_media(media="print", color_scheme="dark")
    edges = "[...document.querySelectorAll('table')].map(table => table.getBoundingClientRect().right)"
    assert page.evaluate(f"Math.max(0, ...{edges})") <= 718
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_axe_finds_nothing_on_a_phone(visit):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for address in (
        "claims.html", "cases/raw-variable-attribute.html", "stacks/tf2.16.html", "portability.html",
        "upgrade.html?from=tf2.15&to=tf2.16&group=containers",
    ):  # fmt: skip
        found = axe.run(visit(address, width=390), options=OPTIONS).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("staged")
    said = {"tf2.15": {"weights": Loaded(result="differs")}}
    PortabilityShelf(root=folder / "results" / "portability").save(
        Loads(stack="tf2.16", basis="basis", found={HOSTILE: said, "history": {"tf2.15": {}}})
    )
    return site_in(folder)


def test_hostile_titles_exceptions_and_sources_are_text(visit, staged):
    for name in pages(staged):
        page = visit(name, of=staged)
        assert "pwned" not in page.title(), name
        assert page.locator("img[src=x]").count() == 0, name
    page = visit("cases/hostile-case.html", of=staged)
    assert HOSTILE in page.inner_text("main")
    page = visit("index.html?show=no+such+signal&all=1", of=staged)
    page.click("[id^='hostile-case'][id$='@tf2.15'] >> nth=0")
    assert "raises" in page.inner_text("#_cell")
    page = visit("upgrade.html?from=tf2.15&to=tf2.16&all=1", of=staged)
    assert HOSTILE in page.inner_text("#changes")
    assert page.locator("main script, main img").count() == 0
    assert "Weights files, 1 file: it is silently different." in page.inner_text("#files")
    page.fill("input[name=q]", "<img src=x>")
    assert "<img src=x" in page.input_value("#markdown").replace("\\", "")
    assert page.locator("main script, main img").count() == 0
    page = visit("portability.html", of=staged)
    assert page.locator("details summary", has_text=HOSTILE).is_visible()


def test_a_hostile_address_is_text(visit, staged):
    page = visit("upgrade.html?from=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&to=tf2.15", of=staged)
    assert page.locator("main img").count() == 0
    page = visit(
        "index.html?q=%3Cscript%3Ealert(1)%3C/script%3E&stack=nothing&open=nothing#%3Cimg%3E", of=staged
    )
    assert page.locator("main img").count() == 0
    assert page.is_visible("#_found")


def test_where_a_script_is_missing_the_matrix_is_read_as_without_scripts(browser, tmp_path):
    site = site_in(tmp_path)
    (site / "assets" / "matrix.js").unlink()
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    assert page.is_hidden("#_controls")
    assert page.is_visible("[id='history@keras3.15']")
    page.close()
