"""The tables of results/report.md: only what differs, columns joined only where both sides were measured."""

import pytest

from nestbench.catalogue import load_catalogue
from nestbench.digests import Digests
from nestbench.report.differing import render
from nestbench.store import Store
from nestprobe.observation import ModelRecord, Observation, Outcome, PhaseRecord, Raised, VariableRecord

PAGE = """from nestprobe import case

@case(parameters=50, variants={"owner": ("layer", "model"), "kind": ("list", "dict", "tuple")})
def a_case(k, owner, kind):
    "Symptom."

@case(parameters=50)
def plain_case(k):
    "Symptom."
"""
STACKS = [f"tf2.{minor}" for minor in range(9, 15)]


@pytest.fixture
def catalogue(tmp_path):
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "containers.py").write_text(PAGE)
    return load_catalogue([folder], shipped=False)


def observed(cell, *, raises):
    done, failed = PhaseRecord("done"), PhaseRecord("raised", raised=Raised("ValueError", "no"))
    phases = dict.fromkeys(("built", "trained", "saved-weights", "reloaded-weights"), done)
    phases["called"] = failed if raises else PhaseRecord("done", model=ModelRecord(count_params=50))
    used = {"used": True, "used_in_inference": True, "used_in_training": True}
    variable = VariableRecord(
        name="w", shape=[5, 10], dtype="float32", trainable=True, created_in="called", in_weights=1,
        in_trainable_weights=1, changed_by_step=True, in_weights_file=True, gradient=True,
        restored_from_weights_file=True, **used,
    )  # fmt: skip
    return Observation(
        cell.case.id, cell.variant.names, Outcome("observed"), phases, [] if raises else [variable]
    )


@pytest.fixture
def table(tmp_path, catalogue):
    """The table's lines, where ``raises(stack, case, variant)`` and ``leave_out(stack, case)`` say."""

    def made(raises, leave_out=lambda _stack, _case: False):
        store = Store(tmp_path / "results")
        for cell in catalogue.cells(STACKS):
            if not leave_out(cell.stack, cell.case.id):
                digests = Digests(case=cell.case.digest, lock="l", probe="an older probe")
                failed = raises(cell.stack, cell.case.id, cell.variant.names)
                store.add(cell.stack, digests, observed(cell, raises=failed))
        return [line for line in render(store, catalogue).splitlines() if line.startswith("|")]

    return made


def new(stack):
    return int(stack.split(".")[1]) >= 12


def test_neighbours_that_say_the_same_are_one_column_and_the_rest_is_left_out(table):
    head, _, group, *rows = table(lambda stack, case, _: new(stack) and case == "a-case")
    assert head == "| case | 2.9–2.11 | 2.12–2.14 |"  # noqa: RUF001 - a range
    assert group.startswith("| **containers** |")
    assert rows == ["| [a-case](../cases/containers.py) | ✓ | **!** raises |"]


def test_variants_that_are_alike_are_one_row_named_by_what_they_share(table):
    rows = table(lambda stack, case, names: new(stack) and case == "a-case" and names["owner"] == "model")
    assert rows[3:] == ["| [a-case](../cases/containers.py): owner model | ✓ | **!** raises |"]


def test_variants_that_share_nothing_are_listed(table):
    odd = ({"owner": "model", "kind": "list"}, {"owner": "layer", "kind": "dict"})
    rows = table(lambda stack, case, names: new(stack) and case == "a-case" and names in odd)
    assert "a-case](../cases/containers.py): owner=layer, kind=dict; owner=model, kind=list |" in rows[3]


def test_a_stack_that_was_not_measured_joins_no_neighbour(table):
    head, _, _, row = table(
        lambda stack, case, _: new(stack) and case == "a-case",
        lambda stack, case: stack == "tf2.13" and case == "a-case",
    )
    assert head == "| case | 2.9–2.11 | 2.12 | 2.13 | 2.14 |"  # noqa: RUF001 - a range
    assert row.endswith("| ✓ | **!** raises | · | **!** raises |")


def test_no_results_are_said_to_be_none(tmp_path, catalogue):
    assert "Nothing is published yet." in render(Store(tmp_path / "none"), catalogue)
