"""One of a thing is not told as several: a site of one case variant on one stack, and on two."""

import html
import re

import pytest
from site_stage import site_in

SEVERAL = re.compile(
    r"(?<![\d.,/=-])\b1 (?:of \d+ )?(?:"
    r"lose|raise|are|do|were|say|come|"
    r"(?:case |user )?(?:stacks|cases|variants|variables|cells|rows|columns|files|claims|signals|patterns)"
    r")\b"
)


@pytest.mark.parametrize("stacks", [("tf2.15",), ("tf2.15", "tf2.16")])
@pytest.mark.parametrize("says", ["tracked", "lossy", "uncounted", "raises"])
def test_one_is_no_plural(tmp_path, stacks, says):
    site = site_in(
        tmp_path,
        stacks=stacks,
        says=lambda _stack, _cell: says,
        leave_out=lambda _stack, cell: cell.case.id != "history",
    )
    for path in [*site.rglob("*.html"), *site.rglob("*.svg")]:
        text = html.unescape(re.sub(r"<[^>]+>", "", path.read_text()))
        assert SEVERAL.findall(text) == [], path.name
