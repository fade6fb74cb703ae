"""The page of upgrades as files: the pair that most people ask for stands there without scripts."""

import html5lib
import pytest
from site_stage import HOSTILE, says_of, site_in

XHTML = "{http://www.w3.org/1999/xhtml}"


def without_scripts(site):
    """What stands in noscript: its paragraphs, and by heading the rows of its tables."""
    page = html5lib.HTMLParser(strict=True).parse((site / "upgrade.html").read_text())
    (part,) = page.iter(f"{XHTML}noscript")
    words = ["".join(one.itertext()) for one in part.iter(f"{XHTML}p")]
    heads = ["".join(one.itertext()) for one in part.findall(f"{XHTML}h2")]
    tables = [
        [["".join(cell.itertext()) for cell in row] for row in body.iter(f"{XHTML}tr")]
        for body in part.iter(f"{XHTML}tbody")
    ]
    return words, heads, tables


def test_the_usual_pair_is_the_last_keras_2_against_the_newest(tmp_path):
    words, heads, (worse,) = without_scripts(site_in(tmp_path))
    assert words[1] == (
        "From tf2.15 to tf2.16. 9 case variants on both: 4 worse, 0 better, 0 other trouble, 5 the same. "
        "Of what gets worse, something is lost without a word in 2."
    )
    assert heads == ["Files saved on tf2.15, loaded on tf2.16", "Gets worse (4)"]
    assert "This pair was not exchanged." in words[2]
    names = [
        "a-case[owner=model,kind=dict]",
        "a-case[owner=model,kind=list]",
        "a-case[owner=layer,kind=dict]",
    ]
    assert [row[0] for row in worse][:3] == names
    assert worse[0][1:3] == ["tracked", "uncounted"]
    assert "count_params() after a call: 50 → 30" in worse[0][3]
    assert HOSTILE in worse[2][3]


def test_one_case_variant_is_no_plural(tmp_path):
    def leave_out(stack, cell):
        return cell.case.id != "history"

    def says(stack, cell):
        return "tracked" if stack == "tf2.15" else says_of(stack, cell)

    words, _, (worse,) = without_scripts(site_in(tmp_path, leave_out=leave_out, says=says))
    assert "1 case variant on both: 1 worse" in words[1]
    assert worse[0][2] == "uncounted"


@pytest.mark.parametrize(
    ("stacks", "pair"),
    [
        (("tf2.13", "tf2.14", "tf2.16"), ("tf2.14", "tf2.16")),
        (("tf2.13", "tf2.15"), ("tf2.13", "tf2.15")),
        (("tf2.16", "tf2.17"), ("tf2.16", "tf2.17")),
    ],
)
def test_the_last_keras_2_is_that_of_what_was_measured(tmp_path, stacks, pair):
    words, *_ = without_scripts(site_in(tmp_path, stacks=stacks))
    assert words[1].startswith("From {} to {}. ".format(*pair))


def test_one_stack_alone_is_no_pair(tmp_path):
    site = site_in(tmp_path, stacks=("tf2.15",))
    assert "<noscript>" not in (site / "upgrade.html").read_text()
