"""Where a case stands, as the head of its page says it."""

from growth_stage import counts, keras_3, stack_counts
from site_stage import says_of, source_in

from nestbench.growth import Shelf
from nestbench.site import survey_of
from nestbench.site.cost import cost_of
from nestbench.site.standing import standing

NEWEST = "On TensorFlow 2.16.2 with Keras 3.4.1: "


def told(source, case):
    survey = survey_of(source)
    (study,) = (one for one in survey.studies if one.entry.id == case)
    return standing(survey, study, cost_of(source).told.get(case, ()))


def test_the_newest_release_by_variant_and_all_stacks_by_what_any_variant_says(tmp_path):
    assert told(source_in(tmp_path), "a-case") == [
        (
            f"{NEWEST}owner=layer,kind=list and owner=layer,kind=dict: raises; "
            "owner=model,kind=list and owner=model,kind=dict: uncounted."
        ),
        "A variant of it loses something without a word on 2 and raises an error on 2 of 4 stacks.",
    ]


def test_what_is_tracked_is_said_to_be(tmp_path):
    assert told(source_in(tmp_path), "grows") == [
        f"{NEWEST}tracked.",
        "It is tracked on all of 4 stacks.",
    ]


def test_what_another_file_loses_is_no_good_standing(tmp_path):
    def says(stack, cell):
        return "lossy" if stack == "tf2.16" else says_of(stack, cell)

    assert told(source_in(tmp_path, says=says), "grows") == [
        f"{NEWEST}tracked (nothing back from a TF checkpoint).",
        "It is tracked and does not come back whole from the model file or a TF checkpoint on 1 of 4 stacks.",
    ]


def test_a_stack_without_a_result_is_not_counted(tmp_path):
    source = source_in(tmp_path, leave_out=lambda stack, cell: (stack, cell.case.id) == ("tf2.16", "history"))
    assert told(source, "history") == [
        f"{NEWEST}not measured.",
        "It loses something without a word on 3 of 3 stacks.",
    ]


def test_how_it_grows_stands_there_too(tmp_path):
    source = source_in(tmp_path)
    shelf = Shelf(root=tmp_path / "results" / "growth")
    shelf.keep_counts(stack_counts("tf2.15"), counts(lambda n: 3 * n, label="grows"), None)
    for stack in ("tf2.16", "keras3.15"):
        shelf.keep_counts(stack_counts(stack), counts(keras_3, label="grows"), None)
    *_, last = told(source, "grows")
    assert last.startswith("Runs of user call() grow with n to the power ")
    assert "1.00 on tf2.15" in last
    assert " on tf2.16 and keras3.15" in last
