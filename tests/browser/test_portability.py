"""The page of portability in a browser: a square leads to the cases that it counts, scripts or not."""

import pytest


@pytest.mark.parametrize("scripts", [True, False])
def test_a_square_leads_to_its_cases_and_a_case_to_its_own_tables(visit, scripts):
    page = visit("portability.html", java_script_enabled=scripts)
    square = page.locator("td.l a").first
    assert "D" in square.inner_text()
    square.click()
    row = page.locator("tr:has(:target)")
    assert "#_weights." in page.url
    assert row.locator("td").first.is_visible()
    case = row.locator("td:nth-child(3) a").first
    label = case.inner_text()
    case.click()
    assert page.locator("details:target > summary").inner_text() == label


def test_every_square_that_is_not_all_equal_is_a_link(visit):
    page = visit("portability.html", java_script_enabled=False)
    squares = page.locator("main > .wide .port td")
    texts = squares.all_inner_texts()
    linked = page.locator("main > .wide .port td a").all_inner_texts()
    unequal = [text for text in texts if text != "-" and len(set(text.split("/"))) > 1]
    assert linked == unequal
    assert len(linked) > 100
