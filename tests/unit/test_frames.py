"""Stored results as judged cells, and as rows of tables."""

import sys
from pathlib import Path

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.digests import Digests, probe_digest
from nestbench.frames import State, cell_rows, collect, signals, variable_rows
from nestbench.matrix import load_matrix
from nestbench.store import StackFacts, Store, StoreError
from nestbench.verdicts import Entry, Verdict
from nestprobe.observation import ModelRecord, Observation, Outcome, PhaseRecord, Raised, VariableRecord

PAGE = """from nestprobe import case

@case(parameters=83, variants={"owner": ("layer", "model")})
def a_case(k, owner):
    "Symptom."
    return k
"""


def observed(owner, counted, used=True):
    lost = counted < 83
    phases = {
        "built": PhaseRecord("raised", raised=Raised("ValueError", "no"), python_calls=7),
        "called": PhaseRecord(
            "done",
            model=ModelRecord(count_params=counted, layers=["a (A)"], raised={"summary": Raised("E", "x")}),
            user_calls={"Inner": 1, "Outer": 2},
            warnings=["UserWarning: w"],
        ),
    }
    variables = [
        VariableRecord("w", [5, 10], "float32", True, "called", used, used, used, int(not lost), 0),
        VariableRecord("k", [33], "float32", True, "called", True, True, True, 1, 1, True),
        VariableRecord("n", [], "int64", False, "called", True, True, True, 0, 0),
    ]
    return Observation("a-case", {"owner": owner}, Outcome("observed"), phases, variables)


@pytest.fixture
def measured(tmp_path):
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "page.py").write_text(PAGE)
    catalogue = load_catalogue([folder], shipped=False)
    digests = Digests(case=catalogue.get("a-case").digest, lock="l", probe=probe_digest())
    store = Store(tmp_path / "results")
    store.add("tf2.15", digests, observed("layer", 83))
    store.add("tf2.15", digests, observed("model", 83))
    store.add("tf2.21", digests, observed("layer", 33))
    return store, catalogue.cells(["tf2.15", "tf2.21", "tf2.22"])


def test_every_cell_is_there_in_order(measured):
    store, cells = measured
    results = collect(store, cells)
    assert [result.cell for result in results] == cells
    assert [str(result.state) for result in results] == ["current"] * 3 + ["missing"] * 3
    assert results[2].judgement(Entry.CALL).headline == Verdict.UNCOUNTED
    assert results[3].judgement(Entry.CALL) is None


def test_a_result_of_another_lock_case_or_probe_is_stale(measured, monkeypatch):
    store, cells = measured
    states = [result.state for result in collect(store, cells, {"tf2.15": "l", "tf2.21": "other"})]
    assert states[:3] == [State.CURRENT, State.CURRENT, State.STALE]
    monkeypatch.setattr("nestbench.store.results.probe_digests", lambda: frozenset({"other"}))
    assert collect(store, cells)[0].state == State.STALE


@pytest.mark.parametrize(
    ("keras", "flavour", "engine"),
    [
        ("2.3.1", "keras2-package", "symbolic"),
        ("2.12.0", "keras2-package", None),
        ("2.3.0-tf", "tf.keras", None),
    ],
)
def test_what_the_probe_of_another_engine_measured_is_stale(measured, keras, flavour, engine):
    store, cells = measured
    for name in (None, "symbolic"):
        digests = Digests(case=cells[0].case.digest, lock="l", probe=probe_digest(engine=name))
        store.add("tf2.15", digests, observed("layer", 83))
        assert collect(store, cells)[0].state == State.CURRENT  # nobody knows which it needs
    for name in (None, "symbolic"):
        digests = Digests(case=cells[0].case.digest, lock="l", probe=probe_digest(engine=name))
        store.add("tf2.15", digests, observed("layer", 83))
        store.save_stack(StackFacts(stack="tf2.15", versions={"keras": keras}, flavour=flavour))
        assert collect(store, cells)[0].state == (State.CURRENT if name == engine else State.STALE)


def test_what_was_imported_tells_the_engine_as_the_matrix_does():
    published = Store(Path(__file__).parents[2] / "results" / "published")
    rows = {stack.id: stack for stack in load_matrix().stacks}
    told = {name: published.load_stack(name).engine for name in published.stacks()}
    assert told == {name: rows[name].engine for name in told}
    assert "symbolic" in told.values()


def test_a_stack_that_cannot_be_measured_is_unavailable_with_the_reason(measured):
    store, cells = measured
    results = collect(store, cells, unavailable={"tf2.21": "no interpreter", "tf2.22": "no wheel"})
    assert results[2].judgement(Entry.CALL).headline == Verdict.UNCOUNTED  # measured before
    judged = results[4].judgement(Entry.BUILD)
    assert (judged.headline, judged.evidence) == (Verdict.UNAVAILABLE, ("no wheel",))
    assert results[4].state == State.MISSING


def test_a_broken_result_is_not_shown_as_missing(measured):
    store, cells = measured
    store.path("tf2.15", "a-case").write_text("{")
    with pytest.raises(StoreError):
        collect(store, cells)


def test_a_row_for_each_cell_and_entry(measured):
    store, cells = measured
    rows = list(cell_rows(collect(store, cells)))
    assert len(rows) == 12  # six cells, two entries
    lost = [row for row in rows if (row["stack"], row["variant"]) == ("tf2.21", "owner=layer")]
    assert [row["verdict"] for row in lost] == ["uncounted", "raises"]
    call = lost[0]
    assert (call["counted"], call["expected"], call["parameters"]) == (33, 83, 83)
    assert call["group"] == "page"
    missing = [row for row in rows if row["state"] == "missing"]
    assert {(row["verdict"], row["counted"]) for row in missing} == {("", None)}


def test_signals():
    told = {f"{phase}.{signal}": value for phase, signal, value in signals(observed("layer", 33))}
    assert told["built.status"] == "raised"
    assert told["built.raised"] == "ValueError: no"
    assert told["built.python_calls"] == 7
    assert told["called.count_params"] == 33
    assert told["called.layers"] == 1
    assert told["called.summary"] == "raises E: x"
    assert told["called.user_calls"] == 3
    assert told["called.user_calls.Outer"] == 2
    assert told["called.warnings"] == 1
    assert told["variables.used"] == 83  # the integer state is no parameter
    assert told["variables.in_weights"] == 33
    assert "variables.changed_by_step" not in told  # not measured


def test_a_row_for_each_variable(measured):
    store, cells = measured
    rows = list(variable_rows(collect(store, cells)))
    assert len(rows) == 9
    assert [row["name"] for row in rows if row["stack"] == "tf2.21"] == ["w", "k", "n"]


def test_pandas_is_not_paid_for_by_the_import():
    import subprocess
    from pathlib import Path

    import nestbench

    code = "import sys, nestbench.frames, nestbench.report; sys.exit('pandas' in sys.modules)"
    root = str(Path(nestbench.__file__).parents[1])
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": root})
