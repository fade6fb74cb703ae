"""An audit through its command, on stacks that answer as the test says."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from audit_stage import (
    BIAS,
    KERNEL,
    LOST,
    Stacks,
    W,
    listed,
    not_made,
    observation,
    raw_lost,
    variable,
    whole,
)
from markupsafe import escape
from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.digests import Digests, probe_digest
from nestbench.errors import GroundError, UnavailableError
from nestbench.matrix import load_matrix
from nestbench.matrix.locks import lock_digest
from nestbench.store import Store
from nestprobe.observation import PhaseRecord, Raised

MODEL = "def make():\n    raise AssertionError('it is loaded where TensorFlow is')\n"


@pytest.fixture
def stacks(tmp_path, monkeypatch):
    (tmp_path / "models.py").write_text(MODEL)
    (tmp_path / ".nestbench").mkdir()
    monkeypatch.chdir(tmp_path)
    return Stacks(tmp_path, monkeypatch)


def audit(*options, fro="tf2.15", to="tf2.21", results="no-results"):
    command = ["audit", "models.py:make", "--from", fro, "--to", to, "--input-shape", "2,5", "-q"]
    return CliRunner().invoke(app, [*command, "--results", results, *options])


def data(*options, **more):
    done = audit("--format", "json", *options, **more)
    return done, json.loads(done.stdout)


def test_what_is_lost_silently_comes_first_and_is_exit_code_1(stacks):
    stacks.answer("tf2.15", whole(), listed=listed(W, KERNEL, BIAS))
    stacks.answer("tf2.21", raw_lost(), listed=listed(KERNEL, BIAS), loads={"tf2.15": {"weights": "refuses"}})
    done, found = data()
    assert done.exit_code == 1, done.output
    first, *others = found["differences"]
    assert first["title"].startswith("50 parameters in 1 variable: no longer counted, no longer trained")
    assert first["kinds"] == ["uncounted", "untrained", "unsaved", "not-in-model-file"]
    assert first["variables"] == ["w:0"]
    assert first["unexplained"]
    order = [one["gravity"] for one in found["differences"]]
    assert order == sorted(order, key=["silent", "loud", "other", "better"].index)
    titles = [one["title"] for one in others]
    assert titles == ["a weights file that tf2.15 saved does not load"]
    assert found["headline"] == "From tf2.15 to tf2.21: 1 lost silently, 1 that fails and says so."
    rows = {row["name"]: row["values"] for row in found["facts"]}
    assert rows["count_params() after a call"] == ["83", "33"]
    assert rows["parameters that the forward pass reads"] == ["83", "83"]
    assert rows["parameters in a TF checkpoint"] == ["83", "83"]


def test_what_is_lost_on_both_is_told_and_no_difference(stacks):
    stacks.answer("tf2.15", raw_lost())
    looked = listed(KERNEL, BIAS)
    looked["examined"][0]["place"] = "model.parts.items[0].w"
    stacks.answer("tf2.21", raw_lost(), listed=looked)
    done, found = data("--files", "weights")
    assert (done.exit_code, found["differences"]) == (0, [])
    assert found["headline"] == (
        "From tf2.15 to tf2.21: no difference was found in what was measured; "
        "50 of 83 parameters are lost on both (uncounted, untrained, unsaved)."
    )
    where = {"variables": ["w:0"], "places": ["model.parts.items[0].w"], "parameters": 50}
    assert {"kind": "uncounted", **where} in found["lost_on_both"]
    for form in ("text", "markdown", "html"):
        assert "model.parts.items[0].w" in audit("--format", form).stdout
    assert "THE SAME ON BOTH, AND LOST" in audit().stdout


def test_a_model_that_cannot_be_made_on_one_side_is_exit_code_3(stacks):
    stacks.answer("tf2.15", whole())
    stacks.answer("tf2.21", not_made("WrongArguments", "make(units) cannot be called with no arguments"))
    done = audit()
    assert done.exit_code == 3
    assert done.stdout.splitlines()[0] == (
        "From tf2.15 to tf2.21: nothing can be said, since tf2.21 could not be measured."
    )
    assert "making the model raised WrongArguments: make(units) cannot be called" in done.stdout
    assert "--argument NAME=VALUE" in done.stdout


@pytest.mark.parametrize(
    ("error", "code"), [(GroundError("no index", do="x"), 4), (UnavailableError("no such Python", do="x"), 3)]
)
def test_a_stack_that_cannot_be_made_is_named(stacks, error, code):
    stacks.answer("tf2.15", whole())
    stacks.errors["tf2.21"] = error
    done, found = data()
    assert done.exit_code == code
    assert error.what in found["sides"][1]["why"]
    # The other side is measured all the same, and says what it can.
    assert found["sides"][0]["measured"]


@pytest.mark.parametrize("failing", ["tf2.15", "tf2.21"])
def test_files_that_could_not_be_exchanged_are_told_and_no_success(stacks, failing):
    stacks.answer("tf2.15", whole(), fails=["exchange"] if failing == "tf2.15" else [])
    stacks.answer("tf2.21", whole(), fails=["exchange"] if failing == "tf2.21" else [])
    done, found = data("--files", "weights,model")
    assert done.exit_code == 3, done.output
    assert found["headline"].endswith("what was measured; not all that was asked could be measured.")
    (unknown,) = found["unknown"]
    assert unknown == "not known: what becomes of a weights file or a model file of tf2.15 on tf2.21"
    notes = {side["stack"]: side["notes"] for side in found["sides"] if side["notes"]}
    assert list(notes) == [failing]
    (note,) = notes[failing]
    assert note.startswith("files could not be exchanged: the probe ended with status 1; its words are in ")
    for form in ("text", "markdown", "html"):
        shown = audit("--format", form, "--files", "weights").stdout
        assert "files could not be exchanged: the probe ended" in shown
        assert "not known: what becomes of a weights file of tf2.15 on tf2.21" in shown


def test_a_file_that_comes_back_in_part_on_both_is_no_all_clear(stacks):
    stacks.answer("tf2.15", whole(), loads={"tf2.15": {"checkpoint": "differs"}})
    stacks.answer("tf2.21", whole(), loads={"tf2.15": {"checkpoint": "differs"}})
    done, found = data()
    assert done.exit_code == 3, done.output
    (unknown,) = found["unknown"]
    assert unknown.startswith("not known: whether more of a TF checkpoint of tf2.15 is lost on tf2.21, for")
    assert unknown.endswith("this is not 'no difference'")
    kept = {"result": "differs", "back": [[0, 0], [1, 1]]}
    stacks.answer("tf2.15", whole(), loads={"tf2.15": {"checkpoint": kept}})
    for here, code in ((kept, 0), ({"result": "differs", "back": [[0, 0]]}, 1)):
        stacks.answer("tf2.21", whole(), loads={"tf2.15": {"checkpoint": here}})
        done, found = data()
        assert (done.exit_code, found["unknown"]) == (code, [])


def test_a_silent_loss_goes_before_files_that_could_not_be_exchanged(stacks):
    stacks.answer("tf2.15", whole())
    stacks.answer("tf2.21", raw_lost(), fails=["exchange"])
    done, found = data()
    assert done.exit_code == 1
    assert "; not all that was asked could be measured." in found["headline"]


def test_files_on_the_way_alone_are_only_told(stacks):
    for stack in ("tf2.15", "tf2.21"):
        stacks.answer(stack, whole())
    stacks.answer("tf2.18", whole(), fails=["exchange"])
    done, found = data("--via", "tf2.18")
    assert (done.exit_code, found["unknown"]) == (0, [])
    assert found["sides"][1]["notes"]


def test_a_launch_that_fails_costs_the_time_alone(stacks):
    stacks.answer("tf2.15", whole(), fails=["launch"])
    stacks.answer("tf2.21", whole(), fails=["launch"])
    done, found = data("--blocks", "5")
    assert done.exit_code == 3, done.output
    assert found["time"] is None
    (unknown,) = found["unknown"]
    assert unknown.startswith("time could not be measured: A launch of tf2.")
    assert "did not come to its end. Its words are in " in unknown
    assert unknown in audit("--blocks", "5").stdout
    stacks.answer("tf2.21", raw_lost(), fails=["launch"])
    assert audit("--blocks", "5").exit_code == 1


def test_the_step_at_which_each_difference_appears(stacks):
    stacks.answer("tf2.15", whole())
    stacks.answer("tf2.16", raw_lost())
    late = [variable("w:0", (5, 10), **LOST), variable(*KERNEL, in_checkpoint=False), variable(*BIAS)]
    stacks.answer("tf2.18", observation(*late, counted=33))
    stacks.answer("tf2.21", observation(*late, counted=33))
    done, found = data("--via", "tf2.16,tf2.18")
    assert done.exit_code == 1
    steps = {
        one["variables"][0] if one["variables"] else one["title"]: one["step"] for one in found["differences"]
    }
    assert steps["w:0"] == "from tf2.15 to tf2.16"
    assert steps["dense/kernel:0"] == "from tf2.16 to tf2.18"


@pytest.fixture
def published(tmp_path):
    """A store in which the case of raw variables changes from TensorFlow 2.15 to 2.16."""
    store, matrix = Store(tmp_path / "published"), load_matrix()
    entry = load_catalogue().get("raw-variable-attribute")
    (variant,) = entry.variants
    for stack in ("tf2.14", "tf2.15", "tf2.16", "tf2.21"):
        lost = LOST if stack in {"tf2.16", "tf2.21"} else {}
        seen = observation(variable("w", (variant.parameters,), **lost))
        digests = Digests(case=entry.digest, lock=lock_digest(matrix.get(stack)), probe=probe_digest())
        store.add(stack, digests, replace(seen, case=entry.id, variant=variant.names))
    return str(store.root)


FINDING = {
    "rule": "raw-variable",
    "kind": "uncounted",
    "place": "model.inner.scale",
    "line": "models.py:7",
    "variables": [0],
    "said": "not listed",
    "mend": "self.scale = self.add_weight(...)",
}


def test_the_doctors_rule_brings_the_cause_the_case_the_release_and_the_mend(stacks, published):
    stacks.answer("tf2.15", whole())
    stacks.answer("tf2.21", raw_lost(), listed=listed(KERNEL, BIAS, findings=[FINDING]))
    done, found = data(results=published)
    assert done.exit_code == 1
    (why,) = found["differences"][0]["explanations"]
    assert why["rule"] == "raw-variable"
    assert why["places"] == ["model.inner.scale (models.py:7)"]
    assert why["mend"] == FINDING["mend"]
    (case,) = why["cases"]
    assert (case["id"], case["verdict"]) == ("raw-variable-attribute", "uncounted")
    assert case["since"] == "between TensorFlow 2.15.1 and 2.16.2"
    text = audit(results=published).stdout
    assert "between TensorFlow 2.15.1 and 2.16.2, shown by raw-variable-attribute" in text
    assert FINDING["mend"] in text


def test_stacks_on_no_one_line_are_told_by_what_is_known(stacks, published):
    """Not that they are on none: that the results of the case differ so between the two."""
    store, entry = Store(Path(published)), load_catalogue().get("raw-variable-attribute")
    seen = store.observation("tf2.21", entry.id, entry.variants[0].names)
    row = load_matrix().get("keras3.0")
    digests = Digests(case=entry.digest, lock=lock_digest(row), probe=probe_digest())
    store.add(row.id, digests, seen)
    stacks.answer("tf2.15", whole())
    stacks.answer("keras3.0", raw_lost(), listed=listed(KERNEL, BIAS, findings=[FINDING]))
    known = "since: between tf2.15 and keras3.0, whose published results differ so, "
    for form, name in (("text", "shown by"), ("markdown", "shown by"), ("html", "as the catalogue's case")):
        shown = audit("--format", form, results=published, to="keras3.0").stdout
        assert known + name in shown
        assert "no one line" not in shown


def test_the_page_links_the_case_and_shows_it_once(stacks, published):
    stacks.answer("tf2.15", whole())
    stacks.answer("tf2.21", raw_lost(), listed=listed(KERNEL, BIAS, findings=[FINDING]))
    page = audit("--format", "html", results=published).stdout
    link = '<a href="#case-raw-variable-attribute"><code>raw-variable-attribute</code></a>'
    assert link in page
    assert page.count('id="case-raw-variable-attribute"') == 1
    entry = load_catalogue().get("raw-variable-attribute")
    assert f"<pre>{escape(entry.source)}</pre>" in page
    assert escape(entry.source) != entry.source
    assert f"{entry.file.name}, line {entry.line};" in page
    stacks.answer("tf2.21", whole())
    assert 'id="cases"' not in audit("--format", "html", results=published).stdout


def test_what_no_result_bears_out_has_no_release(stacks):
    stacks.answer("tf2.15", whole())
    stacks.answer("tf2.21", raw_lost(), listed=listed(KERNEL, BIAS, findings=[FINDING]))
    (why,) = data()[1]["differences"][0]["explanations"]
    assert why["cases"] == []
    assert "since: not known" in audit().stdout


def test_the_request_reaches_the_probe(stacks):
    for stack in ("tf2.15", "tf2.21"):
        stacks.answer(stack, whole())
    command = [
        "audit", "models.py:make", "--from", "tf2.15", "--to", "tf2.21", "-q", "--results", "none",
        "--timeout", "7", "--memory", "900", "--argument", "units=10", "--argument", "kind=deep",
        "--input-shape", "left=2,5",
        "--input-shape", "right=2,3:int32", "--path", "src",
    ]  # fmt: skip
    assert CliRunner().invoke(app, command).exit_code == 0
    asked = stacks.asked()
    spec = asked[0]["spec"]
    here = str(Path.cwd())
    assert spec["model"] == {
        "factory": f"{here}/models.py:make",
        "arguments": {"units": 10, "kind": "deep"},
        "path": [f"{here}/src", here],
    }
    assert [(one["name"], one["shape"], one["dtype"]) for one in spec["input"]] == [
        ("left", [2, 5], "float32"),
        ("right", [2, 3], "int32"),
    ]
    limits = [one["request"]["limits"] for one in asked]
    assert all(one == {"seconds": 7.0, "megabytes": 900} for one in limits)
    assert {one["command"] for one in asked} == {"serve", "list-weights", "exchange"}


def test_text_is_the_default_and_has_its_former_name(stacks):
    for stack in ("tf2.15", "tf2.21"):
        stacks.answer(stack, whole())
    assert audit("--format", "text").stdout == audit("--format", "terminal").stdout == audit().stdout


def test_what_is_wide_does_not_run_into_the_next_column(stacks):
    for stack in ("tf2.15", "tf2.21"):
        seen = whole()
        seen.phases["built"] = PhaseRecord("raised", raised=Raised("AnExceptionOfALongName", "no"))
        stacks.answer(stack, seen)
    assert "raises AnExceptionOfALongName  raises AnExceptionOfALongName\n" in audit().stdout


HOSTILE = "<script>alert(1)</script> | `x` \x1b[31m ![](http://a.b/c)"


def test_what_was_measured_is_text_and_no_markup(stacks, tmp_path):
    stacks.answer("tf2.15", whole())
    parts = [variable(HOSTILE, (5, 10), **LOST), variable(*KERNEL), variable(*BIAS)]
    stacks.answer("tf2.21", observation(*parts, counted=33, warnings=[HOSTILE]))
    assert "\x1b" not in audit().stdout
    markdown = audit("--format", "markdown").stdout
    assert "<script>" not in markdown
    assert "\x1b" not in markdown
    page = tmp_path / "page.html"
    assert audit("--format", "html", "-o", str(page)).exit_code == 1
    text = page.read_text()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "src=" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text
    assert not list(tmp_path.glob("*.part"))


def test_nothing_is_left_behind_and_nothing_is_kept(stacks, tmp_path):
    for stack in ("tf2.15", "tf2.21"):
        stacks.answer(stack, whole())
    assert audit().exit_code == 0
    assert list((tmp_path / ".nestbench" / "scratch").iterdir()) == []
    assert not (tmp_path / "results").exists()
