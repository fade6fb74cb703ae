"""Portability: what is chosen, what stands for a file that is not there, what is kept and shown."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.errors import GroundError, UsageError
from nestbench.matrix import load_matrix
from nestbench.portability import Loaded, Loads, Shelf, choose
from nestbench.portability.exchange import Exchange
from nestbench.portability.record import basis
from nestbench.portability.report import WEIGHTS_FILE, to_csv, to_text
from nestbench.run import session
from nestbench.run.orchestrate import Prepared
from nestbench.run.probe_process import Limits
from nestbench.run.workspace import Workspace
from nestbench.site import portable
from nestbench.site.exchanged import exchange_of
from nestbench.site.page import render
from nestbench.store.disk import StoreError

CATALOGUE, MATRIX = load_catalogue(), load_matrix()
STACKS, CASES = ["tf2.1", "tf2.21"], ["list-of-layers", "raw-variable-attribute"]
LABELS = ["list-of-layers[owner=layer]", "list-of-layers[owner=model]", "raw-variable-attribute"]
COMMITTED = Path(__file__).parents[2] / "results" / "portability"


def chosen():
    return choose(MATRIX, CATALOGUE, STACKS, CASES)


def test_the_default_spans_the_eras():
    default = choose(MATRIX, CATALOGUE)
    assert len(default.stacks) >= 12
    assert len(default.cells) >= 15
    assert {stack.backend for stack in default.stacks} == {"tensorflow", "jax", "torch"}
    assert {stack.keras.split(".")[0] for stack in default.stacks} == {"2", "3"}


def test_what_is_asked_for():
    assert [stack.id for stack in chosen().stacks] == STACKS
    assert [entry.id for entry, _ in chosen().cells] == [
        "list-of-layers", "list-of-layers", "raw-variable-attribute",
    ]  # fmt: skip
    other = choose(MATRIX, CATALOGUE, STACKS, ["wide-list"])
    assert [variant.label for _, variant in other.cells] == ["n=4"]
    for stacks, cases in ((["tf2.1"], []), (["tf9.9", "tf2.1"], []), (STACKS, ["nothing"])):
        with pytest.raises(UsageError):
            choose(MATRIX, CATALOGUE, stacks, cases)


def test_files_are_exchanged_on_the_cpu():
    found = choose(MATRIX, CATALOGUE, ["tf2.15", "tf2.21*"], CASES).stacks
    assert [stack.id for stack in found] == ["tf2.15", "tf2.21", "tf2.21-tfkeras", "tf2.21-legacy"]
    with pytest.raises(UsageError, match=r"tf2\.21-gpu is on a GPU"):
        choose(MATRIX, CATALOGUE, ["tf2.15", "tf2.21-gpu"], CASES)


def answered(_, stack, action, *_made, chosen, **_limits):
    """What the stacks answer, in place of ``Exchange._ask``."""
    return {"cells": [{"entries": entries(stack.id, action, entry.id)} for entry, _ in chosen.cells]}


class Staged(Exchange):
    """An exchange whose stacks answer as the test says."""

    def __init__(self, tmp_path, answers, prepare=None):
        self.__dict__.update(
            chosen=chosen(), workspace=Workspace(root=tmp_path), shelf=Shelf(root=tmp_path / "kept"),
            prepare=prepare or (lambda _stack, _say: Prepared(python=Path("python"))), workers=2,
            say=lambda _text: None, limits=Limits(seconds=1), answers=answers, asked=[], again=[],
        )  # fmt: skip

    def _ask(self, stack, action, made, scratch, *, chosen, limits):
        assert (scratch / "files").is_dir()
        if chosen is self.chosen:
            self.asked.append((stack.id, action))
        else:
            self.again.append((stack.id, action, [one.id for one in chosen.stacks], limits.seconds))
        return {"cells": [{"entries": self.answers(stack.id, action, entry.id)} for entry, _ in chosen.cells]}


def entries(stack, action, case):
    if action == "save":
        model = (
            {"result": "not-saved", "detail": "ValueError: no"} if stack == "tf2.1" else {"result": "saved"}
        )
        return [
            {"saver": stack, "kind": "weights", "result": "saved"},
            {"saver": stack, "kind": "model", **model},
            {"saver": stack, "kind": "checkpoint", "result": "saved"},
        ]
    hangs = case == "raw-variable-attribute"
    return [
        {"saver": saver, "kind": "weights", "result": "equal" if saver == stack else "refuses", "detail": ""}
        for saver in STACKS
    ] + [
        {"saver": "tf2.21", "kind": "model", "result": "equal", "warnings": ["UserWarning: old"]},
        {"saver": "tf2.1", "kind": "checkpoint", "result": "timed-out" if hangs else "differs"},
        {"saver": "tf2.21", "kind": "checkpoint", "result": "equal"},
    ]


def test_findings_are_kept_and_not_measured_again(tmp_path):
    exchange = Staged(tmp_path, entries)
    assert exchange.run() == {}
    assert sorted(exchange.asked) == [(stack, action) for stack in STACKS for action in ("load", "save")]
    kept = exchange.shelf.load("tf2.21")
    assert kept.basis == basis(exchange.chosen, MATRIX.get("tf2.21"))
    found = kept.found["list-of-layers[owner=layer]"]
    assert found["tf2.1"]["weights"] == Loaded(result="refuses")
    assert found["tf2.1"]["model"] == Loaded(result="not-saved", detail="nothing to load: ValueError: no")
    assert found["tf2.21"]["model"] == Loaded(result="equal", warnings=("UserWarning: old",))
    assert kept.found["raw-variable-attribute"]["tf2.1"]["checkpoint"].result == "timed-out"
    before = exchange.shelf.path("tf2.21").read_bytes()
    exchange.asked.clear()
    assert exchange.run() == {}
    assert exchange.asked == []
    exchange.run(again=True)
    assert exchange.shelf.path("tf2.21").read_bytes() == before


def test_a_file_that_timed_out_among_others_is_tried_by_itself_before_it_is_believed(tmp_path):
    exchange = Staged(tmp_path, entries)
    exchange.run()
    assert sorted(exchange.again) == [(stack, "load", ["tf2.1"], 3) for stack in STACKS]
    assert exchange.shelf.load("tf2.21").found[LABELS[2]]["tf2.1"]["checkpoint"].result == "timed-out"

    def late(stack, action, case):
        found = entries(stack, action, case)
        for one in found:
            if one["result"] == "timed-out":
                alone = stack in {name for name, *_ in exchange.again}
                one.update({"result": "equal"} if alone else {"detail": "timed-out limit of 1 s"})
        return found

    exchange = Staged(tmp_path, late)
    exchange.run(again=True)
    for stack in STACKS:
        kept = exchange.shelf.load(stack).found[LABELS[2]]["tf2.1"]
        assert kept["checkpoint"] == Loaded(result="equal")


def test_a_stack_that_cannot_be_made_is_named_and_costs_no_other(tmp_path):
    def prepare(stack, _say):
        if stack == "tf2.1":
            raise GroundError("no Python 3.7 here")
        return Prepared(python=Path("python"))

    exchange = Staged(tmp_path, entries, prepare)
    assert exchange.run() == {"tf2.1": "no Python 3.7 here"}
    assert exchange.shelf.load("tf2.1") is None


def test_what_a_stack_that_failed_left_open_is_measured_once_it_can_be(tmp_path, monkeypatch):
    failing = {"tf2.1"}

    def prepare(stack, _say):
        if stack in failing:
            raise GroundError("no Python 3.7 here")
        return Prepared(python=Path("python"))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "tox_prepare", lambda *_, **__: prepare)
    monkeypatch.setattr(Exchange, "_ask", answered)
    shelf = Shelf(root=tmp_path / "kept")

    def run():
        arguments = [*STACKS, *(f"--case={name}" for name in CASES), "--results", str(shelf.root)]
        return CliRunner().invoke(app, ["portability", *arguments]).exit_code

    assert [run(), run()] == [3, 3]
    assert not shelf.load("tf2.21").whole
    failing.clear()
    assert run() == 0
    assert all(shelf.load(stack).whole for stack in STACKS)


def test_what_is_there_of_a_stack_that_cannot_save_this_time_stays_where_it_is_current(tmp_path):
    def prepare(stack, _say):
        if stack in failing:
            raise GroundError("no Python 3.7 here.")
        return Prepared(python=Path("python"))

    def answers(stack, action, case):
        return [one for one in entries(stack, action, case) if one["saver"] not in failing]

    failing, exchange = set(), Staged(tmp_path, answers, prepare)
    exchange.run()
    before = exchange.shelf.path("tf2.21").read_bytes()
    failing.add("tf2.1")
    told = {"tf2.1": "no Python 3.7 here; what 1 stack loaded of its files before stays"}
    assert [exchange.run(again=True), exchange.run(again=True)] == [told, told]
    assert exchange.shelf.path("tf2.21").read_bytes() == before
    exchange.shelf.save(replace(exchange.shelf.load("tf2.21"), basis="of another lock"))
    assert exchange.run() == {"tf2.1": "no Python 3.7 here."}
    found = exchange.shelf.load("tf2.21").found[LABELS[0]]["tf2.1"]
    assert {kind: one.result for kind, one in found.items()} == dict.fromkeys(found, "unavailable")


def test_what_is_said_of_several_files_stands_once(tmp_path):
    shelf, text = Shelf(root=tmp_path), "ValueError: no such layer"
    files = {
        "weights": Loaded(result="refuses", detail=text),
        "model": Loaded(result="differs", warnings=(text, "UserWarning: another")),
        "checkpoint": Loaded(result="equal", back=((0, 1),)),
    }
    kept = Loads(stack="tf2.1", basis="b", found={"a-case": {"tf2.1": files, "tf2.21": files}})
    shelf.save(kept)
    assert shelf.load("tf2.1") == kept
    assert shelf.path("tf2.1").read_text().count(text) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": 2, "stack": "tf2.1"}',
        '{"schema": 1, "stack": "tf2.1", "basis": "b", "found": {}}',  # of an older nestbench
        (
            '{"schema": 2, "stack": "tf2.1", "basis": "b", "said": ["no"],'
            ' "found": {"a": {"tf2.1": {"model": {"result": "refuses", "detail": 1}}}}}'
        ),
        (
            '{"schema": 2, "stack": "tf2.1", "basis": "b", "said": ["no"],'
            ' "found": {"a": {"tf2.1": {"model": {"result": "refuses", "detail": -1}}}}}'
        ),
    ],
)
def test_a_broken_file_is_told(tmp_path, text):
    shelf = Shelf(root=tmp_path)
    shelf.path("tf2.1").write_text(text)
    with pytest.raises(StoreError, match="broken"):
        shelf.load("tf2.1")


def loads(stack, **results):
    return Loads(
        stack=stack,
        basis="b",
        found={
            label: {"tf2.1": {"weights": Loaded(result=result)}}
            for label, result in zip(LABELS, results["of"], strict=True)
        },
    )


def test_squares_count_what_comes_back_equal():
    text = to_text([loads("tf2.21", of=["equal", "refuses", "not-saved"])], LABELS, markdown=True)
    assert "| saved on | tf2.21 |" in text
    assert "| tf2.1 | 1/2 R |" in text
    assert "| tf2.1 | H |" in to_text(
        [loads("x", of=["equal", "equal", "timed-out"])], LABELS[2:], markdown=True
    )


def test_which_weights_file_is_meant_is_said_where_one_reads_of_it():
    assert to_text([loads("tf2.21", of=["equal"] * 3)], LABELS).endswith(f"{WEIGHTS_FILE}\n")
    assert WEIGHTS_FILE in Path(__file__).parents[2].joinpath("docs", "results.md").read_text(
        encoding="utf-8"
    )
    told = "Do not rename a good <code>.h5</code> to <code>.weights.h5</code>"
    assert told in render("about.html", root="", page="about.html", absent=[])
    loaded = [loads("tf2.21", of=["equal"] * 3)]
    places = {label: f"place-{at}" for at, label in enumerate(LABELS)}
    view = portable.view(loaded, exchange_of(loaded, places, ()))
    assert told in render("portability.html", root="", page="portability.html", **view)


def test_the_page_about_it_names_what_differs_between_two_runs():
    page = render("about.html", root="", page="about.html", absent=[])
    assert "lambda-captures-layer" in page
    assert "order of their addresses" in page


def test_csv_has_a_row_a_file():
    rows = list(csv.DictReader(io.StringIO(to_csv([loads("tf2.21", of=["equal", "differs", "crashed"])]))))
    assert [row["result"] for row in rows] == ["equal", "differs", "crashed"]
    assert {row["loaded_on"] for row in rows} == {"tf2.21"}


def test_what_is_committed_is_whole_and_current():
    default = choose(MATRIX, CATALOGUE)
    shelf = Shelf(root=COMMITTED)
    for stack in default.stacks:
        kept = shelf.load(stack.id)
        assert kept is not None, "run `nestbench portability`"
        assert kept.basis == basis(default, stack), "run `nestbench portability`"
        assert kept.whole, "run `nestbench portability`"
        assert len(kept.found) == len(default.cells)
        assert all(set(rows) == {one.id for one in default.stacks} for rows in kept.found.values())
    assert {path.stem for path in COMMITTED.glob("*.json")} == {stack.id for stack in default.stacks}


def test_wrong_usage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in (["tf2.1"], ["tf2.1", "nowhere"], ["--case", "nothing"]):
        assert CliRunner().invoke(app, ["portability", *arguments]).exit_code == 2
