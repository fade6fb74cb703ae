"""A pair of stacks in a browser: what `nestbench compare` says, as a table and as Markdown."""

import re
from pathlib import Path

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.changes.pairing import Direction, pairings
from nestbench.frames import collect
from nestbench.portability import Shelf
from nestbench.store import Store

#: What a filter may take, and room for a machine that does something else.
FILTER_MS = 300
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
    assert "\n### Files saved on tf2.15, loaded on tf2.16\n\n- Weights files, " in note
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


def rows_in_view(page):
    page.wait_for_selector("#changes[aria-busy=false]", state="attached")
    return page.locator("#changes tbody th").filter(visible=True).all_inner_texts()


def test_a_search_hides_rows_and_says_how_many_are_left(visit):
    page = visit("upgrade.html?from=tf2.15&to=tf2.16")
    said, every = page.inner_text("#said"), rows_in_view(page)
    assert page.inner_text("#shown") == ""
    page.fill("input[name=q]", "List LAYER")
    left = [one for one in every if "list" in one and "layer" in one]
    assert rows_in_view(page) == left
    assert 0 < len(left) < len(every)
    assert page.inner_text("#shown") == f"{len(left)} of {len(every)} shown."
    assert page.inner_text("#said") == said, "the headline stays about all"
    worse = page.locator("h2", has_text="Gets worse").inner_text()
    assert " of " in worse
    page.fill("input[name=q]", "no such case")
    assert rows_in_view(page) == []
    assert "Nothing is left by these filters." in page.inner_text("#shown")
    page.click("#clear")
    assert (rows_in_view(page), page.inner_text("#shown")) == (every, "")


def test_filters_are_in_the_address_and_back_brings_them_back(visit):
    page = visit("upgrade.html?from=tf2.15&to=tf2.16&q=list&group=containers&lost=1&all=1")
    assert page.input_value("input[name=q]") == "list"
    assert page.input_value("select[name=group]") == "containers"
    assert page.is_checked("input[name=lost]")
    one, both = rows_in_view(page), page.inner_text("#shown")
    page.uncheck("input[name=lost]")
    assert len(rows_in_view(page)) > len(one)
    page.locator("input[name=q]").press("End")
    page.locator("input[name=q]").press_sequentially(" owner")
    assert page.url.endswith("?from=tf2.15&to=tf2.16&all=1&q=list+owner&group=containers")
    page.go_back()
    assert (rows_in_view(page), page.inner_text("#shown")) == (one, both)
    page.go_forward()
    assert page.input_value("input[name=q]") == "list owner"
    page = visit("upgrade.html?from=tf2.15&to=tf2.16&group=none-such")
    assert "There is no group none-such in these results." in page.inner_text("#said")


def test_a_group_and_what_gets_lost_without_a_word_are_what_the_headline_counts(visit):
    page = visit("upgrade.html?from=tf2.15&to=tf2.16")
    groups = {
        f"{entry.id}[{one.label}]" if one.label else entry.id: entry.group
        for entry in load_catalogue()
        for one in entry.variants
    }
    every = rows_in_view(page)
    page.select_option("select[name=group]", "containers")
    assert rows_in_view(page) == [one for one in every if groups[one] == "containers"]
    page.select_option("select[name=group]", "")
    page.check("input[name=lost]")
    numbers = re.findall(r"in (\d+)", page.inner_text("#said"))
    assert len(rows_in_view(page)) == sum(map(int, numbers)) > 0


def test_the_note_is_of_what_is_shown_and_says_so(visit):
    page = visit("upgrade.html?from=tf2.15&to=tf2.16&q=%3Clist_%3E&group=containers")
    assert "with “\\<list\\_\\>” in the name, of the group containers" in page.input_value("#markdown")
    page.fill("input[name=q]", "list")
    note = page.input_value("#markdown")
    shown = rows_in_view(page)
    told = note.count("\n- **")  # of files it tells in lines of their own
    assert f"Filtered: {told} of " in note
    assert 0 < told <= len(shown)
    page.click("#clear")
    assert "Filtered" not in page.input_value("#markdown")


def test_a_filter_answers_at_once(visit):
    page = visit("upgrade.html?from=tf2.15&to=tf2.16&all=1")
    took = page.evaluate(
        """async () => {
            const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            const field = document.querySelector("input[name=q]"), took = [];
            for (const word of ["list", "zzz", "", "model", ""]) {
                const start = performance.now();
                field.value = word;
                field.dispatchEvent(new Event("input", { bubbles: true }));
                await frame();
                took.push(performance.now() - start);
            }
            return took;
        }"""
    )
    assert sorted(took)[len(took) // 2] < FILTER_MS


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


def exchange_of(page):
    """What the page says of files, line by line."""
    return page.locator("#files li, noscript li:has(> [href^=portability])").all_inner_texts()


def test_files_of_a_pair_that_was_exchanged_are_told_kind_by_kind(visit):
    page = visit("upgrade.html?from=tf2.15&to=tf2.16")
    weights, model, checkpoint = exchange_of(page)
    loads = Shelf(root=PUBLISHED.parent / "portability").load("tf2.16")
    found = [savers["tf2.15"] for savers in loads.found.values()]
    silent = [label for label, of in loads.found.items() if of["tf2.15"]["weights"].result == "differs"]
    equal = sum(of["weights"].result == "equal" for of in found)
    fail = len(found) - equal - len(silent)
    assert fail == 1, "the words below are those of one"
    told = f"{equal} come back equal, {len(silent)} are silently different and 1 raises an error"
    assert weights.startswith(f"Weights files, {len(found)} files: {told}. ")
    assert f"Silently different: {', '.join(silent)}." in weights
    assert model.startswith("Model files, ")
    saved = sum(of["checkpoint"].result == "differs" for of in found)
    assert checkpoint.startswith(f"TF checkpoints, {saved} files: all are silently different.")
    page.locator("#files li").first.locator("text=Which do not come back equal").click()
    row = page.locator("tr:has(:target)")
    assert "tf2.15" in row.locator("th").inner_text()
    assert row.locator("td").nth(1).inner_text().replace("\n", " ") == ", ".join(silent)


def test_a_pair_that_was_not_exchanged_names_the_nearest_that_were(visit):
    page = visit("upgrade.html?from=tf2.8&to=tf2.18")
    assert exchange_of(page) == []
    said = page.inner_text("#files")
    assert "This pair was not exchanged. The nearest that were: saved on tf2.7, loaded on tf2.16;" in said
    page.click("#files >> text=saved on tf2.9, loaded on tf2.21")
    assert page.input_value("select[name=to]") == "tf2.21"
    assert len(exchange_of(page)) == 3
    page = visit("upgrade.html?from=tf2.18&to=tf2.8")
    assert "saved on tf2.21, loaded on tf2.9" in page.inner_text("#files"), "the same way as was asked for"
    page = visit("upgrade.html?from=tf2.15&to=tf2.15")
    assert page.inner_text("#files") == ""


def test_without_scripts_the_usual_pair_stands_there_as_with_them(visit):
    def tables(page):
        rows = page.locator("table.data tbody tr").filter(visible=True)
        return rows.evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.textContent))")

    with_scripts, without = visit("upgrade.html"), visit("upgrade.html", java_script_enabled=False)
    assert len(tables(without)) > 100
    assert tables(without) == tables(with_scripts)
    said = without.locator("noscript p.state").inner_text()
    assert said == with_scripts.inner_text("#said")
    assert exchange_of(without) == exchange_of(with_scripts)
    assert with_scripts.locator("noscript").is_hidden()
    assert without.locator("#pair").is_hidden()


def test_without_scripts_it_leads_to_what_changed_release_by_release(visit):
    page = visit("upgrade.html", java_script_enabled=False)
    page.click("a:text-is('tf2.16')")
    assert page.locator("#changes").is_visible()
    assert page.locator("td.way.worse").count() > 10
