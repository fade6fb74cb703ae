"""The command line: words, exit codes, and what is not imported."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from nestbench.cli import app, run
from nestbench.digests import Digests
from nestbench.errors import GroundError, IncompleteError, UsageError
from nestbench.store import Store
from nestprobe.observation import Observation, Outcome

HEAVY = {"pandas", "pydantic", "numpy", "rich", "tox", "packaging", "nestbench.catalogue"}


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def fails_with(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("nestbench.catalogue.load_catalogue", fail)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["cases", "--help"]])
def test_help_pays_for_no_heavy_import(arguments):
    code = (
        "import sys, nestbench.cli\n"
        "try: nestbench.cli.main()\n"
        "except SystemExit as end: code = end.code\n"
        "print(sorted(name for name in sys.modules if '.' not in name or name.startswith('nestb')))\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    loaded = set(eval(done.stdout.splitlines()[-1]))
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no such case", do="Look."), 2),
        (IncompleteError("not measured"), 3),
        (GroundError("no network", why="the cable", do="Plug it in."), 4),
        (OSError(28, "No space left on device", "/results"), 4),
        (RuntimeError("boom"), 4),
        (KeyboardInterrupt(), 3),
    ],
)
def test_every_error_is_a_message_and_an_exit_code(call, monkeypatch, error, code):
    fails_with(monkeypatch, error)
    done = call("cases")
    assert done.exit_code == code
    assert done.stderr.startswith("nestbench: ")
    assert "Traceback" not in done.stderr
    assert ("Run the same command again." in done.stderr) is isinstance(error, KeyboardInterrupt)


def test_debug_shows_the_traceback(call, monkeypatch):
    fails_with(monkeypatch, RuntimeError("boom"))
    assert "Traceback" in call("--debug", "cases").stderr


def test_a_full_disk_says_what_to_do(call, monkeypatch):
    fails_with(monkeypatch, OSError(28, "No space left on device", "/results"))
    assert "Free some space" in call("cases").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--workers", "0"],
        ["run", "--launch", "teleport"],
        ["run", "--all", "tf2.15"],
        ["run", "--here", "tf2.15"],
        ["run", "--device", "gpu"],
        ["run", "tf2.15", "--device", "gpu"],
        ["run", "--here", "--device", "tpu"],
        ["bench", "isolation", "tf2.21-gpu"],
        ["portability", "tf2.15", "tf2.21-gpu"],
        ["run", "tf2.99"],
        ["run", "--case", "no-such-case"],
        ["lock", "--missing", "--check"],
        ["cases", "show", "no-such-case"],
        ["cases", "show", "list-*"],
        ["compare", "tf2.1?", "tf2.21"],
        ["compare", "tf2.21", "tf2.1?"],
        ["import", "nowhere.json"],
        ["no-such-command"],
    ],
)
def test_wrong_usage_exits_with_2(call, arguments):
    assert call(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("line", "what", "do"),
    [
        ("table --format xml", "'--format': 'xml' is not one of ", "`nestbench table --help` lists"),
        ("run --timeout abc", "'--timeout': 'abc' is no number.", "`nestbench run --help` lists"),
        ("run --timeout {x}", "'--timeout': '{x}' is no number.", "`nestbench run --help` lists"),
        ("check --workers 1.5", "'--workers': '1.5' is no whole number.", "`nestbench check --help` lists"),
        ("check --workers 0", "'--workers': 0 is less than 1.", "`nestbench check --help` lists"),
        ("table --formt json", "--formt.", "Did you mean '--format'? `nestbench table --help` lists"),
        ("run --results", "'--results' requires an argument.", "`nestbench run --help` lists"),
        ("cases show", "'ID'.", "`nestbench cases show --help` lists"),
        ("tabel", "'tabel'.", "`nestbench --help` lists"),
        ("--nope", "--nope.", "`nestbench --help` lists"),
    ],
)
def test_wrong_usage_that_typer_finds_is_told_as_all_other(call, line, what, do):
    said = call(*line.split())
    assert said.exit_code == 2
    first, second = said.stderr.splitlines()
    assert first.startswith("nestbench: ")
    assert what in first
    assert second.startswith(f"  what to do: {do}")
    assert "Value error" not in first


def test_a_group_of_commands_alone_is_asking_for_help(call):
    assert call("bench").stderr.startswith("Usage: nestbench bench")


def test_a_table_of_nothing_is_incomplete(call):
    done = call("table", "--results", "nowhere")
    assert done.exit_code == 3
    assert "nestbench run" in done.stderr


def test_a_mistyped_folder_for_an_output_is_told_before_any_work(call, tmp_path):
    for command in (["table", "-o", "mistyped/table.md"], ["pack", "mistyped/probe.pyz"]):
        done = call(*command)
        assert done.exit_code == 2
        assert f"no folder {tmp_path / 'mistyped'}" in done.stderr
    assert not (tmp_path / "mistyped").exists()


def test_what_a_case_file_prints_is_no_part_of_a_list(call, tmp_path):
    (tmp_path / "own").mkdir()
    text = "from nestprobe import case\nprint('hello')\n@case(parameters=3)\ndef mine(k):\n    'Mine.'\n"
    (tmp_path / "own" / "mine.py").write_text(text)
    assert json.loads(call("cases", "mine", "--cases", "own", "--format", "json").stdout)
    refused = call("cases", "--cases", "own/mine.py")
    assert refused.exit_code == 2
    assert "is a file" in refused.stderr


def test_results_into_a_file_are_refused(call, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "result.json").write_text("{}")
    done = call("import", "result.json", "--results", "file")
    assert done.exit_code == 2
    assert "is a file, not a folder" in done.stderr
    below = call("import", "result.json", "--results", "file/below")
    assert below.exit_code == 4
    folder = tmp_path / "file" / "below"
    assert below.stderr.startswith(f"nestbench: No result can be written to {folder}\n")


def test_an_unknown_stack_names_the_nearest(call):
    assert "tf2.19" in call("run", "tf2.99").stderr


def test_all_unknown_names_are_told_at_once(call):
    done = call("run", "tf215", "tf9", "--case", "articel-example-1", "--case", "fooo", "--group", "artcle")
    assert done.exit_code == 2
    for word in ("stack 'tf215'", "stack 'tf9'", "case 'articel-example-1'", "case 'fooo'", "group 'artcle'"):
        assert word in done.stderr
    assert "'article-example-1'" in done.stderr
    assert "`nestbench matrix` lists all stacks. `nestbench cases` lists all cases and groups." in done.stderr


def test_a_pattern_where_one_name_is_taken_is_told_with_the_names(call):
    done = call("compare", "tf2.2?", "tf2.15")
    assert "'tf2.2?' stands for 2 stacks; one stack is taken here.\n" in done.stderr
    assert "Name one: tf2.20, tf2.21." in done.stderr
    done = call("cases", "show", "article-example-?")
    assert "Name one: article-example-1, article-example-2, article-example-3." in done.stderr


def test_two_unknown_stacks_are_told_at_once(call):
    assert "no stack 'tf9.1', no stack 'tf9.2'" in call("compare", "tf9.1", "tf9.2").stderr


def test_a_row_without_a_lock_is_told_where_locks_are_looked_for(call, tmp_path):
    from nestbench.matrix.loading import SHIPPED

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "stacks.toml").write_bytes(SHIPPED.read_bytes())
    done = call("run", "tf2.15", "--matrix", "mine/stacks.toml")
    assert done.exit_code == 3
    locks = tmp_path / "mine" / "locks"
    assert f"it has no lock in {locks}, the folder beside its matrix file" in done.stdout
    assert "locks beside it" in " ".join(call("run", "--help").stdout.split())


def test_differing_needs_two_stacks(call, tmp_path):
    store = measured(tmp_path / "results")
    alone = call("table", "--results", "results", "--differs")
    assert alone.exit_code == 3
    assert "--differs needs two stacks, and tf2.15 is the only one with results here." in alone.stderr
    digests = Digests(case="", lock="", probe="")
    store.add("tf2.16", digests, Observation("article-example-1", {}, Outcome("observed")))
    assert call("table", "--results", "results", "--differs").exit_code == 0
    chosen = call("table", "--results", "results", "--differs", "--stack", "tf2.15")
    assert chosen.exit_code == 2
    assert "Name more with --stack" in chosen.stderr


def test_stacks_are_chosen_by_pattern(call):
    rows = json.loads(call("matrix", "tf2.2?", "tf2.1", "--format", "json").stdout)
    assert [row["id"] for row in rows] == ["tf2.20", "tf2.21", "tf2.1"]


def measured(folder):
    """A store with one result of a shipped case on tf2.15."""
    store = Store(folder)
    digests = Digests(case="", lock="", probe="")
    store.add("tf2.15", digests, Observation("article-example-1", {}, Outcome("observed")))
    return store


def test_what_is_known_and_not_measured_is_said_to_be_so(call, tmp_path):
    measured(tmp_path / "results")
    done = call("table", "--results", "results", "--stack", "tf2.21", "--case", "article-example-2")
    assert done.exit_code == 3
    assert "stack tf2.21, case article-example-2" in done.stderr
    assert "`nestbench run tf2.21 --case article-example-2`" in done.stderr
    done = call("table", "--results", "results", "--stack", "tf99")
    assert done.exit_code == 2
    assert "no stack 'tf99'" in done.stderr


def test_a_table_says_what_it_leaves_out(call, tmp_path):
    store = measured(tmp_path / "results")
    done = call("table", "--results", "results")
    assert done.exit_code == 0
    assert "Measured on no stack and left out: " in done.stderr
    assert "tf2.15: which versions were imported is not known" in done.stderr
    store.add("tf2.15", Digests(case="", lock="", probe=""), Observation("of-mine", {}, Outcome("observed")))
    (store.root / "tf2.15" / "article-example-1.json").unlink()
    done = call("table", "--results", "results")
    assert done.exit_code == 3
    assert "1 case (of-mine)" in done.stderr
    assert "--cases DIR" in done.stderr


def test_cases_lists_by_default_and_takes_a_pattern(call):
    everything = json.loads(call("cases", "--format", "json").stdout)
    some = json.loads(call("cases", "article-*", "--format", "json").stdout)
    assert {"id", "group", "sources", "variants", "file", "line"} <= set(everything[0])
    assert {one["group"] for one in some} == {"article"}
    assert "article-example-1" in call("cases", "list", "article-example-1").stdout


def test_a_case_is_shown_with_its_claim_its_place_and_its_source(call):
    shown = call("cases", "show", "article-example-1").stdout
    assert "50 parameters are used" in shown
    assert "cases/article.py:" in shown
    assert "class InnerLayer(k.Layer)" in shown


def test_own_cases_stand_beside_the_shipped_ones(call, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.py").write_text(
        "from nestprobe import case\n\n@case(parameters=3)\ndef my_own(k):\n    '''Mine.'''\n"
    )
    listed = json.loads(call("cases", "--cases", "own", "--format", "json").stdout)
    assert {"my-own", "article-example-1"} <= {one["id"] for one in listed}


def test_matrix_as_json_has_a_row_per_stack_with_its_fields(call):
    rows = json.loads(call("matrix", "tf2.0", "tf2.15", "--format", "json").stdout)
    assert [row["id"] for row in rows] == ["tf2.0", "tf2.15"]
    assert rows[1]["tensorflow"].startswith("2.15.")
    assert all(row["runs"] or (row["reason"] and row["remedy"]) for row in rows)


def test_a_row_on_a_gpu_says_what_of_the_backend_it_takes(call, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (row,) = json.loads(call("matrix", "tf2.21-gpu", "--format", "json").stdout)
    assert (row["device"], row["extras"], row["runs"]) == ("gpu", ["and-cuda"], False)
    assert row["reason"].startswith("no NVIDIA GPU is visible here (CUDA_VISIBLE_DEVICES is '', ")
    ran = call("run", "tf2.21-gpu", "--results", str(tmp_path))
    assert ran.exit_code == 3
    assert "tf2.21-gpu: unavailable: no NVIDIA GPU is visible here" in ran.stdout
    assert not list(tmp_path.glob("**/tf2.21-gpu*"))


def test_claims_pass_over_stacks_on_a_gpu_that_nobody_measured(call, tmp_path):
    measured(tmp_path)
    said = call("claims", "article-3", "--results", str(tmp_path)).stdout
    assert "not measured on tf2.0 to " in said
    assert "-gpu" not in said
    asked = call("claims", "article-3", "--results", str(tmp_path), "--stack", "tf2.15-gpu").stdout
    assert "not measured on tf2.15-gpu" in asked


def test_options_of_run_have_help():
    import inspect

    for name, parameter in inspect.signature(run.run).parameters.items():
        (option,) = parameter.annotation.__metadata__
        assert option.help, name


def test_version(call):
    from nestbench import __version__

    assert call("--version").stdout == f"nestbench {__version__}\n"
