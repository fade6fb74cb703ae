"""A pair of stacks in a browser: what `nestbench compare` says, as a table and as Markdown."""

from pathlib import Path

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.changes.pairing import Direction, pairings
from nestbench.frames import collect
from nestbench.store import Store

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


def compared(before, after):
    """Labels by what they do, ranked, as the command has them."""
    store, catalogue = Store(PUBLISHED), load_catalogue()
    found = pairings(*(collect(store, catalogue.cells([one])) for one in (before, after)))
    changed = [one for one in found if one.change is not None]
    return {way: [one.label for one in changed if one.change.direction is way] for way in Direction}


@pytest.mark.parametrize(
    ("before", "after"),
    [("tf2.15", "tf2.16"), ("keras3.15", "tf2.0"), ("keras3.15", "keras3.15-jax")],
)
def test_a_pair_says_what_the_command_says(visit, before, after):
    page = visit(f"upgrade.html?from={before}&to={after}")
    expected = compared(before, after)
    titles = {
        "Gets worse": Direction.WORSE,
        "Other trouble": Direction.OTHER,
        "Gets better": Direction.BETTER,
    }
    for title, way in titles.items():
        section = page.locator("section", has=page.locator("h2", has_text=title))
        shown = section.locator("tbody th").all_inner_texts() if expected[way] else []
        assert shown == expected[way]
    words = {"worse": Direction.WORSE, "better": Direction.BETTER, "other trouble": Direction.OTHER}
    numbers = [f"{len(expected[way])} {word}" for word, way in words.items()]
    assert ", ".join(numbers) in page.inner_text("#said")


def test_markdown_for_a_release_note(visit):
    page = visit("upgrade.html?from=tf2.15&to=tf2.16")
    note = page.input_value("#markdown")
    assert note.startswith("## From tf2.15 to tf2.16: nested layers")
    worse = compared("tf2.15", "tf2.16")[Direction.WORSE]
    assert note.count("\n- ") >= len(worse)
    assert (
        f"**{worse[0].replace('[', chr(92) + '[').replace(']', chr(92) + ']').replace('_', chr(92) + '_')}**"
        in note
    )


def test_switching_the_pair_changes_the_address_and_back_brings_it_back(visit):
    page = visit("upgrade.html?from=tf2.15&to=tf2.16")
    said = page.inner_text("#said")
    page.select_option("select[name=to]", "tf2.21")
    assert "to tf2.21" in page.inner_text("#said")
    assert page.url.endswith("?from=tf2.15&to=tf2.21")
    page.click("#swap")
    assert "From tf2.21 to tf2.15" in page.inner_text("#said")
    page.go_back()
    page.go_back()
    assert page.inner_text("#said") == said


def test_the_front_page_asks_for_a_pair(visit):
    page = visit("index.html")
    page.select_option("select[name=from]", "tf2.10")
    page.select_option("select[name=to]", "keras3.0")
    page.click("text=Show what changes")
    page.wait_for_selector("#changes section")
    assert "From tf2.10 to keras3.0" in page.inner_text("#said")


def test_a_pair_that_is_none_is_said_to_be_none(visit):
    page = visit("upgrade.html?from=tf2.15&to=tf2.15")
    assert "not compared with itself" in page.inner_text("#said")
    assert page.title().startswith("From tf2.15 to tf2.15")
    page = visit("upgrade.html?from=tf9.9&to=tf2.15")
    assert "There is no stack tf9.9" in page.inner_text("#said")


def test_without_scripts_it_leads_to_what_changed_release_by_release(visit):
    page = visit("upgrade.html", java_script_enabled=False)
    page.click("a:text-is('tf2.16')")
    assert page.locator("#changes").is_visible()
    assert page.locator("td.way.worse").count() > 10
