"""What the page of a case advises: where that holds, and that nothing published is without."""

from pathlib import Path

import pytest
from site_stage import pages, site_in, source_in

from nestbench.catalogue import load_catalogue
from nestbench.changes import Behaviour
from nestbench.changes.behaviour import Back
from nestbench.matrix import load_matrix
from nestbench.site import Source, advice, survey_of
from nestbench.site.advice import advice_on
from nestbench.site.remedies import REMEDIES
from nestbench.site.remedy import Remedy, of_rule, shows
from nestbench.store import Store
from nestprobe.doctor.rules import Rule

PUBLISHED = Path(__file__).parents[2] / "results" / "published"
#: Letters of marks: it loses something, raises, is overcounted, or said another thing when tried again.
TROUBLE = "lroi"
WHOLE = {"the weights file": Back.ALL, "a TF checkpoint": Back.NOTHING}


def behaviour(*call, build=("tracked",), evidence=(), back=()):
    return Behaviour(call=call, build=build, facts={}, evidence=evidence, back=dict(back))


@pytest.fixture(scope="module")
def published():
    source = Source(store=Store(PUBLISHED), catalogue=load_catalogue(), matrix=load_matrix())
    survey = survey_of(source)
    return survey, {study.entry.id: advice_on(study, survey) for study in survey.studies}


def test_whatever_is_troubled_on_a_published_stack_is_explained_by_an_advice_or_said_to_need_none(published):
    survey, found = published
    left = [
        f"{one.label} on {stack}: {one.marks['call'][stack].words}"
        for study in survey.studies
        for one in study.variants
        for stack in survey.source.stacks
        if (one.marks["call"][stack].kind in TROUBLE or one.is_lossy(stack))
        and not any((one.label, stack) in told.cells for told in found[study.entry.id])
    ]
    assert left == [], "a rule of the doctor, or a remedy in nestbench/site/remedies"


def test_every_remedy_holds_somewhere_and_names_cases_that_are_there(published):
    _, found = published
    told = {one.title for given in found.values() for one in given}
    assert {one.title for one in REMEDIES} - told == set()
    assert {case for one in REMEDIES for case in one.cases} - found.keys() == set()


def test_what_is_alike_in_both_keras_and_has_other_causes_is_told_by_the_rule_of_each(published):
    _, found = published
    on = {one.title: {stack for _, stack in one.cells} for one in found["unfrozen-after-compile"]}
    noted, built = on["`trainable` was changed after compile()"], on["built while it was frozen"]
    assert {"tf2.15", "keras2.3", "tf2.21-legacy"} <= noted
    assert {"tf2.21", "keras3.15"} <= built
    assert not noted & built


@pytest.mark.parametrize(
    ("remedy", "holds"),
    [
        ({"cases": ("one",)}, True),
        ({"cases": ("other",)}, False),
        ({"stacks": ("tf2.15",)}, True),
        ({"stacks": ("tf2.16",)}, False),
        ({"kinds": ("untrained", "raises")}, True),
        ({"kinds": ("untrained",)}, False),
        ({"said": r"no \w+ here"}, True),
        ({"said": r"nowhere"}, False),
        ({"lossy": "a TF checkpoint"}, True),
        ({"lossy": "the model file"}, False),
        ({"cases": ("one",), "said": r"nowhere"}, False),
    ],
)
def test_a_remedy_holds_where_all_that_it_asks_was_measured(remedy, holds):
    measured = behaviour("raises", evidence=("as counted", "called raised KeyError: no key here"), back=WHOLE)
    assert Remedy(title="t", cause="c", **remedy).holds("one", "tf2.15", measured) is holds


@pytest.mark.parametrize(
    ("kind", "measured", "shown"),
    [
        ("build-alone", behaviour("tracked", build=("uncounted",)), True),
        ("build-alone", behaviour("uncounted"), False),
        ("unrestored", behaviour("unsaved"), True),
        ("uncheckpointed", behaviour("unsaved", back=WHOLE), True),
        ("uncheckpointed", behaviour("uncounted", back=WHOLE), False),
        ("uncheckpointed", behaviour("unsaved", back={**WHOLE, "the weights file": Back.PART}), False),
    ],
)
def test_a_kind_of_the_doctor_is_told_by_what_was_measured(kind, measured, shown):
    assert shows(measured, [kind]) is shown


def test_a_stack_goes_to_the_other_rule_where_what_shows_one_alone_does_not_show_it(tmp_path, monkeypatch):
    def says(stack, cell):
        of_one = {"tf2.15": "uncounted", "tf2.16": "uncounted"}.get(stack, "tracked")
        decisive = "uncounted" if stack == "tf2.16" else "tracked"
        return {"history": of_one, "grows": decisive}.get(cell.case.id, "tracked")

    def rule(name, *decisive):
        return Rule(name, name, "c", "m", ("uncounted",), ("history", *decisive), decisive)

    survey = survey_of(source_in(tmp_path, stacks=("tf2.15", "tf2.16"), says=says))
    (study,) = (one for one in survey.studies if one.entry.id == "history")
    monkeypatch.setattr(advice, "rules_of_case", lambda _: [rule("narrow", "grows"), rule("wide")])
    narrow, wide = advice_on(study, survey)
    assert {stack for _, stack in narrow.cells} == {"tf2.16"}
    assert {stack for _, stack in wide.cells} == {"tf2.15", "tf2.16"}
    monkeypatch.setattr(advice, "rules_of_case", lambda _: [rule("narrow", "grows")])
    (alone,) = advice_on(study, survey)
    assert {stack for _, stack in alone.cells} == {"tf2.15", "tf2.16"}


def test_a_rule_gives_way_where_another_loses_the_same_anyway(tmp_path, monkeypatch):
    def says(stack, cell):
        lost = cell.case.id == "history" or (cell.case.id == "grows" and stack == "tf2.15")
        return "uncounted" if lost else "tracked"

    anyway = Rule("anyway", "anyway", "c", "m", ("uncounted",), ("history", "grows"), ("grows",))
    one = Rule("one", "one", "c", "m", ("uncounted",), ("history",), gives_way=("anyway",))
    survey = survey_of(source_in(tmp_path, stacks=("tf2.15", "tf2.16"), says=says))
    (study,) = (given for given in survey.studies if given.entry.id == "history")
    monkeypatch.setattr(advice, "rule", {"anyway": anyway}.__getitem__)
    monkeypatch.setattr(advice, "rules_of_case", lambda _: [one, anyway])
    told = {given.title: {stack for _, stack in given.cells} for given in advice_on(study, survey)}
    assert told == {"one": {"tf2.16"}, "anyway": {"tf2.15"}}


def test_where_it_is_counted_only_the_weights_file_is_explained(published):
    _, found = published
    told = found["list-appended-then-filled"]
    words = ("put into the outer one late", "within a container", "multi-backend")
    late, nested, container = (next(one for one in told if word in one.title) for word in words)
    assert {"tf2.16", "keras3.15"} <= {stack for _, stack in late.cells}
    assert not {"tf2.15", "keras2.3"} & {stack for _, stack in late.cells}
    assert "tf2.15" in {stack for _, stack in nested.cells}
    assert {stack for _, stack in container.cells} == {"keras2.3"}


def test_what_holds_on_the_newest_release_comes_first(tmp_path, monkeypatch):
    def says(stack, cell):
        return "uncounted" if stack == "tf2.16" and cell.case.id == "history" else "raises"

    old = Remedy(title="old", cause="c", code="m", kinds=("raises",))
    new = Remedy(title="new", cause="c", code="m", kinds=("uncounted",))
    monkeypatch.setattr(advice, "REMEDIES", (old, new))
    survey = survey_of(source_in(tmp_path, stacks=("tf2.15", "tf2.16"), says=says))
    found = {study.entry.id: advice_on(study, survey) for study in survey.studies}
    assert [one.title for one in found["history"]] == ["new", "old"]


def test_a_page_says_where_advice_was_measured_and_shows_no_code_where_nothing_is_to_be_mended(
    tmp_path, monkeypatch
):
    remedies = (
        Remedy(title="a mend", cause="A cause.", code="code()", cases=("history",), kinds=("uncounted",)),
        Remedy(title="nothing: it is meant", cause="On purpose.", cases=("grows",), kinds=("uncounted",)),
    )
    monkeypatch.setattr(advice, "REMEDIES", remedies)
    found = pages(site_in(tmp_path, says=lambda stack, _: "tracked" if stack == "tf2.16" else "uncounted"))
    where = "TensorFlow and its tf.keras: 2.14, 2.15; Keras 3 on TensorFlow: 3.15"
    assert f"What it is about was measured on {where}." in found["cases/history.html"]
    assert "What to write: a mend" in found["cases/history.html"]
    assert "nothing: it is meant" in found["cases/grows.html"]
    assert "What to write: nothing" not in found["cases/grows.html"]


def test_a_rule_of_the_doctor_is_a_remedy_for_its_own_cases_or_for_others():
    rule = Rule("id", "a title", "c", "self.{attribute}", ("raises",), ("mine",))
    assert of_rule(rule).cases == ("mine",)
    assert (of_rule(rule, ["other"]).cases, of_rule(rule).code) == (("other",), "self.part")
