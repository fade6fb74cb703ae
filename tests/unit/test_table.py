"""The comparison table: what it says, what it leaves out, and that nothing is said unmeasured."""

import csv
import io
import json
import shutil

import pytest
from rich.console import Console
from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.digests import Digests, probe_digest
from nestbench.errors import UsageError
from nestbench.frames import collect
from nestbench.report import Query, make_grid, print_table, to_csv, to_json, to_markdown, write_tables
from nestbench.report.words import LOOKS
from nestbench.store import Store
from nestbench.verdicts import Entry, Verdict
from nestprobe.observation import ModelRecord, Observation, Outcome, PhaseRecord, Raised, VariableRecord

PAGE = """from nestprobe import case

@case(parameters=83, variants={"owner": ("layer", "model")})
def a_case(k, owner):
    "Symptom."
    return k

@case(parameters=83)
def plain_case(k):
    "Symptom."
    return k
"""
OTHER = PAGE.replace("a_case", "b_case").replace("plain_case", "other_case")


def observed(cell, *, lost=False, built=83):
    held = {"in_weights": int(not lost), "changed_by_step": not lost, "in_weights_file": not lost}
    phases = dict.fromkeys(("trained", "saved-weights", "reloaded-weights"), PhaseRecord("done"))
    phases["called"] = PhaseRecord("done", model=ModelRecord(count_params=33 if lost else 83))
    phases["built"] = PhaseRecord("done", model=ModelRecord(count_params=built), python_calls=built)
    both = {"created_in": "called", "used": True, "used_in_inference": True, "used_in_training": True}
    both |= {"trainable": True, "dtype": "float32", "in_trainable_weights": 1}
    variables = [
        VariableRecord(name="w", shape=[5, 10], **both, **held),
        VariableRecord(name="k", shape=[33], **both, in_weights=1, changed_by_step=True),
    ]
    return Observation(cell.case.id, cell.variant.names, Outcome("observed"), phases, variables)


@pytest.fixture
def catalogue(tmp_path):
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "containers.py").write_text(PAGE)
    (folder / "attributes.py").write_text(OTHER)
    return load_catalogue([folder], shipped=False)


@pytest.fixture
def measure(tmp_path, catalogue):
    def fill(stacks, *, last_loses=True, leave_out=(), stale=()):
        store = Store(tmp_path / "results")
        for cell in catalogue.cells(stacks):
            if (cell.stack, cell.case.id) in leave_out:
                continue
            loses = last_loses and cell.stack == stacks[-1] and cell.case.id == "a-case"
            digest = "old" if cell.stack in stale else cell.case.digest
            digests = Digests(case=digest, lock="l", probe=probe_digest())
            store.add(cell.stack, digests, observed(cell, lost=loses))
        return store, catalogue.cells(stacks)

    return fill


def drawn(grid, width=120):
    text = io.StringIO()
    print_table(grid, Console(file=text, width=width), title="results")
    return text.getvalue()


def grid_of(measured, **query):
    store, cells = measured
    return make_grid(collect(store, cells), Query(**query))


def line_of(text, start):
    return next(line for line in text.splitlines() if line.strip().startswith(start))


FEW = ["tf2.0", "tf2.15", "tf2.21"]
ALL = [f"tf2.{minor}" for minor in range(22)]


def test_few_stacks_are_told_in_words(measure):
    text = drawn(grid_of(measure(FEW)))
    assert text.splitlines()[0] == "results: verdicts; 18 of 18 cells measured"
    row = [line for line in text.splitlines() if "uncounted 33/83, untrained, unsaved" in line]
    assert len(row) == 2
    assert row[0].count("tracked") == 2
    assert text.index("attributes") < text.index("b-case") < text.index("containers")
    assert "the forward pass reads more" in text  # the legend
    assert "not measured" not in text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("width", [80, 120, 160])
def test_all_stacks_fit_and_are_told_in_symbols(measure, width):
    text = drawn(grid_of(measure(ALL)), width)
    assert max(map(len, text.splitlines())) <= width
    assert "CTS" in text
    assert "…" not in text.replace("tf2.…", "")  # nothing is cut off
    assert "uncounted: " in text
    parts = [line for line in text.splitlines() if line.startswith("tf2.…")]
    shown = [name for line in parts for name in line.split()[1:]]
    assert shown == [str(minor) for minor in range(22)]
    assert len(parts) == 1 or width < 120


def test_symbols_are_distinct():
    assert len({look.symbol for look in LOOKS.values()}) == len(Verdict)
    assert {str(verdict) for verdict in LOOKS} == {str(verdict) for verdict in Verdict}


def test_a_missing_cell_is_shown_and_never_inherited(measure):
    grid = grid_of(measure(FEW, leave_out=[("tf2.15", "plain-case")]))
    assert (grid.measured, grid.expected) == (17, 18)
    text = drawn(grid)
    assert line_of(text, "plain-case").split() == ["plain-case", "tracked", "·", "tracked"]
    assert "·  not measured" in text
    assert "17 of 18 cells measured" in text
    assert "not measured" in to_csv(grid)
    cells = json.loads(to_json(grid))["cells"]
    absent = [cell for cell in cells if cell["state"] == "missing"]
    assert [(cell["stack"], cell["case"], cell["verdict"]) for cell in absent] == [
        ("tf2.15", "plain-case", None)
    ]


def test_nothing_measured_is_no_table_of_successes(measure, catalogue, tmp_path):
    grid = grid_of((Store(tmp_path / "absent"), catalogue.cells(FEW)))
    assert grid.measured == 0
    text = drawn(grid)
    assert "0 of 18 cells measured" in text
    assert "tracked" not in text


def test_stale_results_are_marked(measure):
    grid = grid_of(measure(FEW, stale=["tf2.0"]))
    text = drawn(grid)
    assert "6 of them stale" in text
    assert line_of(text, "plain-case").split() == ["plain-case", "tracked*", "tracked", "tracked"]
    assert "changed" in line_of(text, "*  measured before")
    assert "tracked\\*" in to_markdown(grid)


def test_counts(measure):
    text = drawn(grid_of(measure(FEW), show="count"))
    row = [line.split() for line in text.splitlines() if "33/83" in line]
    assert row[0] == ["owner=layer", "83", "83", "33/83"]
    assert "count_params() says 33" in text


def test_what_a_few_verdicts_rest_on_is_told(measure, monkeypatch):
    measured = measure(FEW)
    text = " ".join(drawn(grid_of(measured, cases=("a-case",), entries=(Entry.CALL,)), 400).split())
    assert "tf2.21 a-case[owner=layer]: " in text
    assert "not in weights: w (5, 10)" in text
    assert "nestbench table --case ID --stack ID" not in text
    monkeypatch.setattr("nestbench.report.table._EXPLAINED", 0)
    text = drawn(grid_of(measured))
    assert "nestbench table --case ID --stack ID" in text
    assert "not in weights" not in text


def test_any_signal(measure):
    grid = grid_of(measure(FEW), show="called.count_params")
    assert "33" in drawn(grid)
    assert {row.entry for row in grid.rows} == {Entry.CALL}
    assert json.loads(to_json(grid))["cells"][0]["value"] == 83
    with pytest.raises(UsageError, match=r"Did you mean 'called\.count_params' or"):
        grid_of(measure(FEW), show="caled.count_param")
    with pytest.raises(UsageError, match=r"the phases are built, called, .*, variables\.$") as refused:
        grid_of(measure(FEW), show="nosuchthing")
    assert "Did you mean" not in str(refused.value)


RAISED = PhaseRecord("raised", raised=Raised("TypeError", "no such argument"))
SILENT = {
    "it raised": (Outcome("observed"), {"built": RAISED}, "raises TypeError", "!", "built raised TypeError"),
    "it was skipped": (
        Outcome("observed"),
        {"built": PhaseRecord("skipped", reason="no such thing here")},
        "skipped", "?", "built was skipped: no such thing here",
    ),
    "it could not be read": (
        Outcome("observed"),
        {"built": PhaseRecord("done", model=ModelRecord(raised={"count_params": Raised("ValueError", "x")}))},
        "raises ValueError", "!", "count_params in the phase built raised ValueError: x",
    ),
    "nothing was left of the process": (
        Outcome("crashed", "SIGSEGV", "built"), {}, "crashed", "X", "SIGSEGV"
    ),
    "it does not apply": (Outcome("not-applicable", "no JAX"), {}, "not-applicable", "-", "no JAX"),
}  # fmt: skip


@pytest.mark.parametrize(("outcome", "phases", "words", "symbol", "why"), SILENT.values(), ids=SILENT)
def test_a_signal_that_has_no_value_says_why(measure, *, outcome, phases, words, symbol, why):
    many = [*FEW, "tf2.16", "tf2.17"]
    store, cells = measure(many)
    cell = next(one for one in cells if (one.stack, one.case.id) == ("tf2.15", "plain-case"))
    digests = Digests(case=cell.case.digest, lock="l", probe=probe_digest())
    store.add(cell.stack, digests, Observation(cell.case.id, {}, outcome, phases, []))
    asked = {"show": "built.count_params", "cases": ("plain-case",)}
    grid = grid_of((store, cells), stacks=("tf2.15", "tf2.21"), **asked)
    text = drawn(grid)
    assert line_of(text, "plain-case").split() == ["plain-case", *words.split(), "83"]
    assert why in text
    assert "not measured" not in text
    assert words in to_csv(grid)
    (silent,) = [one for one in json.loads(to_json(grid))["cells"] if one["stack"] == "tf2.15"]
    assert why in silent["evidence"][0]
    short = drawn(grid_of((store, cells), **asked))
    assert line_of(short, "plain-case").split() == ["plain-case", "83", symbol, "83", "83", "83"]
    assert any(line.split()[:1] == [symbol] for line in short.splitlines())  # the legend


def test_filters(measure):
    measured = measure(FEW)
    assert {row.case for row in grid_of(measured, cases=("*-case",), groups=("cont*",)).rows} == {
        "a-case",
        "plain-case",
    }
    assert grid_of(measured, stacks=("tf2.1*",)).stacks == ("tf2.15",)
    lost = grid_of(measured, verdicts=(Verdict.UNSAVED,))
    assert {(row.case, row.variant) for row in lost.rows} == {
        ("a-case", "owner=layer"),
        ("a-case", "owner=model"),
    }
    for field in ("cases", "groups", "stacks"):
        with pytest.raises(UsageError, match="nothing-like-it"):
            grid_of(measured, **{field: ("nothing-like-it",)})


def test_only_where_stacks_differ(measure):
    measured = measure(FEW, leave_out=[("tf2.0", "plain-case")], stale=["tf2.15"])
    rows = grid_of(measured, differs=True).rows
    # Neither a missing cell nor a stale mark is a difference of behaviour. The build row of the
    # lossy case says the same on every stack.
    assert {(row.case, row.entry) for row in rows} == {("a-case", Entry.CALL)}
    empty = drawn(grid_of(measured, differs=True, stacks=("tf2.0",)))
    assert "No row is left" in empty


def test_the_build_row_is_there_only_where_it_says_something_else(measure):
    measured = measure(FEW)
    rows = [(row.case, row.variant) for row in grid_of(measured).rows if row.entry == Entry.BUILD]
    assert rows == [("a-case", "owner=layer"), ("a-case", "owner=model")]
    assert "judged by what count_params() says" in " ".join(drawn(grid_of(measured)).split())
    alone = grid_of(measured, entries=(Entry.BUILD,)).rows
    assert len(alone) == 6
    assert {row.entry for row in grid_of(measured, entries=(Entry.CALL,)).rows} == {Entry.CALL}


def test_markdown_csv_and_json_say_the_same(measure):
    grid = grid_of(measure(FEW))
    markdown = to_markdown(grid)
    assert "| a-case[owner=layer] | tracked | tracked | uncounted 33/83, untrained, unsaved |" in markdown
    rows = list(csv.DictReader(io.StringIO(to_csv(grid))))
    assert rows[-1]["case"] == "plain-case"
    first = next(row for row in rows if row["case"] == "a-case" and row["entry"] == "call")
    assert first["tf2.21"] == "uncounted 33/83, untrained, unsaved"
    data = json.loads(to_json(grid))
    assert (data["measured"], data["expected"], data["stacks"]) == (18, 18, FEW)
    lost = next(cell for cell in data["cells"] if cell["verdict"] == "uncounted")
    assert lost["findings"] == ["uncounted", "untrained", "unsaved"]
    assert "not in weights: w (5, 10)" in lost["evidence"]


def test_write_tables(measure, tmp_path):
    store, cells = measure(FEW)
    grid = write_tables(store, cells, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "table.csv",
        "table.json",
        "table.md",
    ]
    assert (tmp_path / "out/table.md").read_text(encoding="utf-8") == to_markdown(grid)


def test_the_same_results_give_the_same_tables_whatever_their_folder_is_called(measure, tmp_path):
    store, cells = measure(FEW)
    other = shutil.copytree(store.root, tmp_path / "elsewhere")
    for root in (store.root, other):
        write_tables(Store(root), cells, root)
    for kind in ("md", "csv", "json"):
        name = f"table.{kind}"
        assert (store.root / name).read_bytes() == (other / name).read_bytes()
    for form in ("markdown", "csv", "json"):
        one, two = (
            CliRunner().invoke(
                app,
                ["table", "--format", form, "--cases", str(tmp_path / "cases"), "--results", str(root)],
            )
            for root in (store.root, other)
        )
        assert "a-case" in one.stdout
        assert one.stdout == two.stdout


def test_stacks_of_two_kinds_keep_their_names(measure):
    text = drawn(grid_of(measure([*ALL[:6], "here-tf2.21.0-py3.13"])), 100)
    assert "tf2.…" not in text
    assert "tf2.21.0" in text
