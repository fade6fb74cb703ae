"""Bisect and attribute: the search, the mixtures, and what is refused before anything is made."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from nestbench.changes import Behaviour
from nestbench.changes.bisection import bisect
from nestbench.cli import app
from nestbench.errors import GroundError
from nestbench.matrix import Module, load_matrix
from nestbench.matrix.lines import lines
from nestbench.run import derived, mixing, session
from nestbench.run.derived import Answer, between
from nestbench.run.mixing import Part, Ruling, conclusion, mixtures, parts, rule, settled
from nestbench.run.session import How
from nestprobe.observation import Observation, Outcome, OutcomeKind

MATRIX = load_matrix()
OLD = Behaviour(call=("tracked",), build=("tracked",), facts={"count": "83"})
NEW = Behaviour(call=("uncounted",), build=("uncounted",), facts={"count": "33"})


@given(data=st.data(), length=st.integers(0, 40))
def test_the_change_is_found_whatever_cannot_be_made(data, length):
    change = data.draw(st.integers(0, length))
    untold = data.draw(st.sets(st.integers(0, 40)))
    asked = []

    def is_old(place):
        asked.append(place)
        return None if place in untold else place < change

    found = bisect(length, is_old)
    known = [place for place in range(length) if place not in untold]
    assert found.last_old == max((place for place in known if place < change), default=-1)
    assert found.first_new == min((place for place in known if place >= change), default=length)
    assert found.between == tuple(range(found.last_old + 1, found.first_new))
    assert len(asked) == len(set(asked))


def test_a_search_without_obstacles_is_binary():
    asked = []
    bisect(1000, lambda place: bool(asked.append(place)) or place < 700)
    assert len(asked) <= 10


def answer(behaviour, stack="tf2.15"):
    return Answer(stack=MATRIX.get(stack), behaviours={"case": behaviour} if behaviour else {})


def test_what_a_mixture_says():
    third = replace(OLD, call=("raises",))
    told = {
        name: rule(answer(mixed), answer(OLD), answer(NEW))
        for name, mixed in {"giver": NEW, "base": OLD, "third": third, "none": None}.items()
    }
    assert told == {
        "giver": Ruling.CARRIES, "base": Ruling.NOT_ALONE, "third": Ruling.ELSE, "none": Ruling.UNTOLD,
    }  # fmt: skip


def test_an_interrupt_ends_it_and_passes_no_stack_over(monkeypatch, tmp_path):
    asked = []

    def cut(plans, *_, **__):
        asked.append(plans)
        return session.Report(plans=(), results=(), left_out=(), interrupted=True)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(derived.session, "measure", cut)
    monkeypatch.setattr(derived, "availability", lambda *_, **__: None)
    done = CliRunner().invoke(app, ["bisect", "article-example-2", "--between", "tf2.13", "tf2.15"])
    assert done.exit_code == 3
    assert len(asked) == 1
    assert "passed over" not in done.output
    assert "The same command goes on from here: environments" in done.stderr


def test_conclusions():
    assert conclusion({Ruling.CARRIES}) == "carries the difference"
    assert "one side" in conclusion({Ruling.CARRIES, Ruling.UNTOLD})
    assert conclusion({Ruling.NOT_ALONE}) == "does not carry the difference"
    assert "one direction" in conclusion({Ruling.NOT_ALONE, Ruling.CARRIES})
    assert conclusion({Ruling.UNTOLD}) == "cannot be told"
    assert "not told apart" in conclusion({Ruling.ALONG})
    assert conclusion({Ruling.ALONG, Ruling.CARRIES}) == conclusion({Ruling.CARRIES, Ruling.UNTOLD})


def test_parts_of_two_stacks():
    get = MATRIX.get
    assert parts(get("tf2.15"), get("tf2.16")) == (Part.PYTHON, Part.BACKEND, Part.KERAS)
    assert parts(get("tf2.21"), get("tf2.21-legacy")) == (Part.KERAS,)
    assert parts(get("keras3.15-jax"), get("keras3.15-jax")) == ()
    assert parts(get("tf2.15"), get("tf2.15-gpu")) == (Part.BACKEND,)


def test_a_line_is_of_one_device_and_the_cpu_comes_first():
    every = lines(MATRIX.stacks)
    assert all(len({stack.device for stack in line.stacks}) == 1 for line in every)
    assert sum(len(line.stacks) for line in every) == len(MATRIX.stacks)
    assert [line.id for line in every if line.id.endswith("-gpu")] == [
        "tensorflow-gpu", "keras-jax-gpu", "keras-torch-gpu"
    ]  # fmt: skip
    assert every[0].stacks[0].id == "tf2.0"


def test_a_mixture_stays_on_its_device(tmp_path, monkeypatch):
    day = MATRIX.get("tf2.17").uploaded
    released = derived.Release(version="2.17.0", wheel="tf-keras", uploaded=day, pythons=())
    monkeypatch.setattr(mixing, "releases_of", lambda *_: (released,))
    found = list(mixtures(MATRIX.get("tf2.15"), MATRIX.get("tf2.17-gpu"), MATRIX, tmp_path / "stacks.toml"))
    for one in found:
        backend = one.giver if one.part is Part.BACKEND else one.base
        assert one.stack.device is backend.device, one
    swapped = next(one for one in found if one.part is Part.KERAS and one.base.id == "tf2.17-gpu")
    assert swapped.stack.requirements[:2] == ("tensorflow[and-cuda]==2.17.1", "tf-keras==2.17.0")
    assert swapped.stack.not_installed == ()


def test_releases_between_two_gpu_stacks_are_those_with_cuda(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(derived, "releases_of", lambda project, _: asked.append(project) or ())
    line = next(line for line in lines(MATRIX.stacks) if line.id == "tensorflow-gpu")
    between(line, line.stacks[0], line.stacks[1], MATRIX, tmp_path / "stacks.toml")
    assert asked == ["tensorflow"]


def test_keras_2_on_a_newer_tensorflow_is_its_tf_keras(tmp_path):
    found = list(mixtures(MATRIX.get("tf2.15"), MATRIX.get("tf2.21"), MATRIX, tmp_path / "stacks.toml"))
    swapped = next(one for one in found if one.part is Part.KERAS and one.base.id == "tf2.21")
    assert swapped.stack.id == "tf2.21-legacy"
    assert swapped.stack.module is Module.TF_KERAS_ATTRIBUTE
    assert "stands for Keras 2.15.0" in swapped.note
    mixed = next(one for one in found if one.part is Part.KERAS and one.base.id == "tf2.15")
    assert (mixed.stack.tensorflow, mixed.stack.keras) == ("2.15.1", "3.13.2")
    assert mixed.stack.matrix_file == tmp_path / "stacks.toml"


@pytest.mark.parametrize(
    "pair", [("tf2.15", "tf2.21"), ("tf2.15", "keras3.0"), ("tf2.20-legacy", "keras3.0")], ids="-".join
)
def test_a_backend_and_a_keras_leave_python_where_it_is(pair, tmp_path):
    """The rows that they come from have a Python of their own: that of tf2.16-legacy is of neither side."""
    found = list(mixtures(*map(MATRIX.get, pair), MATRIX, tmp_path / "stacks.toml"))
    assert not {one.stack.id for one in found} & set(pair)
    for one in found:
        assert one.stack.python == (one.giver if one.part is Part.PYTHON else one.base).python, one
        assert one.stack.matrix_file == tmp_path / "stacks.toml" or one.stack in MATRIX.stacks


def test_a_python_that_cannot_be_had_travels_along_and_is_not_told_apart(tmp_path, monkeypatch):
    file = tmp_path / "stacks.toml"
    every = mixtures(MATRIX.get("tf2.15"), MATRIX.get("tf2.21"), MATRIX, file)
    found = [one for one in every if one.part is Part.BACKEND]
    assert [one.stack.python for one in found] == ["3.11", "3.13"]

    def locked(stack, *_):
        if stack.python == "3.13":
            raise GroundError("cannot be resolved: no wheel")

    monkeypatch.setattr(mixing, "locked", locked)
    as_thought, with_python = (settled(one, file, print) for one in found)
    assert as_thought == found[0]
    assert (with_python.stack.python, with_python.along) == ("3.11", True)
    assert with_python.note == "Python 3.11 travels along"
    assert rule(answer(NEW), answer(OLD), answer(NEW), along=with_python.along) is Ruling.ALONG
    assert rule(answer(OLD), answer(OLD), answer(NEW), along=with_python.along) is Ruling.NOT_ALONE


def test_attribute_says_what_it_did_not_tell_apart(tmp_path, monkeypatch):
    def locked(stack, *_):
        if (stack.tensorflow, stack.python) == ("2.15.1", "3.13"):
            raise GroundError("cannot be resolved: no wheel")

    def ask(_, stack):
        behaviour = NEW if stack.tensorflow == "2.21.0" else OLD
        return Answer(stack=stack, behaviours={"case": behaviour})

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mixing, "locked", locked)
    monkeypatch.setattr(derived.Asker, "ask", ask)
    done = CliRunner().invoke(app, ["attribute", "article-example-2", "tf2.15", "tf2.21"])
    assert done.exit_code == 0, done.output
    assert "tf2.21 with the backend of tf2.15 (Python 3.11 travels along): case: tracked" in done.stdout
    assert "  so the backend and the Python that travels along carry the difference\n" in done.stdout
    assert "\nbackend: carries the difference (told from one side only)\n" in done.stdout
    assert "\nKeras: does not carry the difference\n" in done.stdout


def test_a_tf_keras_that_no_row_has_is_taken_from_the_index(tmp_path, monkeypatch):
    day = MATRIX.get("tf2.16").uploaded
    on_index = [
        derived.Release(version=version, wheel="tf-keras", uploaded=day, pythons=())
        for version in ("2.16.0", "2.17.0", "2.17.1", "2.18.0")
    ]
    monkeypatch.setattr(mixing, "releases_of", lambda project, oldest: tuple(on_index))
    rows = (row for row in MATRIX.stacks if not row.id.startswith("tf2.17-"))
    without = replace(MATRIX, stacks=tuple(rows))
    found = mixtures(MATRIX.get("tf2.15"), MATRIX.get("tf2.17"), without, tmp_path / "stacks.toml")
    swapped = next(one for one in found if one.part is Part.KERAS and one.base.id == "tf2.17")
    assert (swapped.stack.tensorflow, swapped.stack.keras) == ("2.17.1", "2.17.1")
    assert "tf-keras==2.17.1" in swapped.stack.requirements
    assert swapped.stack.environ == {"TF_USE_LEGACY_KERAS": "1"}


def test_keras_2_does_not_run_on_jax(tmp_path):
    found = mixtures(MATRIX.get("tf2.15"), MATRIX.get("keras3.15-jax"), MATRIX, tmp_path / "stacks.toml")
    told = [one for one in found if one.stack is None]
    assert told
    assert all("TensorFlow alone" in one.note for one in told)


def test_releases_in_between_are_rows_of_their_minor_at_their_own_date(tmp_path, monkeypatch):
    on_index = [
        derived.Release(version=version, wheel="keras", uploaded=MATRIX.get("keras3.9").uploaded, pythons=())
        for version in ("3.8.0", "3.9.0", "3.9.1", "3.9.2", "3.10.0", "3.11.0")
    ]
    monkeypatch.setattr(derived, "releases_of", lambda project, oldest: tuple(on_index))
    line = next(one for one in lines(MATRIX.stacks) if one.id == "keras")
    found = between(line, MATRIX.get("keras3.8"), MATRIX.get("keras3.10"), MATRIX, tmp_path / "stacks.toml")
    assert [line.version(stack) for stack in found] == ["3.9.0", "3.9.1", "3.9.2"]
    assert [stack.id for stack in found] == ["keras3.9-is-3.9.0", "keras3.9-is-3.9.1", "keras3.9"]
    assert all((stack.resolved - stack.uploaded).days == 14 for stack in found)
    assert "keras==3.9.1" in found[1].requirements


REFUSED = {
    "unknown case": (["bisect", "nothing", "--between", "tf2.1", "tf2.2"], "nothing"),
    "unknown stack": (["bisect", "list-of-layers", "--between", "tf2.1", "tf9.9"], "tf9.9"),
    "one stack twice": (["bisect", "list-of-layers", "--between", "tf2.1", "tf2.1"], "both ends"),
    "two lines": (["bisect", "list-of-layers", "--between", "tf2.1", "keras3.15"], "not on one line"),
    "unknown variant": (
        ["bisect", "list-of-layers", "--variant", "owner=x", "--between", "tf2.1", "tf2.2"], "has owner=x"),
    "attribute, one stack twice": (["attribute", "list-of-layers", "tf2.1", "tf2.1"], "twice"),
    "attribute, unknown stack": (["attribute", "list-of-layers", "tf2.1", "tf9.9"], "tf9.9"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED)
def test_wrong_usage_is_told_before_anything_is_made(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_cell_that_timed_out_is_given_more_time_once(monkeypatch):
    """A slow machine must not look like a behaviour; what hangs again is taken at its word."""
    hung = SimpleNamespace(
        cell=SimpleNamespace(label="one", variant=SimpleNamespace(label="")),
        observation=Observation("one", {}, Outcome(OutcomeKind.TIMED_OUT, "limit of 60 s")),
    )
    limits, said = [], []

    def run(_, __, how):
        limits.append((how.limits.seconds, how.again))
        return [hung], []

    monkeypatch.setattr(derived.Asker, "_run", run)
    monkeypatch.setattr(derived, "behaviour_of", lambda _: "timed out")
    asker = derived.Asker(
        workspace=None,
        catalogue=None,
        case=None,
        variants=frozenset([""]),
        how=How(workers=1),
        say=said.append,
    )
    answer = asker._measured(MATRIX.get("tf2.1"))
    assert limits == [(60, False), (300, True)]
    assert answer.behaviours == {"one": "timed out"}
    assert any("300 s" in one for one in said)

    def interrupted(_, __, how):
        return [hung], ["no space"] if how.again else []

    monkeypatch.setattr(derived.Asker, "_run", interrupted)
    answer = asker._measured(MATRIX.get("tf2.1"))  # the first try is still there, and was perhaps only slow
    assert (answer.behaviours, answer.why) == ({}, "no space")
