"""The matrix in a browser: filters and their addresses, permanent links, keyboard, and without scripts."""

import re

import pytest

ROWS = "#_matrix tbody tr[id]:visible"
SHOWN = r"(\d+) of (\d+) rows"


def query(page):
    return dict(part.split("=", 1) for part in page.evaluate("location.search.slice(1)").split("&") if part)


def settled(page):
    """Once all rows are drawn: those in view come at once, the others a few a frame."""
    page.wait_for_selector("#_matrix[aria-busy=false]", state="attached")
    return page


def rows(page):
    return settled(page).locator(ROWS).evaluate_all("rows => rows.map(row => row.id)")


def texts(page, stack):
    """What the visible rows say on a stack, without the sign of what is stale."""
    return settled(page).evaluate(
        """stack => [...document.querySelectorAll('#_matrix tbody tr[id]')].filter(row => row.offsetParent)
        .map(row => document.getElementById(row.id + '@' + stack).textContent.replace('*', ''))""",
        stack,
    )


def test_only_rows_that_differ_are_shown_and_a_switch_shows_all(visit):
    page = visit("index.html")
    differing, every = map(int, re.search(SHOWN, page.inner_text("#_found")).groups())
    assert 0 < differing < every
    assert len(rows(page)) == differing
    assert page.locator("#_matrix tr.same:visible").count() == 0
    page.check("input[name=all]")
    assert len(rows(page)) == every
    assert query(page) == {"all": "1"}
    page.check("input[name=build]")
    assert len(rows(page)) > every


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("group", "containers", lambda page: page.locator("#_matrix tbody:visible").count() == 1),
        ("verdict", "unsaved", lambda page: all("S" in row for row in said(page))),
        ("stack", "tf2.15", lambda page: page.locator("tr.stacks th:visible").all_inner_texts() == ["2.15"]),
    ],
)
def test_a_filter_its_address_and_the_way_back(visit, name, value, holds):
    page = visit("index.html")
    before = rows(page)
    menu = page.locator("details.menu", has=page.locator(f"input[name={name}]"))
    menu.locator("summary").click()
    page.check(f"input[name={name}][value='{value}']")
    if name == "stack":
        page.check("input[name=all]")  # of one stack, no two differ
    assert query(page)[name] == value
    assert holds(page)
    found, address = rows(page), page.url
    page.go_back()
    page.wait_for_function("text => document.getElementById('_found').textContent !== text", arg="")
    if name == "stack":
        page.go_back()
    assert rows(page) == before
    assert query(page) == {}
    page.goto(address)
    assert rows(page) == found
    assert page.is_checked(f"input[name={name}][value='{value}']")


def said(page):
    """All that each visible row says, on any stack."""
    squares = "[...row.querySelectorAll('td[id]')].map(cell => cell.textContent).join(' ')"
    return settled(page).locator(ROWS).evaluate_all(f"rows => rows.map(row => {squares})")


def test_search_finds_words_of_a_case_and_of_its_symptom(visit):
    page = visit("index.html")
    page.fill("input[name=q]", "raw-variable list")
    assert query(page) == {"q": "raw-variable+list"}
    assert "raw-variable-in-list.owner-layer" in rows(page)
    words = page.locator(ROWS).evaluate_all("rows => rows.map(row => row.dataset.words)")
    assert all("raw-variable" in one and "list" in one for one in words)
    page.fill("input[name=q]", "no such words at all")
    assert rows(page) == []
    assert "Nothing is left" in page.inner_text("#_found")
    page.click("button[type=reset]")
    assert query(page) == {}
    assert rows(page)


def test_what_says_the_same_everywhere_is_not_passed_over_in_silence(visit):
    page = visit("index.html?q=deep-chain")
    shown, said = rows(page), page.inner_text("#_found")
    alike = int(re.search(r"(\d+) more that these filters leave say the same everywhere", said)[1])
    page.check("input[name=all]")
    assert len(rows(page)) == len(shown) + alike
    assert "say the same" not in page.inner_text("#_found")


def test_one_stack_alone_shows_all_its_rows(visit):
    page = visit("index.html?stack=tf2.21")
    assert len(rows(page)) > 200
    assert "differ" not in page.inner_text("#_found")


def test_words_of_a_search_can_be_typed(visit):
    page = visit("index.html")
    page.locator("input[name=q]").press_sequentially("raw-variable list")
    assert page.input_value("input[name=q]") == "raw-variable list"
    assert query(page) == {"q": "raw-variable+list"}


def test_back_and_forward_walk_through_filters(visit):
    page = visit("index.html")
    page.select_option("select[name=sort]", "name")
    page.check("input[name=all]")
    page.go_back()
    assert not page.is_checked("input[name=all]")
    assert page.input_value("select[name=sort]") == "name"
    page.go_back()
    assert page.input_value("select[name=sort]") == ""
    page.go_forward()
    page.go_forward()
    assert query(page) == {"sort": "name", "all": "1"}
    assert page.is_checked("input[name=all]")


def test_sorting(visit):
    page = visit("index.html?sort=name")
    assert rows(page) == sorted(rows(page))
    page.select_option("select[name=sort]", "grave")
    first = page.locator(ROWS).first
    assert "✗" in first.inner_text()
    page.select_option("select[name=sort]", "")
    assert page.locator("#_matrix tr.group:visible").count() > 5


def test_a_signal_instead_of_verdicts(visit):
    page = visit("index.html?q=raw-variable-attribute")
    page.select_option("select[name=show]", "count_params() after a call")
    page.wait_for_function("document.getElementById('raw-variable-attribute@tf2.16').textContent === '33'")
    assert texts(page, "tf2.15") == ["83"]
    assert query(page)["show"].startswith("count_params")
    page.select_option("select[name=show]", "")
    assert texts(page, "tf2.16") == ["✗ CTS"]


def test_only_rows_in_which_a_signal_differs_between_the_chosen_stacks(visit):
    page = visit("index.html?show=count_params()+after+a+call&stack=tf2.15,tf2.16")
    page.wait_for_function("document.getElementById('_found').textContent !== ''")
    shown = rows(page)
    before, after = texts(page, "tf2.15"), texts(page, "tf2.16")
    pairs = [pair for pair in zip(before, after, strict=True) if "·" not in pair]
    assert len(shown) == len(pairs) > 5
    assert all(one != other for one, other in pairs)
    page.check("input[name=all]")
    assert len(rows(page)) > len(shown)


def test_the_chosen_square_stands_in_the_address_until_a_filter_leaves_it_out(visit):
    page = visit("index.html")
    settled(page).click("[id='add-weight-unnamed.owner-layer@tf2.3']")
    assert page.url.endswith("index.html#add-weight-unnamed.owner-layer@tf2.3")
    page.check("input[name=all]")
    assert page.url.endswith("?all=1#add-weight-unnamed.owner-layer@tf2.3")
    page.reload()
    assert "on tf2.3: raises" in page.inner_text("#_cell")
    page.fill("input[name=q]", "embedding")
    assert page.evaluate("location.hash") == ""
    assert "Choose a square" in page.inner_text("#_cell")


def test_rows_that_are_drawn_later_are_all_there_in_the_end(visit):
    page = visit("index.html?all=1&build=1")
    assert settled(page).locator("#_matrix tbody tr[id][hidden]").count() == 0
    page.select_option("select[name=sort]", "changes")
    assert settled(page).locator("#_matrix tbody tr[id][hidden]").count() == 0


def test_a_block_of_columns_is_opened_and_closed(visit):
    page = visit("index.html")
    assert not page.is_visible("[id='@keras3.5']")
    page.click("th[data-block=keras] button")
    assert page.is_visible("[id='@keras3.5']")
    assert query(page)["open"] == "tensorflow,keras"
    page.click("th[data-block=tensorflow] button")
    assert not page.is_visible("[id='@tf2.15']")
    page.reload()
    assert page.is_visible("[id='@keras3.5']")
    assert not page.is_visible("[id='@tf2.15']")


def test_a_group_of_rows_is_closed_and_stays_so_in_its_address(visit):
    page = visit("index.html")
    page.click("tbody[data-group=containers] tr.group button")
    assert query(page) == {"shut": "containers"}
    assert page.locator("tbody[data-group=containers] tr[id]:visible").count() == 0


@pytest.mark.parametrize(
    "address",
    [
        "index.html#raw-variable-attribute@keras3.5",  # its block is closed
        "index.html?q=embedding#raw-variable-attribute@tf2.16",  # the search leaves it out
        "index.html?shut=raw-variables&stack=tf2.0#raw-variable-attribute@tf2.16",
        "index.html#raw-variable-attribute.build@tf2.16",  # build(shape) alone
    ],
)
def test_a_permanent_link_to_a_square_shows_it_whatever_is_folded_away(visit, address):
    page = visit(address)
    cell = page.locator(f"[id='{address.split('#')[1]}']")
    assert cell.is_visible()
    assert cell.evaluate("cell => cell.classList.contains('chosen')")
    box, head = cell.bounding_box(), page.locator("tr.stacks th:visible").first.bounding_box()
    assert head["y"] + head["height"] <= box["y"] < 1000
    first = page.locator("tr.lines th").first.bounding_box()
    assert first["x"] + first["width"] <= box["x"] < 1600
    assert "uncounted" in page.inner_text("#_cell")


def test_rows_and_columns_have_permanent_links_too(visit):
    page = visit("index.html?q=embedding#list-of-layers.owner-layer")
    assert page.is_visible("[id='list-of-layers.owner-layer']")
    page = visit("index.html#@keras3.15-jax")
    assert page.is_visible("[id='@keras3.15-jax']")


@pytest.mark.parametrize("name", ["no-such-case@tf2.16", "raw-variable-attribute@tf9.9", "%E0%A4%A"])
def test_an_address_of_nothing_is_told(visit, name):
    page = visit(f"index.html#{name}")
    said = page.inner_text("#_cell")
    assert name in said
    assert "no such row, stack or square" in said


def test_a_square_leads_to_its_evidence_by_mouse_and_by_keyboard(visit):
    page = visit("index.html")
    page.click("[id='raw-variable-attribute@tf2.16']")
    assert "raw-variable-attribute on tf2.16: uncounted, untrained, unsaved" in page.inner_text("#_cell")
    page.keyboard.press("ArrowLeft")
    assert "on tf2.15: tracked" in page.inner_text("#_cell")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/raw-variable-attribute.html#*")
    place = page.locator("[id='raw-variable-attribute@tf2.16']")
    assert place.evaluate("place => place.closest('details').open")


def test_the_keyboard_alone_reaches_a_square(visit):
    page = visit("index.html")
    page.focus(".scroller")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.tagName") == "TD"
    assert "Evidence" in page.inner_text("#_cell")


def test_without_scripts_everything_can_be_read(visit):
    page = visit("index.html", java_script_enabled=False)
    assert page.locator("#_controls").is_hidden()
    assert page.locator("#_matrix tr.same").first.is_visible()
    assert page.locator("[id='raw-variable-attribute@keras3.15-jax']").inner_text().rstrip("*") == "– n/a"  # noqa: RUF001
    assert page.locator("#_matrix tbody tr[id]").first.is_visible()
    page.click("text=raw-variable-attribute >> nth=0")
    assert page.locator("h1").inner_text() == "raw-variable-attribute"


@pytest.mark.parametrize("width", [390, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_but_the_table_scrolls_sideways(visit, width, scheme):
    for address in (
        "index.html", "cases/raw-variable-attribute.html", "claims.html", "stacks/tf2.15.html",
        "upgrade.html", "portability.html", "downloads.html", "about.html", "stacks.html", "growth.html",
    ):  # fmt: skip
        page = visit(address, width=width, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


def test_the_legend_and_the_head_stay_in_view(visit):
    page = visit("index.html#list-of-layers.owner-layer")
    page.locator(".scroller").evaluate("frame => frame.scrollBy(200, 3000)")
    frame = page.locator(".scroller").bounding_box()
    lines = page.locator("tr.lines th.block:visible").first.bounding_box()
    head = page.locator("tr.stacks th:visible").first.bounding_box()
    assert frame["y"] <= lines["y"] <= frame["y"] + 2
    assert abs(head["y"] - lines["y"] - lines["height"]) <= 2  # right below, whatever was scrolled
    row = page.locator(ROWS).nth(60).locator("th").bounding_box()
    assert abs(row["x"] - frame["x"]) < 3
    legend = page.locator(".legend").bounding_box()
    assert legend["y"] + legend["height"] <= 1001


def test_it_prints_without_controls(visit):
    page = visit("index.html")
    page.emulate_media(media="print")
    assert page.locator("#_controls").is_hidden()
    assert page.locator("#_matrix").is_visible()
    assert page.locator(".scroller").evaluate("frame => getComputedStyle(frame).overflow") == "visible"
