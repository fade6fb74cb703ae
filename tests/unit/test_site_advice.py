"""On which stack the page of a case shows it."""

import pytest
from site_stage import digests_of, observed, source_in

from nestbench.site import advice
from nestbench.site.advice import witness_of
from nestbench.site.study import study_of
from nestbench.witness import Untold


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        (
            {"tf2.0": "uncounted", "tf2.15": "raises", "tf2.16": "raises", "keras3.15-torch": "uncounted"},
            "tf2.16",
        ),
        ({"tf2.15": "uncounted", "tf2.16": "raises", "keras2.3": "uncounted"}, "tf2.15"),
        (
            {"tf2.16": "tracked", "keras2.3": "uncounted", "keras3.14": "raises", "keras3.15": "raises"},
            "keras3.15",
        ),
        ({"tf2.0": "raises", "tf2.16": "tracked"}, "tf2.0"),
        ({"tf2.15": "tracked", "tf2.16": "tracked"}, None),
    ],
)  # fmt: skip
def test_it_is_shown_on_the_newest_stack_that_most_can_run(tmp_path, monkeypatch, says, shown):
    def stage(stack, cell):
        return says[stack] if cell.case.id == "history" else "tracked"

    source = source_in(tmp_path, stacks=tuple(says), says=stage)
    (entry,) = (one for one in source.entries if one.id == "history")
    made = type("Made", (), {"text": ""})
    monkeypatch.setattr(advice, "make_witness", lambda *_, **__: made)
    found = witness_of(study_of(entry, source.results(entry), source), source.matrix)
    assert (found and found.stack) == shown


def test_what_no_program_can_show_gives_way_to_the_next(tmp_path, monkeypatch):
    source = source_in(tmp_path, stacks=("tf2.15", "tf2.16"), says=lambda *_: "uncounted")
    (entry,) = (one for one in source.entries if one.id == "history")
    (cell,) = (one for one in source.catalogue.cells(["tf2.15"]) if one.case.id == "history")
    source.store.add("tf2.15", digests_of(cell, source.matrix), observed(cell, says="raises"))

    def make(result, *_, **__):
        if result.cell.stack == "tf2.16":
            raise Untold("too long")
        return type("Made", (), {"text": ""})

    monkeypatch.setattr(advice, "make_witness", make)
    assert witness_of(study_of(entry, source.results(entry), source), source.matrix).stack == "tf2.15"
