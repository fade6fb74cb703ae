"""Result files brought back from another machine."""

import json

import pytest
from store_stage import observation
from typer.testing import CliRunner

from nestbench.catalogue import load_catalogue
from nestbench.cli import app
from nestbench.digests import Digests, file_fingerprint, probe_digest, tree_fingerprint
from nestbench.errors import UsageError
from nestbench.frames import State, collect
from nestbench.run.workspace import Workspace
from nestbench.store import StackFacts, Store, codec, write_import
from nestbench.store.collecting import ContradictionError

CASE_FILE = """from nestprobe import case
@case(parameters=83)
def a_case(k):
    "Symptom."
    return k
"""


def brought(tmp_path, **changes):
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "page.py").write_text(CASE_FILE)
    catalogue = load_catalogue([folder], shipped=False)
    data = {
        "schema": 1,
        "stack": {
            "versions": {"python": "3.13.0", "tensorflow": "2.21.0", "keras": "3.12.0"},
            "flavour": "keras3",
        },
        "observations": [codec._data(observation())],
        "host": {"node": "elsewhere"},
    } | changes
    path = tmp_path / "result.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path, catalogue


def called(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_result_file_becomes_a_stack_of_its_own(tmp_path):
    path, catalogue = brought(tmp_path)
    store = Store(tmp_path / "results")
    name = write_import(store, path, catalogue).stack
    assert name == "here-tf2.21.0-keras3.12.0-py3.13"
    assert store.load(name, "a-case").observations == [observation()]
    assert store.load_stack(name).origin == "brought"
    assert "elsewhere" not in store.path(name, "_host").read_text()
    assert len(store.load_host(name).host["id"]) == 12
    # The sender could not say what it ran: the result is there, and not current.
    assert store.load(name, "a-case").digests.case == ""
    assert write_import(store, path, catalogue, "gpu-box").stack == "gpu-box"
    assert write_import(store, path, catalogue).stack == name  # again: the same


def test_what_contradicts_a_stored_cell_is_shown_and_nothing_is_written(tmp_path):
    path, catalogue = brought(tmp_path)
    file = catalogue.get("a-case").file
    store = Store(tmp_path / "results")
    name = write_import(store, path, catalogue).stack
    before = {one: one.read_bytes() for one in store.root.rglob("*.json")}
    data = json.loads(path.read_text())
    other = [codec._data(observation("another")), codec._data(observation(weights=3))]
    path.write_text(json.dumps(data | {"observations": other}))
    done = called("import", path, "--results", store.root, "--cases", file.parent)
    assert done.exit_code == 1
    assert f"a-case on {name}: phase called, phase cloned, phase trained" in done.stderr
    assert "--as NAME" in done.stderr
    assert {one: one.read_bytes() for one in store.root.rglob("*.json")} == before
    assert called("import", path, "--results", store.root, "--as", "other").exit_code == 0
    older = data["stack"] | {"versions": data["stack"]["versions"] | {"tensorflow": "2.20.0"}}
    path.write_text(json.dumps(data | {"stack": older}))
    with pytest.raises(ContradictionError, match="what was imported"):
        write_import(store, path, catalogue, name)


def test_a_stored_cell_that_is_not_current_makes_way_and_a_current_one_does_not(tmp_path):
    path, catalogue = brought(tmp_path)
    older = json.loads(path.read_text())
    file = catalogue.get("a-case").file
    sources = {"cases": {"a-case": file_fingerprint(file)}, "probe": tree_fingerprint()}
    newer = older | {"sources": sources, "observations": [codec._data(observation(weights=3))]}
    store = Store(tmp_path / "results")
    write_import(store, path, catalogue)
    path.write_text(json.dumps(newer))
    name = write_import(store, path, catalogue).stack
    assert store.load(name, "a-case").observations == [observation(weights=3)]
    path.write_text(json.dumps(older))
    with pytest.raises(ContradictionError, match=r"a-case on .*: other sources, phase called"):
        write_import(store, path, catalogue)
    path.write_text(json.dumps(older | {"observations": newer["observations"]}))
    write_import(store, path, catalogue)  # the same
    assert store.load(name, "a-case").digests.probe == probe_digest()


def test_how_many_older_cells_made_way_is_told(tmp_path):
    variants = [codec._data(observation()) | {"variant": {"kind": kind}} for kind in ("x", "y")]
    path, catalogue = brought(tmp_path, observations=variants)
    file = catalogue.get("a-case").file
    older = json.loads(path.read_text())
    words = ("import", path, "--results", tmp_path / "results", "--cases", file.parent)
    assert "Replaced" not in called(*words).stdout
    sources = {"cases": {"a-case": file_fingerprint(file)}, "probe": tree_fingerprint()}
    path.write_text(json.dumps(older | {"sources": sources, "observations": variants[:1]}))
    said = "Replaced: 2 cells measured with another version of the case, the lock or the probe."
    assert said in called(*words).stdout
    assert "Replaced" not in called(*words).stdout


def test_what_another_command_is_writing_is_not_written_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, catalogue = brought(tmp_path)
    store = Store(tmp_path / "results")
    name = write_import(store, path, catalogue).stack
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"observations": [codec._data(observation("another"))]}))
    before = {one: one.read_bytes() for one in store.root.rglob("*.json")}
    elsewhere = Workspace(root=tmp_path / "elsewhere")
    with elsewhere.lock(store.root, name, own_folder=True):
        done = called("import", path, "--results", store.root)
        assert (done.exit_code, "another run" in done.stderr) == (3, True)
        assert {one: one.read_bytes() for one in store.root.rglob("*.json")} == before
    assert called("import", path, "--results", store.root).exit_code == 0
    assert store.cases(name) == ["a-case", "another"]


def test_of_multi_backend_keras_2_the_probe_is_that_of_its_engine(tmp_path):
    versions = {"python": "3.7.16", "tensorflow": "2.1.0", "keras": "2.3.1"}
    path, catalogue = brought(tmp_path, stack={"versions": versions, "flavour": "keras2-package"})
    sources = {
        "cases": {"a-case": file_fingerprint(catalogue.get("a-case").file)},
        "probe": tree_fingerprint(),
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sources": sources}))
    store = Store(tmp_path / "results")
    name = write_import(store, path, catalogue).stack
    assert store.load(name, "a-case").digests.probe == probe_digest(engine="symbolic") != probe_digest()
    assert [one.state for one in collect(store, catalogue.cells([name]))] == [State.CURRENT]


def test_which_machine_a_cell_came_from_is_kept(tmp_path):
    store = Store(tmp_path / "results")
    ids = []
    for place, (node, *cases) in enumerate([("vm", "a", "b"), ("box", "c"), ("vm", "d"), ("third", "b")]):
        folder = tmp_path / str(place)
        folder.mkdir()
        observations = [codec._data(observation(case)) for case in cases]
        path, catalogue = brought(folder, observations=observations, host={"node": node, "platform": "Linux"})
        name = write_import(store, path, catalogue).stack
        ids.append(store.load_host(name).host["id"])
    vm, box, again, third = ids
    assert again == vm
    facts = store.load_host(name)
    assert facts.at == {"a": vm, "b": third, "c": box, "d": vm}
    assert {one: host["id"] for one, host in facts.others.items()} == {vm: vm, box: box}


def test_variants_that_come_in_several_files_lie_beside_each_other(tmp_path):
    store = Store(tmp_path / "results")
    for value in ("x", "y"):
        folder = tmp_path / value
        folder.mkdir()
        data = codec._data(observation()) | {"variant": {"kind": value}}
        path, catalogue = brought(folder, observations=[data])
        name = write_import(store, path, catalogue).stack
    assert [one.variant for one in store.load(name, "a-case").observations] == [{"kind": "x"}, {"kind": "y"}]


def test_a_file_that_tells_a_cell_twice_is_refused_and_nothing_of_it_is_stored(tmp_path):
    path, catalogue = brought(tmp_path, observations=[codec._data(observation())] * 2)
    store = Store(tmp_path / "results")
    with pytest.raises(UsageError, match="tells a cell of a-case twice"):
        write_import(store, path, catalogue)
    assert store.stacks() == []


def test_a_result_of_a_gpu_is_a_stack_beside_that_of_the_cpu(tmp_path):
    versions = {"python": "3.13.0", "tensorflow": "2.21.0"}
    path, catalogue = brought(tmp_path, stack={"versions": versions, "device": "gpu"})
    store = Store(tmp_path / "results")
    name = write_import(store, path, catalogue).stack
    assert name == "here-tf2.21.0-py3.13-gpu"
    assert store.load_stack(name).device == "gpu"


def test_a_result_of_the_same_sources_is_current(tmp_path):
    path, catalogue = brought(tmp_path)
    entry = catalogue.get("a-case")
    data = json.loads(path.read_text())
    data["sources"] = {
        "cases": {"a-case": file_fingerprint(entry.file)},
        "probe": tree_fingerprint(),
    }
    path.write_text(json.dumps(data))
    store = Store(tmp_path / "results")
    name = write_import(store, path, catalogue).stack
    digests = store.load(name, "a-case").digests
    assert digests == Digests(case=entry.digest, lock=store.load_stack(name).lock, probe=probe_digest())


def test_result_files_that_are_refused(tmp_path):
    path, catalogue = brought(tmp_path)
    store = Store(tmp_path / "results")
    with pytest.raises(UsageError, match="no such result file"):
        write_import(store, tmp_path / "absent.json", catalogue)
    store.save_stack(StackFacts(stack="tf2.15", versions={}))
    with pytest.raises(UsageError, match="already"):
        write_import(store, path, catalogue, "tf2.15")
    whole = path.read_text()
    path.write_text(whole[:-20])
    with pytest.raises(UsageError, match="no whole result file") as raised:
        write_import(store, path, catalogue)
    assert "elete" not in str(raised.value)
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    with pytest.raises(UsageError, match="no whole result file"):
        write_import(store, tmp_path / "picture", catalogue)
    path.write_text(json.dumps(json.loads(whole) | {"observations": []}))
    with pytest.raises(UsageError, match="no observations"):
        write_import(store, path, catalogue)
    path.write_text(json.dumps(json.loads(whole) | {"schema": 9}))
    with pytest.raises(UsageError, match="schema 9"):
        write_import(store, path, catalogue)
    path.write_text(json.dumps(json.loads(whole) | {"observations": [codec._data(observation("../up"))]}))
    with pytest.raises(UsageError, match="cannot name a case"):
        write_import(store, path, catalogue)
    assert not list(tmp_path.rglob("up*"))
    with pytest.raises(UsageError, match="cannot name a stack"):
        write_import(store, path, catalogue, "../up")
    assert store.stacks() == ["tf2.15"]
