"""Known deviations: they pass with a reason until a day, and the list cannot rot."""

import pytest

KNOWN = """schema = 1

[[deviation]]
stack = "tf2.1*"
case = "held"
variant = "owner=layer"
deviates = { call = "uncounted", build = "uncounted", counted = 20, built = 20, summary = 20 }
reason = "A variable is lost since the upgrade, see the issue."
until = 2999-12-31
"""


@pytest.fixture
def deviating(stage):
    """A stack of which one cell is not as accepted."""
    stage.measure()
    stage.accept()
    stage.measure(held={"counted": 20})
    stage.accept("tf2.15", "--case", "held")
    stage.edit("held[owner=layer]", call="tracked", build="tracked", counted=50, built=50, summary=50)
    return stage


def test_a_known_deviation_fails_nothing_and_is_told_with_its_reason(deviating):
    assert deviating.check().exit_code == 1
    deviating.deviations(KNOWN)
    done = deviating.check()
    assert done.exit_code == 0, done.output
    assert "known deviation: held[owner=layer] on tf2.15" in done.output
    assert "A variable is lost since the upgrade, see the issue. (until 2999-12-31)" in done.output


@pytest.mark.parametrize(
    "text",
    [
        KNOWN.replace("counted = 20", "counted = 30"),
        KNOWN.replace(", counted = 20", ""),
        KNOWN.replace("owner=layer", "owner=model"),
        KNOWN.replace("tf2.1*", "tf2.20"),
    ],
)
def test_what_deviates_in_another_way_fails(deviating, text):
    deviating.deviations(text)
    assert deviating.check().exit_code == 1
    assert ("regression", "tf2.15", "held[owner=layer]") in deviating.kinds()


def test_a_star_stands_for_any_value_and_nothing_for_none(deviating):
    deviating.deviations(KNOWN.replace("counted = 20", 'counted = "*"'))
    assert deviating.check().exit_code == 0
    deviating.edit("plain", used=50, **{"trained-raises": "ValueError"})
    more = KNOWN + KNOWN.partition("\n\n")[2].replace('"held"\nvariant = "owner=layer"', '"pl*"')
    deviates = more.rindex("deviates"), more.rindex("reason")
    deviating.deviations(
        more[: deviates[0]] + 'deviates = { trained-raises = "nothing" }\n' + more[deviates[1] :]
    )
    assert deviating.check().exit_code == 0


def test_one_that_matches_nothing_any_more_fails(deviating):
    deviating.deviations(KNOWN)
    deviating.measure()
    deviating.accept()
    done = deviating.check()
    assert done.exit_code == 1
    assert "rotten deviation: held[owner=layer] on tf2.1*\n  its cells are as accepted" in done.output
    assert "take it out of results/accepted/deviations.toml" in done.output


def test_one_whose_cells_are_called_otherwise_fails(deviating):
    deviating.deviations(KNOWN.replace('"held"', '"helt"'))
    assert ("rotten deviation", "tf2.1*", "helt[owner=layer]") in deviating.kinds()


def test_a_check_that_did_not_look_everywhere_does_not_call_it_rotten(deviating):
    deviating.measure("tf2.16", held={"counted": 20})
    deviating.accept("tf2.16")
    deviating.accept("tf2.15")
    deviating.deviations(KNOWN)
    done = deviating.check("tf2.15")  # on tf2.16 it may yet match
    assert done.exit_code == 0
    assert "undecided: deviation held[owner=layer] on tf2.1* matches nothing here" in done.output
    done = deviating.check("--case", "plain")
    assert done.exit_code == 0
    assert deviating.check().exit_code == 1
    deviating.store.path("tf2.16", "held").unlink()  # missing: then nothing can be said, either
    assert "rotten" not in deviating.check().output


@pytest.mark.parametrize("file", ["accepted/tf2.15.json", "local/tf2.15/held.json"])
def test_one_of_a_stack_that_cannot_be_read_is_undecided(deviating, file):
    deviating.deviations(KNOWN)
    (deviating.root / "results" / file).write_text("{")
    done = deviating.check()
    assert done.exit_code == 4, done.output
    assert "rotten" not in done.output
    assert "undecided: deviation held[owner=layer] on tf2.1*" in done.output


@pytest.mark.parametrize("until", ["2999", "2020"])
def test_a_baseline_of_another_stack_that_cannot_be_read_fails_no_check(deviating, until):
    deviating.accept("tf2.15")
    deviating.deviations(KNOWN.replace("tf2.1*", "tf2.16").replace("2999", until))
    (deviating.baselines.root / "tf2.16.json").write_text("{")
    done = deviating.check("tf2.15")
    assert done.exit_code == 0, done.output
    assert "Gate clean: 1 stack, 3 as accepted." in done.output
    assert deviating.found("tf2.15")["undecided"] == [{"stack": "tf2.16", "case": "held[owner=layer]"}]
    deviating.deviations(KNOWN.replace("tf2.1*", "tf2.2*"))  # not about it
    assert deviating.check("tf2.15").exit_code == 1


def test_one_of_other_stacks_alone_is_none_of_this_checks_business(deviating):
    deviating.measure("tf2.16")
    deviating.accept("tf2.16")
    deviating.accept("tf2.15")
    deviating.deviations(KNOWN.replace("tf2.1*", "tf2.16").replace("2999", "2020"))
    assert deviating.check("tf2.15").exit_code == 0
    assert deviating.check("tf2.16").exit_code == 1


def test_an_end_date_that_has_passed_is_told_and_what_deviates_counts_again(deviating):
    deviating.deviations(KNOWN.replace("2999", "2020"))
    done = deviating.check()
    assert done.exit_code == 1
    assert "ended deviation: held[owner=layer] on tf2.1*\n  it ended on 2020-12-31 (A variable" in done.output
    assert "regression: held[owner=layer] on tf2.15" in done.output
    assert "give a later day and the reason for it" in done.output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("schema = 1\n[[deviation]\n", "is not valid TOML"),
        (KNOWN.replace("schema = 1", "schema = 9"), "field 'schema' is 9, this nestbench reads 1"),
        (KNOWN.replace("schema = 1", ""), "field 'schema' is None"),
        (KNOWN.replace("2999-12-31", '"2999-12-31"'), "deviation 1: until: Input should be a valid date"),
        (KNOWN.replace("until", "till"), "until: Field required"),
        (KNOWN.replace("reason =", "why ="), "reason: Field required"),
        (KNOWN.replace("[[deviation]]", "[[deviations]]"), "unknown field deviations"),
    ],
)
def test_a_list_that_cannot_be_understood_is_wrong_usage(deviating, text, says):
    deviating.deviations(text)
    done = deviating.check()
    assert done.exit_code == 2
    assert says in done.output
    assert "what to do: " in done.output


def test_the_form_that_is_named_can_be_written(deviating):
    deviating.deviations(KNOWN.replace(KNOWN.splitlines()[6], 'deviates = "*"'))
    told = " ".join(deviating.check().output.split())
    assert "deviates: Input should be a valid" in told
    form = '{ call = "uncounted", saved = "*" }'
    assert form in told
    deviating.deviations(KNOWN.replace(KNOWN.splitlines()[6], f"deviates = {form}"))
    assert "deviates: " not in deviating.check().output
