"""``nestbench bench speed``: copies that are read as measured results are, and ratios as they are printed."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from nestbench.bench import isolation
from nestbench.bench.copies import make_copies
from nestbench.bench.isolation import Cost
from nestbench.bench.reading import Reading, Took, took
from nestbench.bench.speed import Run, Speed
from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.errors import GroundError, UsageError
from nestbench.frames import State, collect
from nestbench.matrix import load_matrix
from nestbench.run.orchestrate import Prepared
from nestbench.run.stored import lock_digests
from nestbench.store import Store

PUBLISHED = Store(Path(__file__).parents[3] / "results" / "published")
MATRIX = load_matrix()


@pytest.fixture
def little(tmp_path):
    """A store of two stacks and three cases of the published results."""
    for stack in ("tf2.15", "tf2.21"):
        (tmp_path / "little" / stack).mkdir(parents=True)
        for name in ("_stack", "list-of-layers", "article-example-2", "weights-file-set"):
            text = PUBLISHED.path(stack, name).read_text()
            (tmp_path / "little" / stack / f"{name}.json").write_text(text)
    return Store(tmp_path / "little")


def test_copies_are_current_and_observed_as_what_they_are_copies_of(little, tmp_path):
    copies = make_copies(little, MATRIX, tmp_path / "copies", stacks=3, cases=5)
    assert list(copies.stacks) == ["tf2.15", "tf2.21", "tf2.15-copy-2"]
    assert len(copies.catalogue) == 5
    store = Store(copies.results)
    results = collect(store, copies.catalogue.cells(copies.stacks), lock_digests(MATRIX))
    assert {result.state for result in results} == {State.CURRENT}
    assert {one.stack: one for one in map(store.load_stack, copies.stacks)}.keys() == set(copies.stacks)
    by_case = {entry.id: entry for entry in copies.catalogue}
    again = [name for name in by_case if "-copy-" in name]
    assert len(again) == 2
    for name in again:
        variants = [(one.values, one.parameters, one.trainable) for one in by_case[name].variants]
        original = load_catalogue().get(name.partition("-copy-")[0])
        assert variants == [(one.values, one.parameters, one.trainable) for one in original.variants]
        mine, theirs = (collected(results, "tf2.15", case) for case in (name, original.id))
        assert [one.judgements for one in mine] == [one.judgements for one in theirs]


def collected(results, stack, case):
    return [one for one in results if (one.cell.stack, one.cell.case.id) == (stack, case)]


def test_fewer_copies_are_spread_over_what_there_is(little, tmp_path):
    copies = make_copies(little, MATRIX, tmp_path / "copies", stacks=1, cases=2)
    assert (list(copies.stacks), copies.cases) == (["tf2.15"], None)
    assert len(list(copies.results.glob("*/[!_]*.json"))) == 2


def test_nothing_to_copy_is_told(tmp_path):
    with pytest.raises(UsageError, match="no results to be copied"):
        make_copies(Store(tmp_path / "none"), MATRIX, tmp_path / "copies", stacks=1, cases=1)


def test_a_command_that_fails_is_no_measurement(tmp_path):
    with pytest.raises(GroundError, match="ended with status 3") as raised:
        took(["table", "--results", str(tmp_path)])
    assert "There are no results" in raised.value.why


RUN = Run(
    stack="tf2.15", cells=100, warm=24.0, imported=4.0, inside=16.0, fresh=480.0, sample=10,
    few_cells=10, few=6.0,
)  # fmt: skip
PREPARED = Prepared(python=Path("python"), extra={"TF_USE_LEGACY_KERAS": "1"})
READING = Reading(
    stacks=60, cases=200, cells=21_000, table=Took(1.9, 170), compare=Took(0.9, 90), history=Took(0.8, 80),
    start=Took(0.6, 70), fewer_stacks=Took(0.73, 80), fewer_cases=Took(0.71, 80),
)  # fmt: skip


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """The command, where nothing is measured and these are the figures."""

    def call(*arguments, tox=96.0):
        speed = Speed(runs=[RUN], warm=32.0, workers=2, tox=tox)
        monkeypatch.setattr("nestbench.bench.speed.measure_speed", lambda *_, **__: speed)
        monkeypatch.setattr("nestbench.bench.reading.measure_reading", lambda *_, **__: READING)
        monkeypatch.setattr("nestbench.run.session.tox_prepare", lambda *_, **__: lambda *_: PREPARED)
        monkeypatch.chdir(tmp_path)
        return CliRunner().invoke(app, ["bench", "speed", *arguments])

    return call


def test_every_ratio_stands_beside_its_seconds(measured):
    said = measured()
    assert said.exit_code == 0, said.output
    lines = [line.split("  ") for line in said.stdout.splitlines()]
    text = "\n".join(" ".join(part for part in line if part) for line in lines)
    assert "warm run / floor" in text
    for figure in ("1.20", "20.0", "1.00", "3.0", "170 MB", "x 10.0", "x 11.8"):
        assert figure in text, figure


def test_data_has_the_ratios_and_what_they_are_held_against(measured):
    said = measured("--format", "json")
    assert said.exit_code == 0, said.output
    data = json.loads(said.stdout)
    (run,) = data["running"]["runs"]
    assert run["ratios"]["over_floor"] == {
        "value": 1.2,
        "least": None,
        "most": 1.3,
        "unit": "",
        "missed": False,
    }
    assert run["ratios"]["faster_than_fresh"]["value"] == 20
    assert data["running"]["ratios"]["faster_than_tox"]["value"] == 3
    reading = data["reading"]["ratios"]
    assert (reading["table_seconds"]["value"], reading["table_megabytes"]["most"]) == (1.9, 400)
    assert reading["growth_with_stacks"]["value"] == pytest.approx(10)


def test_an_aim_that_is_missed_is_an_exit_code(measured):
    said = measured(tox=33.0)
    assert said.exit_code == 1
    assert "at least 2: missed" in said.stdout
    assert measured("--format", "json", tox=33.0).exit_code == 1


@pytest.mark.parametrize(("fresh", "code"), [(480.0, 0), (100.0, 1)])
def test_isolation_has_the_same_aims(monkeypatch, tmp_path, measured, fresh, code):
    cost = Cost(
        stack="tf2.15", cells=100, warm=24.0, imported=4.0, inside=16.0, fresh=fresh, sample=10,
        warm_parallel=20.0, workers=2, inline=18.0, controller_megabytes=50.0,
    )  # fmt: skip
    measured("--only", "reading")  # stands where nothing is made
    monkeypatch.setattr("nestbench.bench.measure_isolation", lambda *_, **__: cost)
    for form in ("table", "json"):
        said = CliRunner().invoke(app, ["bench", "isolation", "tf2.15", "--format", form])
        assert said.exit_code == code, said.output
    assert json.loads(said.stdout)[0]["ratios"]["faster_than_fresh"]["missed"] is bool(code)


def test_what_was_not_measured_is_said_to_be_so(measured):
    assert "not measured" in measured("--only", "running", tox=None).stdout
    assert "tox is left out" in measured("--only", "running").stderr
    assert set(json.loads(measured("--only", "reading", "--format", "json").stdout)) == {"reading"}


def test_floor_and_fresh_processes_are_of_the_stacks_own_keras(monkeypatch, tmp_path):
    """A legacy stack without its variable would import the other Keras that is there."""
    given = []

    def observe(ground, cells, listener, *, stop):
        given.append(ground.environ)
        listener.ready(SimpleNamespace(import_seconds=1.0))
        for cell in cells:
            listener.done(cell, SimpleNamespace(case_seconds=0.1))

    def fresh(command, *, env, **_):
        given.append(env)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(isolation, "observe", observe)
    monkeypatch.setattr(isolation, "run_warm", lambda *_, **__: (2.0, 90.0))
    monkeypatch.setattr(isolation.subprocess, "run", fresh)
    catalogue = load_catalogue().select(["list-of-layers"])
    isolation.measure_isolation(
        "tf2.21-legacy", PREPARED, catalogue, envs=None, sample=1, say=lambda _text: None
    )
    assert [environ["TF_USE_LEGACY_KERAS"] for environ in given] == ["1"] * 3


def test_runs_are_not_measured_on_a_gpu(measured):
    said = measured("tf2.21-gpu")
    assert said.exit_code == 2
    assert "Name stacks on the CPU" in said.output
